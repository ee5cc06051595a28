#pragma once
// All kinds of policies. What is in force when none is given is the authors' code, haofanwang/Score-CAM.
#include <type_traits>

#include <scorecam/policies/baseline.hpp>
#include <scorecam/policies/batching.hpp>
#include <scorecam/policies/channels.hpp>
#include <scorecam/policies/concurrency.hpp>
#include <scorecam/policies/estimate.hpp>
#include <scorecam/policies/hiding.hpp>
#include <scorecam/policies/kinds.hpp>
#include <scorecam/policies/masks.hpp>
#include <scorecam/policies/progress.hpp>
#include <scorecam/policies/rules.hpp>
#include <scorecam/policies/score.hpp>
#include <scorecam/policies/target.hpp>
#include <scorecam/policies/weighting.hpp>

namespace scorecam {

namespace detail {

template <class... Kinds>
struct kind_list {
    /// f(Kind{}) for each.
    template <class F>
    static constexpr void for_each(F&& f)
    {
        (f(Kinds{}), ...);
    }
    template <class Kind>
    static constexpr bool has = (std::is_same_v<Kind, Kinds> || ...);
};

/// The one list: what is not in it is no policy. A convention stands for several.
using all_kinds =
    kind_list<kinds::target, kinds::score, kinds::masks, kinds::grouping, kinds::channels, kinds::unscored, kinds::flat,
              kinds::masking, kinds::place, kinds::background, kinds::baseline, kinds::weighting, kinds::estimate,
              kinds::summand, kinds::heatmap, kinds::batching, kinds::concurrency, kinds::progress, kinds::stop>;

}  // namespace detail

template <class P>
concept policy = detail::all_kinds::has<kind_of<P>> || std::is_same_v<kind_of<P>, kinds::convention>;

/// A convention is composed of policies.
template <class C>
concept composition_of_policies = requires(C const c) { c.policies(); };

/// Says in words what a policy, or an alternative of a variant of policies, misses to be one of its kind for element type T.
template <class P, class T>
[[nodiscard]] consteval bool check_policy()
{
    detail::every_alternative<P>::holds([]<class A>(std::type_identity<A>) {
        using kind = kind_of<A>;
        if constexpr (std::is_same_v<kind, kinds::convention>) {
            static_assert(composition_of_policies<A>,
                          "scorecam: a convention has policies() const that returns composed{...} of policies");
        } else if constexpr (detail::all_kinds::has<kind>) {
            choice<kind>::template check<A, T>();
        }
        return true;
    });
    return true;
}

}  // namespace scorecam
