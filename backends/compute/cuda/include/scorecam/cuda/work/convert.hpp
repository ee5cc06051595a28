#pragma once
// Images in another type, or with their channels elsewhere.
#include <cstddef>
#include <cstdint>

#include <scorecam/batch_view.hpp>
#include <scorecam/config.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::cuda::work {

/// Element by element, by static_cast.
template <class T, class U>
struct convert {
    T const* from;
    index_t count;      ///< n
    index_t channels;   ///< C
    index_t positions;  ///< H·W
    batch_strides from_at;
    batch_strides to_at;
    U* to;

    [[nodiscard]] SCORECAM_HD index_t outer() const { return count; }
    [[nodiscard]] SCORECAM_HD index_t inner() const { return channels * positions; }
    SCORECAM_HD void operator()(index_t n, std::uint32_t i) const  // as it lies in memory: neighbours read neighbours
    {
        bool const last       = from_at.channel == 1;
        auto const fastest    = static_cast<std::uint32_t>(last ? channels : positions);
        std::uint32_t const q = i / fastest, r = i - q * fastest;
        index_t const c = last ? r : q, p = last ? q : r;
        to[to_at(n, c, p)] = static_cast<U>(from[from_at(n, c, p)]);
    }
};

}  // namespace scorecam::cuda::work
