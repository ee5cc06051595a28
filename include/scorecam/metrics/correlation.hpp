#pragma once
// How alike two maps are.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/metrics/maps.hpp>
#include <scorecam/metrics/measured.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::metrics {

/// Of the values, or of their ranks, where equal values share the mean of theirs.
enum class correlation { pearson, spearman };

[[nodiscard]] constexpr char const* to_string(correlation of) { return of == correlation::pearson ? "pearson" : "spearman"; }

/// The rank of each value, from 0; equal values share the mean of theirs.
[[nodiscard]] inline std::vector<double> mean_ranks(std::vector<double> const& values)
{
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
    std::vector<double> ranks(values.size());
    for (std::size_t first = 0, last = 0; first < order.size(); first = last) {
        while (last < order.size() && values[order[last]] == values[order[first]]) { ++last; }
        for (std::size_t r = first; r < last; ++r) { ranks[order[r]] = static_cast<double>(first + last - 1) / 2; }
    }
    return ranks;
}

/// Pearson's correlation of two rows of numbers of one length; of their ranks, Spearman's. NaN if one of them is constant.
[[nodiscard]] inline double correlation_of(std::vector<double> const& a, std::vector<double> const& b)
{
    auto const count = static_cast<double>(a.size());
    double const ma  = std::accumulate(a.begin(), a.end(), 0.0) / count;
    double const mb  = std::accumulate(b.begin(), b.end(), 0.0) / count;
    double aa = 0, bb = 0, ab = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        aa += (a[i] - ma) * (a[i] - ma);
        bb += (b[i] - mb) * (b[i] - mb);
        ab += (a[i] - ma) * (b[i] - mb);
    }
    return std::clamp(ab / std::sqrt(aa) / std::sqrt(bb), -1.0, 1.0);  // rounding
}

/// The correlation of two maps, in [-1, 1], called `metric`. Without a value if one of them is constant.
template <class T, std::size_t Rank>
[[nodiscard]] measured similarity(tensor_view<T const, Rank> map, tensor_view<T const, Rank> other,
                                  correlation of = correlation::pearson, std::string metric = "similarity")
{
    if (!(map.shape() == other.shape())) {
        throw shape_error{"maps of the shapes " + to_string(map.shape()) + " and " + to_string(other.shape()) +
                          " cannot be compared; draw both at the same size"};
    }
    measured found{std::move(metric), to_string(of)};
    found.why           = caveat_of(map);
    auto const of_other = caveat_of(other);
    if (found.why == caveat::none && of_other != caveat::none) { found.why = caveat::constant_second_map; }
    if (found.why != caveat::none) { return found; }
    std::vector<double> a(map.begin(), map.end());
    std::vector<double> b(other.begin(), other.end());
    found.value = of == correlation::pearson ? correlation_of(a, b) : correlation_of(mean_ranks(a), mean_ranks(b));
    return found;
}

}  // namespace scorecam::metrics
