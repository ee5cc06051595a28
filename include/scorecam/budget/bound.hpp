#pragma once
// How wrong a map can be at most, whatever the channels that were not scored would have earned.
#include <algorithm>
#include <cstddef>
#include <vector>

#include <Eigen/Core>

#include <scorecam/budget/matrix.hpp>

namespace scorecam::budget {

/// Limits of the weight of each channel; of one that was scored, its weight twice.
struct weight_limits {
    Eigen::VectorXd least;
    Eigen::VectorXd most;
};

/// The largest |M - M'| at any place, where M is s(ReLU(Σ_k w_k A_k)) with the weights given and M' the same with any
/// weights within the limits; both at the size of the summands (cells, K). 1 if nothing is certain. Sure, and loose: a
/// probability under a mask is far below 1.
///
/// From l <= Σ w A <= h place by place, as s falls with the minimum and with the maximum of its map:
/// (l - min h) / (max h - min h) <= M' <= (h - min l) / (max l - min l).
[[nodiscard]] inline double certified_error(matrix const& summands, Eigen::VectorXd const& weights,
                                            weight_limits const& limits)
{
    auto const cells = static_cast<std::size_t>(summands.rows());
    std::vector<double> sum(cells), low(cells), high(cells);
    for (index_t k = 0; k < summands.cols(); ++k) {
        double const weight = weights(k), least = limits.least(k), most = limits.most(k);
        for (std::size_t p = 0; p < cells; ++p) {
            auto const a = static_cast<double>(column(summands, k)[p]);
            sum[p] += weight * a;
            low[p] += (a > 0 ? least : most) * a;
            high[p] += (a > 0 ? most : least) * a;
        }
    }
    struct range {
        double least, most;
        explicit range(std::vector<double>& values)
        {
            for (auto& value : values) { value = std::max(value, 0.0); }
            auto const [lo, hi] = std::minmax_element(values.begin(), values.end());
            least = *lo, most = *hi;
        }
        /// s(value) by this range.
        [[nodiscard]] double scaled(double value, double flat) const
        {
            return most > least ? std::clamp((value - least) / (most - least), 0.0, 1.0) : flat;
        }
    };
    range const of_sum{sum}, of_low{low}, of_high{high};
    double largest = 0;
    for (std::size_t p = 0; p < cells; ++p) {
        double const map = of_sum.scaled(sum[p], 0);
        largest          = std::max({largest, of_low.scaled(high[p], 1) - map, map - of_high.scaled(low[p], 0)});
    }
    return largest;
}

}  // namespace scorecam::budget
