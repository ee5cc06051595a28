#pragma once
// A case's first map, made by a process of its own: what it shows, how far it is from another, and what it takes in memory.
#include <nlohmann/json.hpp>

#include <scorecam/tensor.hpp>

#include "commands/commands.hpp"
#include "maps/labels.hpp"

namespace cli {

/// (C, H, W) of the picture that `scorecam bench` explains: the one given, or for want of one a drawn one, the same for the
/// same size.
[[nodiscard]] scorecam::tensor<float, 3> picture_of(bench_options const& options);

/// The map and its facts: engine, layer, channels, targets, height, width, maps, status, forwards, batches, batch_size,
/// peak_bytes (held by the library), process_bytes (how much the process had grown at most since before it opened the
/// network, or null), and of a budget scored_channels, exact, predicted_error and certified_error, the largest of any
/// target. To be called by a fresh process; see subprocess.hpp.
[[nodiscard]] nlohmann::ordered_json first_map(bench_options const& bench, explain_options const& options,
                                               labels const& names);

/// How far the maps of `a` are from those of `b`; of several targets' maps, what none exceeds. The rank correlation is NaN
/// if one of them is constant.
[[nodiscard]] nlohmann::ordered_json distance(nlohmann::ordered_json const& a, nlohmann::ordered_json const& b);

}  // namespace cli
