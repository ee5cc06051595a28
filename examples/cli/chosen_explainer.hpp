#pragma once
// The explainer that the command line describes.
#include <utility>

#include <scorecam/cpu/backend.hpp>
#include <scorecam/layers.hpp>

#include "network.hpp"
#include "options.hpp"

namespace cli {

template <class Progress>
using chosen_explainer_type =
    scorecam::layers_explainer<scorecam::cpu::backend, network, target, grouping, channels, scorecam::unscored_channels,
                               scorecam::flat_channels, scorecam::mask_rule, scorecam::background<picture>, score, baseline,
                               weighting, scorecam::summand, scorecam::heatmap_rule, batching, scorecam::callers, Progress>;

/// The options outlive the explainer: a picture given with image:FILE lies in them.
template <class Progress>
[[nodiscard]] chosen_explainer_type<Progress> chosen_explainer(scorecam::cpu::backend& on, network& explained,
                                                               explain_options const& options, labels const& names,
                                                               Progress progress)
{
    return chosen_explainer_type<Progress>{on,
                                           explained,
                                           options.fusion(),
                                           options.target_policy(names),
                                           options.grouping_policy(),
                                           options.channels_policy(),
                                           options.unscored_policy(),
                                           options.flat_policy(),
                                           options.mask_policy(),
                                           options.background_policy(),
                                           options.score_policy(),
                                           options.baseline_policy(),
                                           options.weighting_policy(),
                                           options.summand_policy(),
                                           options.heatmap_policy(),
                                           options.batching_policy(),
                                           scorecam::callers{options.callers},
                                           std::move(progress)};
}

}  // namespace cli
