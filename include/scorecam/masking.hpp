#pragma once
// How masks and maps are made: the rules of ops/ as policies.
#include <scorecam/ops/heatmap.hpp>
#include <scorecam/ops/masking.hpp>
#include <scorecam/policy.hpp>

namespace scorecam {

using ops::axis_rule;
using ops::extrema_of;
using ops::heatmap_rule;
using ops::mask_rule;
using ops::scaling;

template <>
struct policy_kind<mask_rule> {
    using type = kinds::masking;
};
template <>
struct policy_kind<heatmap_rule> {
    using type = kinds::heatmap;
};

}  // namespace scorecam
