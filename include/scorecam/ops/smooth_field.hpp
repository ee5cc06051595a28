#pragma once
// Smooth random fields on a small grid, in integers: the same bits wherever they are drawn.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include <scorecam/ops/normal_draws.hpp>
#include <scorecam/ops/paint.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::ops {

/// White noise under a Gaussian of a ninth of the grid's longest side, by number: fields(grid)[n] is the n-th of the seed,
/// in row-major order and in units of its own. The noise reaches four cells beyond the grid; beyond those it is mirrored.
template <std::size_t Rank>
class smooth_fields {
public:
    smooth_fields(extents<Rank> const& grid, std::uint64_t seed) : grid_{grid}, seed_{seed}
    {
        index_t longest = 1;
        for (std::size_t d = 0; d < Rank; ++d) { longest = std::max(longest, grid[d]); }
        double const sigma = static_cast<double>(longest) / 9;
        auto const radius  = static_cast<index_t>(4 * sigma + 0.5);  // as scipy.ndimage.gaussian_filter cuts it off
        double sum         = 0;
        for (index_t t = -radius; t <= radius; ++t) { sum += gaussian(static_cast<double>(t), sigma); }
        for (index_t t = 0; t <= radius; ++t) {
            taps_.push_back(std::llround(gaussian(static_cast<double>(t), sigma) / sum * unit));
        }
    }

    [[nodiscard]] std::vector<std::int64_t> operator[](std::uint64_t n) const
    {
        auto shape = grid_;
        for (std::size_t d = 0; d < Rank; ++d) { shape[d] += 2 * beyond; }
        normal_draws const draws{seed_, n};
        std::vector<std::int64_t> noise(static_cast<std::size_t>(shape.size()));
        for (std::size_t i = 0; i < noise.size(); ++i) {
            noise[i] = static_cast<std::int64_t>(static_cast<double>(draws[i]) * unit);  // both are exact
        }
        auto inner = index_t{1};
        for (std::size_t d = Rank; d-- > 0; inner *= shape[d]) { noise = smoothed(noise, shape[d], inner); }
        return cropped(noise, shape);
    }

    /// A number from 0 to 2^32 - 1 that belongs to the n-th field.
    [[nodiscard]] std::uint64_t beside(std::uint64_t n) const { return mix(seed_ ^ mix(~n)) >> 32U; }

private:
    static constexpr index_t beyond = 4;
    static constexpr double unit    = 1 << 24;

    /// Along an axis of n elements that lie `inner` apart.
    [[nodiscard]] std::vector<std::int64_t> smoothed(std::vector<std::int64_t> const& from, index_t n, index_t inner) const
    {
        auto const radius = static_cast<index_t>(taps_.size()) - 1;
        std::vector<index_t> mirrored;  // of position i - radius: ... 1 0 | 0 1 ... n-1 | n-1 n-2 ...
        for (index_t i = -radius; i < n + radius; ++i) {
            index_t const folded = ((i % (2 * n)) + 2 * n) % (2 * n);
            mirrored.push_back(inner * (folded < n ? folded : 2 * n - 1 - folded));
        }
        std::vector<std::int64_t> to(from.size());
        for (index_t first = 0; first < static_cast<index_t>(from.size()); first += n * inner) {
            for (index_t p = 0; p < n * inner; ++p) {
                index_t const at       = p / inner;
                auto const* const line = from.data() + first + p % inner;
                std::int64_t sum       = 0;
                for (index_t t = 0; t <= 2 * radius; ++t) {
                    sum += taps_[static_cast<std::size_t>(std::abs(t - radius))] *
                           line[mirrored[static_cast<std::size_t>(at + t)]];
                }
                to[static_cast<std::size_t>(first + p)] = sum >> 24;  // taps are in units of 2^-24
            }
        }
        return to;
    }

    [[nodiscard]] std::vector<std::int64_t> cropped(std::vector<std::int64_t> const& from, extents<Rank> const& shape) const
    {
        std::vector<std::int64_t> to(static_cast<std::size_t>(grid_.size()));
        for (index_t p = 0; p < static_cast<index_t>(to.size()); ++p) {
            index_t left = p, at = 0, step = 1;
            for (std::size_t d = Rank; d-- > 0;) {
                at += (left % grid_[d] + beyond) * step;
                left /= grid_[d];
                step *= shape[d];
            }
            to[static_cast<std::size_t>(p)] = from[static_cast<std::size_t>(at)];
        }
        return to;
    }

    extents<Rank> grid_;
    std::uint64_t seed_;
    std::vector<std::int64_t> taps_;  // the centre, and one side
};

}  // namespace scorecam::ops
