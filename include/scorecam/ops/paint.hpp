#pragma once
// Pictures to compare with or to blend in: one element of each, from the image it is made for.
#include <cmath>
#include <cstdint>

#include <scorecam/config.hpp>
#include <scorecam/ops/team.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::ops {

/// A whole image (C, spatial...) seen as C planes, and the element asked for.
template <class T, std::size_t Rank>
struct pixel {
    T const* image;      ///< of extents (C, size)
    extents<Rank> size;  ///< spatial extents
    index_t channel;
    index_t offset;  ///< within the plane

    [[nodiscard]] SCORECAM_HD constexpr T const* plane() const { return image + channel * size.size(); }
    [[nodiscard]] SCORECAM_HD constexpr T value() const { return plane()[offset]; }
};

/// One value per channel, in the backend's memory.
template <class T>
struct colour {
    T const* values;
    template <std::size_t Rank>
    [[nodiscard]] SCORECAM_HD constexpr T operator()(pixel<T, Rank> p) const
    {
        return values[p.channel];
    }
};

/// The mean of the pixel's plane.
template <class T>
struct plane_mean {
    template <std::size_t Rank, class Team = alone>
    [[nodiscard]] SCORECAM_HD constexpr T operator()(pixel<T, Rank> p, Team const& team = {}) const
    {
        auto const count = p.size.size();
        auto const* from = p.plane();
        auto const value = [=](index_t i) { return static_cast<double>(from[i]); };
        double const sum = team.reduce(count, 0.0, value, [](double a, double b) { return a + b; });
        return static_cast<T>(sum / static_cast<double>(count));
    }
};

/// Index i folded back into [0, n): ... 2 1 | 0 1 2 ... n-1 | n-2 ...
[[nodiscard]] SCORECAM_HD constexpr index_t reflect(index_t i, index_t n)
{
    if (n == 1) { return 0; }
    index_t const period = 2 * (n - 1);
    index_t const folded = ((i % period) + period) % period;
    return folded < n ? folded : period - folded;
}

/// exp(-x²/2σ²).
[[nodiscard]] SCORECAM_HD inline double gaussian(double x, double sigma)
{
    using std::exp;
    return exp(-0.5 * (x / sigma) * (x / sigma));
}

/// What a filter sees beyond the edges of an image.
enum class beyond {
    reflected,  ///< the image again, without its edge (cv2.BORDER_REFLECT_101)
    zero        ///< nothing (torch.nn.functional.conv2d with padding)
};

/// A symmetric filter along one axis; `taps[0]` is its centre, in the backend's memory.
template <class T>
struct filter_axis {
    T const* taps;
    index_t radius;
    std::size_t axis;
    beyond edge = beyond::reflected;

    template <std::size_t Rank>
    [[nodiscard]] SCORECAM_HD constexpr T operator()(pixel<T, Rank> p) const
    {
        index_t stride = 1;
        for (std::size_t d = axis + 1; d < Rank; ++d) { stride *= p.size[d]; }
        index_t const n  = p.size[axis];
        index_t const at = p.offset / stride % n;
        T const* line    = p.plane() + (p.offset - at * stride);
        T sum            = taps[0] * line[at * stride];
        for (index_t r = 1; r <= radius; ++r) {
            sum += taps[r] * (seen(line, at - r, n, stride) + seen(line, at + r, n, stride));
        }
        return sum;
    }

private:
    [[nodiscard]] SCORECAM_HD constexpr T seen(T const* line, index_t i, index_t n, index_t stride) const
    {
        if (i >= 0 && i < n) { return line[i * stride]; }
        return edge == beyond::zero ? T(0) : line[reflect(i, n) * stride];
    }
};

/// A 64-bit mix of its input (the finaliser of SplitMix64): a counter-based generator needs nothing else.
[[nodiscard]] SCORECAM_HD constexpr std::uint64_t mix(std::uint64_t z)
{
    z += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
}

/// Gaussian noise, a function of the seed and of the element's position alone: it does not depend on threads, batches or
/// the backend (but for the rounding of its log and cos).
template <class T>
struct gaussian_noise {
    std::uint64_t seed;
    T deviation;
    template <std::size_t Rank>
    [[nodiscard]] SCORECAM_HD T operator()(pixel<T, Rank> p) const
    {
        using std::cos;
        using std::log;
        using std::sqrt;
        auto const element  = static_cast<std::uint64_t>(p.channel * p.size.size() + p.offset);
        double const unit   = 1.0 / 9007199254740992.0;  // 2^-53
        double const u      = (static_cast<double>(mix(seed ^ mix(2 * element)) >> 11U) + 0.5) * unit;
        double const v      = static_cast<double>(mix(seed ^ mix(2 * element + 1)) >> 11U) * unit;
        double const two_pi = 6.283185307179586;
        return deviation * static_cast<T>(sqrt(-2.0 * log(u)) * cos(two_pi * v));  // Box-Muller
    }
};

}  // namespace scorecam::ops
