#pragma once
// f: the score of a class, read from a row of the model's outputs.
#include <concepts>
#include <type_traits>

#include <scorecam/ops/rows.hpp>
#include <scorecam/policies/kinds.hpp>

namespace scorecam {

/// A score turns a row of outputs into a reading: `score(row)(c)` is the score of class c. What all classes share (the
/// softmax's sum) is computed once per row. It runs where the backend runs: on a device it must be trivially copyable
/// and its call operators SCORECAM_HD. One that takes a team too, `score(row, team)`, may have a device's threads share the
/// row (see ops/team.hpp); any other is called by each of them. One with `questions()` has a list of its own of what may be asked, boxes or
/// regions: c is a place in that list, and all of them are asked where no target is named. More of them are in scores/.
template <class S, class T>
concept score = requires(S const s, ops::row<T> row, index_t c) {
    { s(row)(c) } -> std::convertible_to<T>;
};

/// softmax(outputs)[c], for models that end in logits. The default, and what the authors' code does.
struct probability {
    using kind = kinds::score;
    template <class T, class Team = ops::alone>
    [[nodiscard]] SCORECAM_HD auto operator()(ops::row<T> outputs, Team const& team = {}) const
    {
        return ops::softmax_of<ops::row<T>>{outputs, team};
    }
};

/// outputs[c] as it is: the logit F_c, or the probability of a model that ends in a softmax itself.
struct logit {
    using kind = kinds::score;
    template <class T>
    [[nodiscard]] SCORECAM_HD auto operator()(ops::row<T> outputs) const
    {
        return ops::identity_of<ops::row<T>>{outputs};
    }
};

/// 1/(1 + exp(-outputs[c])), for models with several labels per image.
struct sigmoid {
    using kind = kinds::score;
    template <class T>
    [[nodiscard]] SCORECAM_HD auto operator()(ops::row<T> outputs) const
    {
        return ops::sigmoid_of<ops::row<T>>{outputs};
    }
};

/// Any function of a row and a class: score_by([](auto row, index_t c) { return row[c] - row[7]; }). On a device it is a
/// function object whose call operator is SCORECAM_HD.
template <class F>
struct score_by {
    using kind = kinds::score;
    F function;

    explicit score_by(F f) : function{f} {}

    template <class T>
    struct reading {
        static_assert(std::is_invocable_r_v<T, F const&, ops::row<T>, index_t>,
                      "scorecam: score_by takes a function of a row of outputs and a class that returns a number: "
                      "[](auto row, scorecam::index_t c) { return row[c]; }; for a device it is SCORECAM_HD, for the "
                      "host as well");
        F const* function;
        ops::row<T> outputs;
        [[nodiscard]] SCORECAM_HD T operator()(index_t c) const { return static_cast<T>((*function)(outputs, c)); }
    };
    template <class T>
    [[nodiscard]] SCORECAM_HD auto operator()(ops::row<T> outputs) const
    {
        return reading<T>{&function, outputs};
    }
};

/// The scores whose nature somebody makes use of.
enum class score_nature { probability, logit, sigmoid, other };
template <class S>
inline constexpr score_nature nature_of = std::is_same_v<S, probability> ? score_nature::probability
                                          : std::is_same_v<S, logit>     ? score_nature::logit
                                          : std::is_same_v<S, sigmoid>   ? score_nature::sigmoid
                                                                         : score_nature::other;

template <>
struct choice<kinds::score> {
    using standard = probability;
    template <class P, class T>
    static consteval void check()
    {
        static_assert(score<P, T>,
                      "scorecam: a score is called with a row of outputs and returns what is called with a class: "
                      "score(scorecam::ops::row<T>)(c) -> T; scorecam::score_by makes one of a function (row, c)");
    }
};

}  // namespace scorecam
