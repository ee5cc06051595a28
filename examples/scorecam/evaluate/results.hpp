#pragma once
// What all the pictures say together. A function of the journal alone, whoever wrote its lines and in which order.
#include <filesystem>
#include <ostream>

#include <nlohmann/json.hpp>

#include "journal.hpp"

namespace cli {

/// Everything as JSON: the header, the failed pictures, the table and the mean curves. A line of the table is a number of a
/// way: its mean over the pictures with its bootstrap interval, `n` pictures in it, `undefined` ones with the reasons, and
/// the mean of its differences from the way's control, picture by picture: `better` or `worse` if their interval is on one
/// side of 0, else `no clear difference`.
[[nodiscard]] nlohmann::ordered_json results_of(evaluation const& all);

void print_table(std::ostream& to, nlohmann::ordered_json const& results);
void write_csv(std::ostream& to, nlohmann::ordered_json const& results);
void write_markdown(std::ostream& to, nlohmann::ordered_json const& results);

/// Writes results.json, results.csv, results.md and, if there are curves, curves.png. Throws scorecam::error.
void write_results(std::filesystem::path const& folder, nlohmann::ordered_json const& results);

}  // namespace cli
