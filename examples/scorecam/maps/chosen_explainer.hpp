#pragma once
// The explainer that the command line describes.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <scorecam/cpu/backend.hpp>
#include <scorecam/explain_layers.hpp>

#include "maps/network.hpp"
#include "maps/options.hpp"
#include "maps/questions.hpp"

namespace cli {

/// What --budget and --tolerance add to an explanation.
struct estimate {
    std::vector<float> predicted_error;  ///< of each target's map
    std::vector<float> certified_error;
    scorecam::index_t scored_channels = 0;
    bool is_exact                     = false;
};

struct explained : scorecam::layered_explanation<float> {
    std::optional<cli::estimate> estimate;
};

/// Explains one picture after the other, each for its own target, and keeps its memory and what its batches have learnt.
using image_explainer = std::function<explained(scorecam::tensor_view<float const, 3>, target const&)>;
using progress        = std::function<void(scorecam::index_t done, scorecam::index_t total)>;

/// The maps of all questions about one picture.
[[nodiscard]] explained explain_answers(scorecam::cpu::backend& on, network& explained_network,
                                        explain_options const& options, scorecam::tensor_view<float const, 3> image,
                                        answer_score const& asked, progress told);

/// The network and the backend outlive the explainer.
[[nodiscard]] image_explainer chosen_explainer(scorecam::cpu::backend& on, network& explained_network,
                                               explain_options const& options, progress told = {});

}  // namespace cli
