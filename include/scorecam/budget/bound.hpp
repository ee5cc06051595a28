#pragma once
// How wrong a map can be at most, whatever the channels that were not scored would have earned.
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
    Eigen::MatrixXd const a     = summands.cast<double>();
    Eigen::MatrixXd const above = a.cwiseMax(0);
    Eigen::MatrixXd const below = a.cwiseMin(0);
    Eigen::ArrayXd const sum    = (a * weights).array().max(0);
    Eigen::ArrayXd const low    = (above * limits.least + below * limits.most).array().max(0);
    Eigen::ArrayXd const high   = (above * limits.most + below * limits.least).array().max(0);

    auto const scaled = [](Eigen::ArrayXd const& values, Eigen::ArrayXd const& by, double flat) -> Eigen::ArrayXd {
        double const range = by.maxCoeff() - by.minCoeff();
        if (!(range > 0)) { return Eigen::ArrayXd::Constant(values.size(), flat); }
        return ((values - by.minCoeff()) / range).max(0).min(1);
    };
    Eigen::ArrayXd const map = scaled(sum, sum, 0);
    return (scaled(high, low, 1) - map).max(map - scaled(low, high, 0)).maxCoeff();
}

}  // namespace scorecam::budget
