#pragma once
// The policies that the command line describes.
#include <tuple>
#include <utility>

#include "maps/chosen_explainer.hpp"

namespace cli {

inline auto policies_of(explain_options const& options, labels const& names, progress told)
{
    return std::tuple{options.target_policy(names),
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
                      scorecam::callers{options.concurrency},
                      scorecam::on_progress{std::move(told)}};
}

}  // namespace cli
