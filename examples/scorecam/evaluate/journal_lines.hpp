#pragma once
// What a line of a journal has to have. A journal may come from anywhere, and may have been cut, edited or made up.
#include <string_view>

#include <nlohmann/json.hpp>

namespace cli {

/// A header: what the run was made from, its columns and its configurations. Throws scorecam::option_error that says what is
/// missing or wrong.
[[nodiscard]] nlohmann::ordered_json header_from(std::string_view line);

/// The line of a picture in the journal with this header, which header_from() gave. Throws scorecam::option_error.
[[nodiscard]] nlohmann::ordered_json row_from(std::string_view line, nlohmann::ordered_json const& header);

}  // namespace cli
