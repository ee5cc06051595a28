#pragma once
// How alike two maps are.
#include <algorithm>
#include <cmath>
#include <cstddef>

#include <scorecam/metrics/correlation.hpp>
#include <scorecam/tensor_view.hpp>

namespace cli {

/// Of two maps of one size, both in [0, 1].
struct agreement {
    double rank_correlation;  ///< Spearman, over all pixels; equal values share their mean rank; NaN if a map is constant
    double largest_difference;
    double mean_difference;
    double top_overlap;  ///< intersection over union of the 20 % largest pixels of each
};

[[nodiscard]] inline agreement agreement_of(scorecam::tensor_view<float const, 2> a, scorecam::tensor_view<float const, 2> b)
{
    agreement found{};
    for (scorecam::index_t p = 0; p < a.size(); ++p) {
        double const apart       = std::abs(static_cast<double>(a.data()[p]) - static_cast<double>(b.data()[p]));
        found.largest_difference = std::max(found.largest_difference, apart);
        found.mean_difference += apart / static_cast<double>(a.size());
    }
    auto const ranks_a     = scorecam::metrics::mean_ranks({a.begin(), a.end()});
    auto const ranks_b     = scorecam::metrics::mean_ranks({b.begin(), b.end()});
    found.rank_correlation = scorecam::metrics::correlation_of(ranks_a, ranks_b);

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
