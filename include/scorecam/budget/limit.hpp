#pragma once
// How much an explanation may cost.
#include <variant>

#include <scorecam/tensor_view.hpp>

namespace scorecam::budget {

/// How the channels to score are chosen.
enum class probes {
    by_acquisition,  ///< 16 at a time, each time those that can still change the map most
    non_adaptive     ///< all at once, before any score is seen: nothing waits between batches, which suits a GPU
};

/// So many channels are scored; the scores of the others are imputed.
struct forwards {
    index_t number        = 64;
    budget::probes chosen = budget::probes::by_acquisition;
};

/// As many channels as it takes until the predicted error of every map is at most this, in units of the map's range.
struct tolerance {
    double error = 0.05;
};

/// All channels: Score-CAM itself.
struct exact {};

using limit = std::variant<forwards, tolerance, exact>;

}  // namespace scorecam::budget
