#pragma once
// What all the pictures say together. A function of the journal alone, whoever wrote its lines and in which order.
#include <nlohmann/json.hpp>

#include "evaluate/journal.hpp"

namespace cli {

/// Everything as JSON: the header, the failed pictures, the table and the mean curves. A line of the table is a number of a
/// configuration: its mean over the pictures with its bootstrap interval, `n` pictures in it, `undefined` ones with the
/// reasons, and the mean of its differences from the configuration's control, picture by picture: `better` or `worse` if
/// their interval is on one side of 0, else `no clear difference`.
[[nodiscard]] nlohmann::ordered_json results_of(evaluation const& all);

}  // namespace cli
