#pragma once
// What is done to activations as they are: their moments, and s(·) in place.
#include <cstddef>
#include <cstdint>

#include <scorecam/config.hpp>
#include <scorecam/ops/masking.hpp>
#include <scorecam/ops/moments.hpp>
#include <scorecam/ops/range.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::cuda::work {

template <class T>
struct moments {
    T const* maps;         ///< (N, positions)
    index_t count;         ///< N
    index_t positions;     ///< h·w
    ops::moments<T>* out;  ///< (N)

    [[nodiscard]] SCORECAM_HD index_t rows() const { return count; }
    template <class Team>
    SCORECAM_HD void operator()(index_t row, Team const& together) const
    {
        auto const found = ops::moments_of(maps + row * positions, positions, together);
        if (together.rank() == 0) { out[row] = found; }
    }
};

template <class T>
struct normalise {
    T* maps;                      ///< (N, positions)
    ops::range<T> const* ranges;  ///< (N)
    index_t count;                ///< N
    index_t positions;            ///< h·w
    T epsilon;

    [[nodiscard]] SCORECAM_HD index_t outer() const { return count; }
    [[nodiscard]] SCORECAM_HD index_t inner() const { return positions; }
    SCORECAM_HD void operator()(index_t n, std::uint32_t p) const
    {
        T& value = maps[n * positions + p];
        value    = ops::min_max(value, ranges[n], epsilon);
    }
};

/// s(A) of the picks alone, beside the maps.
template <class T>
struct normalise_picks {
    T const* maps;                ///< (I or 1, K, positions)
    ops::range<T> const* ranges;  ///< (I or 1, K)
    ops::pick const* picks;       ///< (n)
    bool one_image;               ///< has the maps of all
    index_t count;                ///< n
    index_t channels;             ///< K
    index_t positions;            ///< h·w
    T epsilon;
    T* out;  ///< (n, positions)

    [[nodiscard]] SCORECAM_HD index_t outer() const { return count; }
    [[nodiscard]] SCORECAM_HD index_t inner() const { return positions; }
    SCORECAM_HD void operator()(index_t b, std::uint32_t p) const
    {
        index_t const map      = (one_image ? 0 : picks[b].image * channels) + picks[b].channel;
        out[b * positions + p] = ops::min_max(maps[map * positions + p], ranges[map], epsilon);
    }
};

}  // namespace scorecam::cuda::work
