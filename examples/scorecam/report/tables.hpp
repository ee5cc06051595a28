#pragma once
// The results of an evaluation, for people and for other programs. All take what results_of() returns.
#include <filesystem>
#include <iosfwd>

#include <nlohmann/json.hpp>

namespace cli {

void print_table(std::ostream& to, nlohmann::ordered_json const& results);
void write_csv(std::ostream& to, nlohmann::ordered_json const& results);
void write_markdown(std::ostream& to, nlohmann::ordered_json const& results);

/// Writes results.json, results.csv, results.md and, if there are curves, curves.png. Throws scorecam::error.
void write_results(std::filesystem::path const& folder, nlohmann::ordered_json const& results);

}  // namespace cli
