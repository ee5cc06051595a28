#pragma once
// A way to make a map in one text: "official,channels=deviation:64".
#include <string>

#include "maps/options.hpp"

namespace cli {

/// The options with the convention that the text names first, and the steps, budget= or tolerance= chosen beside it.
/// Throws scorecam::option_error with what may be written instead.
[[nodiscard]] explain_options composed(explain_options const& options, std::string const& text);

}  // namespace cli
