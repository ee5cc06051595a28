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
    /// Line i names class i; a WordNet id ("n02123045 tabby, ...") in front is dropped. Throws scorecam::error.
    explicit labels(std::filesystem::path const& file);

    /// The name of a class, or "class 7" where it has none.
    [[nodiscard]] std::string of(scorecam::index_t target) const;

    /// The class of a name, in full or up to its first comma, whatever the case. Throws scorecam::target_error.
    [[nodiscard]] scorecam::index_t find(std::string const& name) const;

private:
    std::vector<std::string> names_;
};

}  // namespace cli
