#pragma once
// The threads of one block as a team: ops/team.hpp has what is asked of it.
#include <cstddef>
#include <type_traits>

#include <scorecam/config.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::cuda {

/// What a thread of a block may put down for the others.
inline constexpr std::size_t bytes_per_lane = 16;

/// Made of a thread's place in its block: `rank()` below `size()`, `sync()`, a barrier for all of them, and `shared()`,
/// memory of bytes_per_lane for each. On the device that is a block; in tests, fibres. All threads of the block make the
/// same calls.
template <class Lane>
class team {
public:
    SCORECAM_HD explicit team(Lane const& lane) : lane_{lane} {}

    [[nodiscard]] SCORECAM_HD index_t rank() const { return lane_.rank(); }
    [[nodiscard]] SCORECAM_HD index_t size() const { return lane_.size(); }
    SCORECAM_HD void sync() const { lane_.sync(); }

    /// f(i) once for each 0 <= i < count, by whoever has the time. Not seen by the others before a sync().
    template <class F>
    SCORECAM_HD void for_each(index_t count, F const& f) const
    {
        for (index_t i = rank(); i < count; i += size()) { f(i); }
    }

    /// One element of each thread.
    template <class Value>
    [[nodiscard]] SCORECAM_HD Value* slots() const
    {
        static_assert(sizeof(Value) <= bytes_per_lane && std::is_trivially_copyable_v<Value>,
                      "scorecam: a team reduces to values of 16 bytes at most");
        return static_cast<Value*>(lane_.shared());
    }

    template <class Value, class Term, class Merge>
    [[nodiscard]] SCORECAM_HD Value reduce(index_t count, Value start, Term const& term, Merge const& merge) const
    {
        Value mine = start;
        for_each(count, [&](index_t i) { mine = merge(mine, term(i)); });
        Value* const slot = slots<Value>();
        slot[rank()]      = mine;
        sync();
        for (index_t left = size(); left > 1;) {  // the upper half, if odd less the middle, is merged into the lower one
            index_t const half = (left + 1) / 2;
            if (rank() + half < left) { slot[rank()] = merge(slot[rank()], slot[rank() + half]); }
            left = half;
            sync();
        }
        Value const all = slot[0];
        sync();  // before the slots are written again
        return all;
    }

private:
    Lane lane_;
};

}  // namespace scorecam::cuda
