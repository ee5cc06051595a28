#pragma once
// How masks and maps are made: the rules of ops/ as policies.
#include <scorecam/ops/heatmap.hpp>
#include <scorecam/ops/masking.hpp>
#include <scorecam/policies/kinds.hpp>

namespace scorecam {

using ops::axis_rule;
using ops::extrema_of;
using ops::heatmap_rule;
using ops::mask_rule;
using ops::scaling;
using ops::step_at;

template <>
struct policy_kind<mask_rule> {
    using type = kinds::masking;
};
template <>
struct policy_kind<heatmap_rule> {
    using type = kinds::heatmap;
};

/// What is summed: Σ_k w_k A_k or Σ_k w_k s(A_k), normalised as the mask_rule says.
enum class summand { activations, masks };
template <>
struct policy_kind<summand> {
    using type = kinds::summand;
};

}  // namespace scorecam
