#pragma once
// The explainer that --budget or --tolerance asks for.
#include "maps/chosen_explainer.hpp"

namespace cli {

[[nodiscard]] image_explainer budgeted_explainer(scorecam::cpu::backend& on, network& explained_network,
                                                 explain_options const& options, progress told);

}  // namespace cli
