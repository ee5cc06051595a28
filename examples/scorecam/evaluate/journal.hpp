#pragma once
// What was found out so far: a file with one line of JSON for each picture, that outlives whatever ends the program.
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <scorecam/tensor_view.hpp>

namespace cli {

/// The journal of one run, written by one process at a time. Its first line, the header, has everything that changes
/// numbers.
class journal {
public:
    /// Begins a journal, or goes on with the one that is there, less a last line without an end. Throws
    /// scorecam::option_error if that one has another header, scorecam::error if it cannot be written or is being written.
    journal(std::filesystem::path file, nlohmann::ordered_json const& header);
    ~journal();
    journal(journal const&)            = delete;
    journal& operator=(journal const&) = delete;

    [[nodiscard]] std::set<scorecam::index_t> const& rows() const { return rows_; }
    [[nodiscard]] std::filesystem::path const& file() const { return file_; }

    /// Adds a line; it is on the disk when this returns. Throws scorecam::error.
    void add(nlohmann::ordered_json const& line);

private:
    void write(std::string const& line);

    std::filesystem::path file_;
    int descriptor_;
    std::set<scorecam::index_t> rows_;
};

/// All the lines of one evaluation.
struct evaluation {
    nlohmann::ordered_json header;
    std::map<scorecam::index_t, nlohmann::ordered_json> rows;
};

/// The journals of one evaluation, in any order. Throws scorecam::option_error unless they have the same header and every
/// row is in exactly one of them.
[[nodiscard]] evaluation read_journals(std::vector<std::filesystem::path> const& files);

}  // namespace cli
