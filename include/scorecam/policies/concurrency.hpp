#pragma once
// How many threads call a model at the same time, instead of one whose engine has several.
#include <concepts>

#include <scorecam/policies/kinds.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam {

/// So many threads work through the masks, each with a replica of the model (see model.hpp) and memory for one batch. Give
/// the engine one thread then. On two cores it is about as fast as an engine with two threads, and where the cores are
/// shared with others it is faster, because nobody waits for a thread that does not run. The map does not depend on it.
struct concurrency {
    using kind     = kinds::concurrency;
    index_t number = 1;
};

template <>
struct choice<kinds::concurrency> {
    using standard = concurrency;
    template <class P, class T>
    static consteval void check()
    {
        static_assert(
            requires(P const p) {
                { p.number } -> std::convertible_to<index_t>;
            }, "scorecam: a policy for concurrency has a member number, how many threads call the model");
    }
};

}  // namespace scorecam
