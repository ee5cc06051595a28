#pragma once
// Random numbers that depend on a seed and a position alone.
#include <scorecam/ops/normal_draws.hpp>

namespace scorecam::budget {

using ops::normal_draws;

}  // namespace scorecam::budget
