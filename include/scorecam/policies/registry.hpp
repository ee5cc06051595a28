#pragma once
// All kinds of policies with what is in force when none is given: the authors' code, haofanwang/Score-CAM.
#include <concepts>
#include <tuple>
#include <type_traits>
#include <utility>

#include <scorecam/policies/baseline.hpp>
#include <scorecam/policies/batching.hpp>
#include <scorecam/policies/concurrency.hpp>
#include <scorecam/policies/channels.hpp>
#include <scorecam/policies/rules.hpp>
#include <scorecam/policies/kinds.hpp>
#include <scorecam/policies/progress.hpp>
#include <scorecam/policies/score.hpp>
#include <scorecam/policies/target.hpp>
#include <scorecam/policies/weighting.hpp>

namespace scorecam {

namespace detail {

/// What the convention among the policies is composed of; nothing if there is none.
template <class Given>
[[nodiscard]] auto composition_in(Given& given)
{
    if constexpr (requires { policy_in_force<kinds::convention>(given); }) {
        return policy_in_force<kinds::convention>(given).policies();
    } else {
        return std::tuple<>{};
    }
}

/// The policy of the kind of `Default`: the one given, or that of the convention given, or the default.
template <class Default, class Given, class Composition>
[[nodiscard]] auto chosen_or(Given& given, Composition& composed)
{
    using kind = kind_of<Default>;
    if constexpr (requires { policy_in_force<kind>(given); }) {
        return std::move(policy_in_force<kind>(given));
    } else if constexpr (requires { policy_in_force<kind>(composed); }) {
        return std::move(policy_in_force<kind>(composed));
    } else {
        return Default{};
    }
}

template <class... Defaults>
struct defaults {
    /// One policy of every kind.
    template <class... Policies>
    [[nodiscard]] static auto completed(Policies... policies)
    {
        policy_set<Policies...> given{{std::move(policies)}...};
        auto composed = composition_in(given);
        return policy_set<decltype(chosen_or<Defaults>(given, composed))...>{{chosen_or<Defaults>(given, composed)}...};
    }
};

using default_policies =
    defaults<top, probability, no_baseline, background<black>, raw_weights, flat_channels, all_channels, unscored_channels,
             no_groups, mask_rule, summand, heatmap_rule, preferred_batch, callers, silent, never_stop>;

/// One policy of every kind: the first that is there of those given, those of a convention among them, and the defaults.
template <class... Policies>
[[nodiscard]] auto with_defaults(Policies... given)
{
    return default_policies::completed(std::move(given)...);
}

}  // namespace detail

/// A baseline or background whose picture, or every alternative of it, says whether it is made per image.
template <class A>
concept holds_picture = requires(A a) { a.picture; } &&
                        detail::every_alternative<std::remove_cvref_t<decltype(std::declval<A&>().picture)>>::holds(
                            []<class P>(std::type_identity<P>) {
                                return requires {
                                    { P::per_image } -> std::convertible_to<bool>;
                                };
                            });

/// Says in words what a policy misses to be one of its kind, for element type T; true if nothing.
template <class P, class T>
[[nodiscard]] consteval bool check_policy()
{
    using kind  = kind_of<P>;
    using every = detail::every_alternative<P>;
    if constexpr (std::is_same_v<kind, kinds::score>) {
        static_assert(every::holds([]<class A>(std::type_identity<A>) { return score<A, T>; }),
                      "scorecam: a score is called with a row of outputs and returns what is called with a class: "
                      "score(scorecam::ops::row<T>)(c) -> T; scorecam::score_by makes one of a function (row, c)");
    } else if constexpr (std::is_same_v<kind, kinds::weighting>) {
        static_assert(
            every::holds([]<class A>(std::type_identity<A>) { return weighting<A, T>; }),
            "scorecam: a weighting is called with scorecam::ops::contributions<T> and returns what is called with a "
            "channel: weighting(row)(k) -> T; it has static constexpr bool shift_invariant");
    } else if constexpr (std::is_same_v<kind, kinds::baseline> || std::is_same_v<kind, kinds::background>) {
        static_assert(
            every::holds([]<class A>(std::type_identity<A>) { return std::is_same_v<A, no_baseline> || holds_picture<A>; }),
            "scorecam: a baseline and a background hold a picture: black{}, constant{0.5}, mean{}, blurred{}, noise{}, "
            "given{view}, or a type with per_image and paint(backend, images, out)");
    } else if constexpr (std::is_same_v<kind, kinds::flat>) {
        static_assert(
            every::holds([]<class A>(std::type_identity<A>) { return std::is_convertible_v<A const&, flat_channels>; }),
            "scorecam: a policy for flat channels is convertible to scorecam::flat_channels");
    } else if constexpr (std::is_same_v<kind, kinds::batching>) {
        static_assert(
            every::holds([]<class A>(std::type_identity<A>) { return batching<A>; }),
            "scorecam: a batching strategy has next(scorecam::batch_request) that returns the size of the next batch");
    } else if constexpr (std::is_same_v<kind, kinds::target>) {
        static_assert(
            every::holds([]<class A>(std::type_identity<A>) { return std::is_same_v<A, top> || lists_targets<A>; }),
            "scorecam: a target has list(images, classes) that returns a scorecam::tensor<scorecam::index_t, 2>");
    } else if constexpr (std::is_same_v<kind, kinds::masking>) {
        static_assert(
            every::holds([]<class A>(std::type_identity<A>) { return std::is_convertible_v<A const&, mask_rule>; }),
            "scorecam: a masking policy is convertible to scorecam::mask_rule");
    } else if constexpr (std::is_same_v<kind, kinds::heatmap>) {
        static_assert(
            every::holds([]<class A>(std::type_identity<A>) { return std::is_convertible_v<A const&, heatmap_rule>; }),
            "scorecam: a heatmap policy is convertible to scorecam::heatmap_rule");
    } else if constexpr (std::is_same_v<kind, kinds::channels>) {
        static_assert(every::holds([]<class A>(std::type_identity<A>) {
                          return std::is_same_v<A, all_channels> || channel_choice<A, T>;
                      }),
                      "scorecam: a choice of channels has choose(view of scorecam::ops::moments<T>) const that returns a "
                      "std::vector<bool>");
    } else if constexpr (std::is_same_v<kind, kinds::progress>) {
        static_assert(
            every::holds([]<class A>(std::type_identity<A>) { return requires(A a, index_t n) { a.report(n, n); }; }),
            "scorecam: a progress policy has report(done, total)");
    } else if constexpr (std::is_same_v<kind, kinds::stop>) {
        static_assert(every::holds([]<class A>(std::type_identity<A>) {
                          return requires(A const a) {
                              { a.requested() } -> std::convertible_to<bool>;
                          };
                      }),
                      "scorecam: a stop policy has requested() const that returns a bool");
    }
    return true;
}

}  // namespace scorecam
