#pragma once
// Names of classes, from a file with one name a line.
#include <filesystem>
#include <string>
#include <vector>

#include <scorecam/tensor_view.hpp>

namespace cli {

class labels {
public:
    labels() = default;
    /// Name i, one a line, is that of class i; a WordNet id ("n02123045 tabby, ...") in front is another name of it. Empty
    /// lines and those that begin with # do not count, nor does how lines end. Throws scorecam::error.
    explicit labels(std::filesystem::path const& file);

    /// What one should know if there are not as many names as classes; else nothing.
    [[nodiscard]] std::string misfit(scorecam::index_t classes) const;

    [[nodiscard]] std::size_t count() const { return names_.size(); }

    /// The name of a class, or "class 7" where it has none.
    [[nodiscard]] std::string of(scorecam::index_t target) const;

    /// The class of a name: just as it stands there, or else in any case, or else up to its first comma. Throws
    /// scorecam::target_error if there is none, or several.
    [[nodiscard]] scorecam::index_t find(std::string const& name) const;

private:
    std::vector<std::string> names_;
    std::vector<std::string> ids_;  // of WordNet; empty where there is none
    std::string file_;
};

}  // namespace cli
