#pragma once
// What was found out so far: a file with one line of JSON for each picture, that outlives whatever ends the program.
#include <filesystem>
#include <map>
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
    /// scorecam::option_error if that one has another header or a line that is none, scorecam::error if it cannot be written
    /// or is being written.
    journal(std::filesystem::path file, nlohmann::ordered_json const& header);
    ~journal();
    journal(journal const&)            = delete;
    journal& operator=(journal const&) = delete;

    /// Whether a row is done; one that failed is not.
    [[nodiscard]] bool has(scorecam::index_t row) const;
    /// The last line of each row that has one.
    [[nodiscard]] std::map<scorecam::index_t, nlohmann::ordered_json> const& lines() const { return lines_; }
    [[nodiscard]] std::filesystem::path const& file() const { return file_; }

    /// Adds a line, unless the row failed before with the same; it is on the disk when this returns. Throws scorecam::error.
    void add(nlohmann::ordered_json const& line);

private:
    void write(std::string const& line);

    std::filesystem::path file_;
    int descriptor_;
    std::map<scorecam::index_t, nlohmann::ordered_json> lines_;
};

/// All the lines of one evaluation.
struct evaluation {
    nlohmann::ordered_json header;
    std::map<scorecam::index_t, nlohmann::ordered_json> rows;
};

/// A line as it is read again: what is no UTF-8 is replaced.
[[nodiscard]] nlohmann::ordered_json normal(nlohmann::ordered_json const& line);

/// The journals of one evaluation, in any order. Throws scorecam::option_error with the file and the line of what is no line
/// of a journal, or unless they have the same header, every row is in exactly one of them, and rows of one picture were made
/// from the same file.
[[nodiscard]] evaluation read_journals(std::vector<std::filesystem::path> const& files);

}  // namespace cli
