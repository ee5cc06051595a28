#pragma once
// out = f(pixel), element by element.
#include <cstddef>
#include <cstdint>

#include <scorecam/config.hpp>
#include <scorecam/cuda/device_calls.hpp>
#include <scorecam/ops/paint.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::cuda::work {

/// A picture that takes a team. (nvcc 13 dies of this requirement where it is used.)
template <class F, class T, std::size_t Rank>
concept painted_together = requires(F const& f, ops::pixel<T, Rank> at) { f(at, ops::alone{}); };

/// What both ways of painting know: images (n, C, H, W), and a plane of `plane` positions to paint for each.
template <class T, std::size_t Rank, class F>
struct painting {
    T const* images;
    extents<Rank> size;  ///< (H, W)
    index_t count;       ///< n
    index_t channels;    ///< C
    index_t plane;       ///< of what is painted
    F f;
    T* out;

    /// The pixel of position i of plane o, 0 <= o < n·C.
    [[nodiscard]] SCORECAM_HD ops::pixel<T, Rank> pixel(index_t o, index_t i) const
    {
        return {images + o / channels * channels * size.size(), size, o % channels, i};
    }
};

/// A thread for each element.
template <class T, std::size_t Rank, class F>
struct paint : painting<T, Rank, F> {
    [[nodiscard]] SCORECAM_HD index_t outer() const { return this->count * this->channels; }
    [[nodiscard]] SCORECAM_HD index_t inner() const { return this->plane; }
    SCORECAM_HD void operator()(index_t o, std::uint32_t i) const
    {
        auto const at = this->pixel(o, i);
        check_called_on_device(this->f, at);
        this->out[o * this->plane + i] = this->f(at);
    }
};

/// A block for each element, for pictures that take a team: each has to look at many pixels.
template <class T, std::size_t Rank, class F>
struct paint_together : painting<T, Rank, F> {
    [[nodiscard]] SCORECAM_HD index_t rows() const { return this->count * this->channels * this->plane; }
    template <class Team>
    SCORECAM_HD void operator()(index_t row, Team const& together) const
    {
        auto const at = this->pixel(row / this->plane, row % this->plane);
        check_called_on_device(this->f, at, together);
        T const value = this->f(at, together);
        if (together.rank() == 0) { this->out[row] = value; }
    }
};

}  // namespace scorecam::cuda::work
