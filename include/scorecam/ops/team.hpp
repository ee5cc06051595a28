#pragma once
// Who goes through a row of numbers: one thread alone, or several of a device that share its elements.
#include <scorecam/config.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::ops {

/// One thread. What takes a team asks it for one thing, so that a formula is written once for both:
/// `reduce(count, start, term, merge)` is start merged with term(0), term(1) ... term(count - 1), and known to all of the
/// team. Each of several threads begins with `start`: merging it once more changes nothing. Their order is their own.
struct alone {
    template <class Value, class Term, class Merge>
    [[nodiscard]] SCORECAM_HD constexpr Value reduce(index_t count, Value start, Term const& term, Merge const& merge) const
    {
        Value all = start;
        for (index_t i = 0; i < count; ++i) { all = merge(all, term(i)); }
        return all;
    }
};

}  // namespace scorecam::ops
