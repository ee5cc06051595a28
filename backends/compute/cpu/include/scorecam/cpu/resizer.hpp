#pragma once
// Resizing by rows: the taps of every axis are tabulated once, outer axes are blended per row, the last one is expanded.
#include <array>
#include <cstddef>
#include <vector>

#include <scorecam/ops/axis.hpp>
#include <scorecam/ops/range.hpp>
#include <scorecam/ops/resize.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::cpu {

/// Resizes maps of extents `low` to `high`, one row of the last axis at a time.
template <class T, std::size_t Rank>
class resizer {
public:
    resizer(extents<Rank> const& low, extents<Rank> const& high, ops::axis_rule rule) : low_{low}, high_{high}
    {
        for (std::size_t d = 0; d < Rank; ++d) {
            for (index_t i = 0; i < high[d]; ++i) {
                taps_[d].push_back(ops::tap_at<T>(rule, i, low[d], high[d]));
                if (ops::extreme_at<T>(rule, i, low[d], high[d])) { extreme_[d].push_back(i); }
            }
        }
        for (index_t x = 0; x < width(); ++x) {
            auto const& tap = taps_[Rank - 1][static_cast<std::size_t>(x)];
            if (x == 0 || tap.lo != cells_.back().lo) { cells_.push_back({tap.lo, tap.hi, x, x}); }
            cells_.back().end = x + 1;
            weights_.push_back(tap.weight);
        }
    }

    [[nodiscard]] index_t width() const { return high_[Rank - 1]; }
    [[nodiscard]] index_t rows() const { return high_.size() / width(); }

    /// Room for one row of a map before its last axis is expanded.
    [[nodiscard]] std::vector<T> row_buffer() const { return std::vector<T>(static_cast<std::size_t>(low_[Rank - 1])); }

    /// The low-resolution row that output row `y` (outer axes flattened) is expanded from.
    void blend(T const* map, index_t y, T* row) const
    {
        index_t const w = low_[Rank - 1];
        if constexpr (Rank == 1) {
            for (index_t j = 0; j < w; ++j) { row[j] = map[j]; }
        } else {
            ops::tap<T> at[Rank - 1];
            extents<Rank - 1> outer{};
            for (std::size_t d = Rank - 1; d-- > 0; y /= high_[d]) {
                at[d]    = taps_[d][static_cast<std::size_t>(y % high_[d])];
                outer[d] = low_[d];
            }
            for (index_t j = 0; j < w; ++j) { row[j] = ops::interpolate(map + j, outer, at, w); }
        }
    }

    /// Element x of the row expanded.
    [[nodiscard]] T expand(T const* row, index_t x) const
    {
        auto const& tap = taps_[Rank - 1][static_cast<std::size_t>(x)];
        return ops::lerp(row[tap.lo], row[tap.hi], tap.weight);
    }

    /// The whole row expanded into `out`: cell by cell, for loading neighbours tap by tap costs more than the arithmetic.
    void expand_row(T const* row, T* out) const
    {
        for (auto const& between : cells_) {
            T const lo = row[between.lo];
            T const hi = row[between.hi];
            for (index_t x = between.begin; x < between.end; ++x) {
                out[x] = ops::lerp(lo, hi, weights_[static_cast<std::size_t>(x)]);
            }
        }
    }

    /// The extrema of the resized map, from its at most 2h × 2w samples that can be extreme.
    [[nodiscard]] ops::range<T> extrema(T const* map, T* row) const
    {
        blend(map, 0, row);
        ops::range<T> found{expand(row, 0), expand(row, 0)};
        for_each_extreme_row([&](index_t y) {
            blend(map, y, row);
            for (auto const x : extreme_[Rank - 1]) { found.include(expand(row, x)); }
        });
        return found;
    }

private:
    template <std::size_t Axis = 0, class F>
    void for_each_extreme_row(F const& f, index_t y = 0) const
    {
        if constexpr (Axis + 1 == Rank) {
            f(y);
        } else {
            for (auto const i : extreme_[Axis]) { for_each_extreme_row<Axis + 1>(f, y * high_[Axis] + i); }
        }
    }

    /// Samples begin to end - 1 of the last axis, which lie between the same two neighbours.
    struct cell {
        index_t lo, hi, begin, end;
    };

    extents<Rank> low_;
    extents<Rank> high_;
    std::array<std::vector<ops::tap<T>>, Rank> taps_;
    std::array<std::vector<index_t>, Rank> extreme_;
    std::vector<cell> cells_;  // of the last axis, as are its weights, next to each other
    std::vector<T> weights_;
};

}  // namespace scorecam::cpu
