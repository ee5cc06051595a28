#pragma once
// All kinds of policies with what is in force when none is given: the authors' code, haofanwang/Score-CAM.
#include <tuple>

#include <scorecam/baseline.hpp>
#include <scorecam/batching.hpp>
#include <scorecam/masking.hpp>
#include <scorecam/policy.hpp>
#include <scorecam/progress.hpp>
#include <scorecam/score.hpp>
#include <scorecam/target.hpp>
#include <scorecam/weighting.hpp>

namespace scorecam {

using default_policies = std::tuple<top, probability, no_baseline, background<black>, raw_weights, flat_channels, mask_rule,
                                    heatmap_rule, preferred_batch, silent, never_stop>;

}  // namespace scorecam
