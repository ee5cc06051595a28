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

    [[nodiscard]] SCORECAM_HD index_t outer() const { return count * channels; }
    [[nodiscard]] SCORECAM_HD index_t inner() const { return positions; }
    SCORECAM_HD void operator()(index_t o, std::uint32_t p) const
    {
        index_t const n = o / channels, c = o % channels;
        to[to_at(n, c, p)] = static_cast<U>(from[from_at(n, c, p)]);
    }
};

}  // namespace scorecam::cuda::work
