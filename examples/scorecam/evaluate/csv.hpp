#pragma once
// Comma-separated values by RFC 4180.
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

struct csv_record {
    std::size_t line = 0;  ///< that it begins on, from 1
    std::string text;      ///< as it stands there
    std::vector<std::string> fields;
};

/// All records but empty lines. Fields may be in quotes, with commas, ends of lines and doubled quotes in them; a byte order
/// mark is no part of the first one. Throws scorecam::option_error that begins with the line.
[[nodiscard]] std::vector<csv_record> read_csv(std::string_view text);

}  // namespace cli
