#pragma once
// Boxes out of maps: where a map is high, place by connected place.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/metrics/region.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::metrics {

/// A connected part of a map above a threshold.
template <class T, std::size_t Rank = 2>
struct map_object {
    metrics::box<Rank> box;          ///< around it
    T mass;                          ///< the sum of the map over it
    T peak;                          ///< the largest value in it
    std::vector<index_t> positions;  ///< its offsets in the map, in order
};

/// Otsu's threshold (IEEE Transactions on Systems, Man, and Cybernetics 9, 1979): the one, between two of 256 equal bins
/// from 0 to the maximum, that parts the values into two groups whose means differ most for their sizes. Of a map (..., H,
/// W) without NaN.
template <class T, std::size_t Rank>
[[nodiscard]] T otsu_threshold(tensor_view<T const, Rank> map)
{
    constexpr std::size_t bins = 256;
    T const most               = *std::max_element(map.begin(), map.end());
    if (!(most > T(0))) { return T(0); }
    std::vector<double> counts(bins);
    double total = 0, sum = 0;
    for (T const value : map) {
        auto const bin = std::min(bins - 1, static_cast<std::size_t>(std::max(value, T(0)) / most * T(bins)));
        counts[bin] += 1;
        total += 1;
        sum += static_cast<double>(bin);
    }
    double below = 0, sum_below = 0, best = -1;
    std::size_t at = 0;
    for (std::size_t bin = 0; bin + 1 < bins; ++bin) {
        below += counts[bin];
        sum_below += static_cast<double>(bin) * counts[bin];
        if (below == 0 || below == total) { continue; }
        double const apart    = sum_below / below - (sum - sum_below) / (total - below);
        double const variance = below * (total - below) * apart * apart;
        if (variance > best) { best = variance, at = bin + 1; }
    }
    return most * static_cast<T>(at) / T(bins);
}

/// The parts of a map that are at least `threshold` and touch, sides not corners, the one of largest mass first; of equal
/// ones, the first in the map. NaN, where there is no answer, belongs to none. Throws option_error for a threshold of 0 or
/// less.
template <class T, std::size_t Rank>
[[nodiscard]] std::vector<map_object<T, Rank>> objects_above(tensor_view<T const, Rank> map, T threshold)
{
    if (!(threshold > T(0))) {
        throw option_error{"objects of a map above " + std::to_string(threshold) +
                           " were asked for; give a threshold above 0"};
    }
    auto const size = map.shape();
    std::vector<bool> open;
    for (T const value : map) { open.push_back(value >= threshold); }
    std::vector<map_object<T, Rank>> found;
    for (index_t start = 0; start < map.size(); ++start) {
        if (!open[static_cast<std::size_t>(start)]) { continue; }
        auto const first = coordinates_of(start, size);
        map_object<T, Rank> one{{first, first}, T(0), T(0), {}};
        std::vector<index_t> waiting{start};
        open[static_cast<std::size_t>(start)] = false;
        while (!waiting.empty()) {
            index_t const p = waiting.back();
            waiting.pop_back();
            one.positions.push_back(p);
            one.mass += map.data()[p];
            one.peak      = std::max(one.peak, map.data()[p]);
            auto const at = coordinates_of(p, size);
            index_t step  = 1;
            for (std::size_t d = Rank; d-- > 0; step *= size[d]) {
                one.box.first[d] = std::min(one.box.first[d], at[d]);
                one.box.last[d]  = std::max(one.box.last[d], at[d] + 1);
                for (index_t const side : {index_t{-1}, index_t{1}}) {
                    if (at[d] + side < 0 || at[d] + side >= size[d]) { continue; }
                    auto const neighbour = static_cast<std::size_t>(p + side * step);
                    if (open[neighbour]) {
                        open[neighbour] = false;
                        waiting.push_back(p + side * step);
                    }
                }
            }
        }
        std::sort(one.positions.begin(), one.positions.end());
        found.push_back(std::move(one));
    }
    std::stable_sort(found.begin(), found.end(), [](auto const& a, auto const& b) { return a.mass > b.mass; });
    return found;
}

}  // namespace scorecam::metrics
