#pragma once
// How alike two maps are.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include <scorecam/tensor_view.hpp>

namespace cli {

/// Of two maps of one size, both in [0, 1].
struct agreement {
    double rank_correlation;  ///< Spearman, over all pixels; equal values share their mean rank; NaN if a map is constant
    double largest_difference;
    double mean_difference;
    double top_overlap;  ///< intersection over union of the 20 % largest pixels of each
};

namespace detail {

[[nodiscard]] inline std::vector<double> ranks(scorecam::tensor_view<float const, 2> map)
{
    std::vector<std::size_t> order(static_cast<std::size_t>(map.size()));
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return map.data()[a] < map.data()[b]; });
    std::vector<double> ranks(order.size());
    for (std::size_t first = 0; first < order.size();) {
        std::size_t last = first;
        while (last < order.size() && map.data()[order[last]] == map.data()[order[first]]) { ++last; }
        for (std::size_t i = first; i < last; ++i) { ranks[order[i]] = 0.5 * static_cast<double>(first + last - 1); }
        first = last;
    }
    return ranks;
}

[[nodiscard]] inline double correlation(std::vector<double> const& a, std::vector<double> const& b)
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
    return ab / std::sqrt(aa * bb);
}

}  // namespace detail

[[nodiscard]] inline agreement agreement_of(scorecam::tensor_view<float const, 2> a, scorecam::tensor_view<float const, 2> b)
{
    agreement found{};
    for (scorecam::index_t p = 0; p < a.size(); ++p) {
        double const apart       = std::abs(static_cast<double>(a.data()[p]) - static_cast<double>(b.data()[p]));
        found.largest_difference = std::max(found.largest_difference, apart);
        found.mean_difference += apart / static_cast<double>(a.size());
    }
    auto const ranks_a     = detail::ranks(a);
    auto const ranks_b     = detail::ranks(b);
    found.rank_correlation = detail::correlation(ranks_a, ranks_b);

    double const border = 0.8 * static_cast<double>(a.size());
    double both = 0, either = 0;
    for (std::size_t p = 0; p < ranks_a.size(); ++p) {
        bool const in_a = ranks_a[p] >= border, in_b = ranks_b[p] >= border;
        both += in_a && in_b ? 1 : 0;
        either += in_a || in_b ? 1 : 0;
    }
    found.top_overlap = either > 0 ? both / either : 0;
    return found;
}

}  // namespace cli
