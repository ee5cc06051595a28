#pragma once
// Policies: small objects given after the image, in any order, that choose one step of the algorithm each.
#include <cstddef>
#include <type_traits>
#include <utility>
#include <variant>

namespace scorecam {

/// What can be chosen. A policy says what it is a choice of: `using kind = scorecam::kinds::score;`.
namespace kinds {
struct target {};       // which questions are asked: classes, as a rule
struct score {};        // f: what is read from a row of outputs
struct masks {};        // where masks come from: the activations, or elsewhere
struct place {};        // what masks are put on: the input, or the activations
struct estimate {};     // how the map is made of masks and weights
struct baseline {};     // X_b of Eq. 1
struct background {};   // what a mask lets through where it is 0
struct weighting {};    // from C(A_k) to w_k
struct masking {};      // from A_k to H_k
struct heatmap {};      // from Σ w_k A_k to the map
struct flat {};         // what a channel without contrast does
struct channels {};     // which channels are scored
struct unscored {};     // what the others do
struct grouping {};     // channels summed before they are masks
struct summand {};      // what is summed: A_k or H_k
struct convention {};   // all of the above at once
struct batching {};     // how many masked images go through the model at once
struct concurrency {};  // how many threads call the model
struct progress {};     // who is told how far it got
struct stop {};         // who may stop it
}  // namespace kinds

/// The kind of a policy. A std::variant of policies of one kind is a policy: that is how a choice is made at run time.
template <class P>
struct policy_kind {
    using type = void;
};
template <class P>
    requires requires { typename P::kind; }
struct policy_kind<P> {
    using type = typename P::kind;
};
template <class First, class... Rest>
    requires(std::is_same_v<typename policy_kind<First>::type, typename policy_kind<Rest>::type> && ...)
struct policy_kind<std::variant<First, Rest...>> {
    using type = typename policy_kind<First>::type;
};
template <class P>
using kind_of = typename policy_kind<std::remove_cvref_t<P>>::type;

namespace detail {

template <class T, class... Ts>
concept one_of = (std::is_same_v<T, Ts> || ...);

/// Whether something holds for a policy, or for every alternative of a variant of policies.
template <class P>
struct every_alternative {
    template <class Test>
    static consteval bool holds(Test test)
    {
        return test(std::type_identity<P>{});
    }
};
template <class... P>
struct every_alternative<std::variant<P...>> {
    template <class Test>
    static consteval bool holds(Test test)
    {
        return (test(std::type_identity<P>{}) && ...);
    }
};

}  // namespace detail

/// What there is to know of a kind: `standard`, the policy in force where none is given, and `check<P, T>()`, which refuses
/// in words, at compile time, what is none of that kind for element type T. Each kind's file has its own; registry.hpp lists
/// all.
template <class Kind>
struct choice;

/// Calls f with the policy, or with the alternative that a variant holds.
template <class P, class F>
decltype(auto) with_policy(P& chosen, F&& f)
{
    if constexpr (requires { std::variant_size<std::remove_cv_t<P>>::value; }) {
        return std::visit(std::forward<F>(f), chosen);
    } else {
        return std::forward<F>(f)(chosen);
    }
}

namespace detail {

template <class Kind, class... Policies>
inline constexpr std::size_t count_of_kind = (std::size_t{0} + ... + (std::is_same_v<Kind, kind_of<Policies>> ? 1U : 0U));

template <class... Policies>
inline constexpr bool one_of_each_kind = ((count_of_kind<kind_of<Policies>, Policies...> == 1) && ...);

/// A policy, found by its kind.
template <class Kind, class P>
struct policy_of_kind {
    P value;
};

}  // namespace detail

template <class Base, class... Policies>
struct adapted;

/// Policies of different kinds, as a convention returns them: composed{logit{}, softmax_weights{}}. Not a tuple: a map is
/// made with many of these, and tuples take long to compile.
template <class... Policies>
struct composed : detail::policy_of_kind<kind_of<Policies>, Policies>... {
    constexpr explicit composed(Policies... policies)
        : detail::policy_of_kind<kind_of<Policies>, Policies>{std::move(policies)}...
    {
    }
    /// The same but for some, which are new or take the place of those of their kind.
    template <class... Others>
    [[nodiscard]] constexpr adapted<composed, Others...> with(Others... others) const
    {
        return {composed<Others...>{std::move(others)...}, *this};
    }
};
template <class... Policies>
composed(Policies...) -> composed<Policies...>;

/// What with() makes: policies, and those of another composition for all kinds that they leave open.
template <class Base, class... Policies>
struct adapted : composed<Policies...> {
    Base base;

    template <class... Others>
    [[nodiscard]] constexpr adapted<adapted, Others...> with(Others... others) const
    {
        return {composed<Others...>{std::move(others)...}, *this};
    }
};

namespace detail {

/// The policy of a kind in a composition; no such function if it has none.
template <class Kind, class P>
[[nodiscard]] P& policy_in_force(policy_of_kind<Kind, P>& found)
{
    return found.value;
}
template <class Kind, class Base, class... Policies>
    requires(count_of_kind<Kind, Policies...> == 0 && requires(Base& base) { policy_in_force<Kind>(base); })
[[nodiscard]] auto& policy_in_force(adapted<Base, Policies...>& found)
{
    return policy_in_force<Kind>(found.base);
}

}  // namespace detail
}  // namespace scorecam
