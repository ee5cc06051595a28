#pragma once
// What is read from a network's outputs where the command line leaves it open.
#include <string>

#include "maps/network.hpp"
#include "maps/options.hpp"

namespace cli {

/// The options with the score that fits the network's outputs: where a convention reads a softmax, outputs that are
/// probabilities already are taken as they are, and so is one output alone, of which a softmax is always 1. What was chosen
/// stays.
[[nodiscard]] explain_options with_score_for(engine const& on, explain_options options);
/// The same of a score by its name, of which "auto" is one.
[[nodiscard]] score score_for(engine const& on, std::string const& name);

/// What one should know of that; nothing, if all is as it is usual.
[[nodiscard]] std::string score_note(engine const& on, explain_options const& options);

/// Whether scores are neither probabilities nor logits of several classes: one value, of a regression maybe.
[[nodiscard]] bool is_plain_value(engine const& on, score const& used);

/// What is said of a class: its probability in the sense of the score, or the value itself.
[[nodiscard]] float said_of(engine const& on, score const& used, sc::tensor_view<float const, 1> outputs,
                            sc::index_t number);

}  // namespace cli
