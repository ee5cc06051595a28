#pragma once
// Hearing how far an explanation got, and stopping it.
#include <concepts>
#include <stop_token>
#include <utility>

#include <scorecam/policies/kinds.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam {

/// Calls function(done, total) before the first and after every batch; both count masked images.
template <class F>
struct on_progress {
    using kind = kinds::progress;
    F function;

    explicit on_progress(F f) : function{std::move(f)} {}
    void report(index_t done, index_t total) { function(done, total); }
};

/// Nobody is told. The default.
struct silent {
    using kind = kinds::progress;
    void report(index_t, index_t) const {}
};

/// Throws scorecam::cancelled before the next batch once a stop is requested.
struct stop_when {
    using kind = kinds::stop;
    std::stop_token token;

    [[nodiscard]] bool requested() const { return token.stop_requested(); }
};

/// Runs to the end. The default.
struct never_stop {
    using kind = kinds::stop;
    [[nodiscard]] bool requested() const { return false; }
};

template <>
struct choice<kinds::progress> {
    using standard = silent;
    template <class P, class T>
    static consteval void check()
    {
        static_assert(
            requires(P p, index_t n) { p.report(n, n); }, "scorecam: a progress policy has report(done, total)");
    }
};
template <>
struct choice<kinds::stop> {
    using standard = never_stop;
    template <class P, class T>
    static consteval void check()
    {
        static_assert(
            requires(P const p) {
                { p.requested() } -> std::convertible_to<bool>;
            }, "scorecam: a stop policy has requested() const that returns a bool");
    }
};

}  // namespace scorecam
