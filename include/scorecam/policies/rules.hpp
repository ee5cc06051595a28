#pragma once
// How masks and maps are made: the rules of ops/ as policies.
#include <type_traits>

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

template <>
struct choice<kinds::masking> {
    using standard = mask_rule;
    template <class P, class T>
    static consteval void check()
    {
        static_assert(std::is_convertible_v<P const&, mask_rule>,
                      "scorecam: a masking policy is convertible to scorecam::mask_rule");
    }
};
template <>
struct choice<kinds::heatmap> {
    using standard = heatmap_rule;
    template <class P, class T>
    static consteval void check()
    {
        static_assert(std::is_convertible_v<P const&, heatmap_rule>,
                      "scorecam: a heatmap policy is convertible to scorecam::heatmap_rule");
    }
};
template <>
struct choice<kinds::summand> {
    using standard = summand;
    template <class P, class T>
    static consteval void check()
    {
        static_assert(std::is_convertible_v<P const&, summand>,
                      "scorecam: a policy for what is summed is convertible to scorecam::summand");
    }
};

}  // namespace scorecam
