#pragma once
// How far maps lie apart.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <Eigen/Core>

#include <scorecam/budget/matrix.hpp>

namespace scorecam::budget {

/// s(ReLU(m)) of every column m, at the size it has; 0 where a column has no contrast.
[[nodiscard]] inline matrix shown(matrix sums)
{
    for (index_t j = 0; j < sums.cols(); ++j) {
        auto map          = sums.col(j).array();
        map               = map.max(0);
        float const least = map.minCoeff();
        float const range = map.maxCoeff() - least;
        if (range > 0) {
            map = (map - least) / range;
        } else {
            map.setZero();
        }
    }
    return sums;
}

/// The largest |M_s - M| of every column M_s.
[[nodiscard]] inline std::vector<float> largest_differences(matrix const& maps, vector const& from)
{
    vector const largest = (maps.colwise() - from).cwiseAbs().colwise().maxCoeff();
    return {largest.data(), largest.data() + largest.size()};
}

/// The value below which a share of all values lies, interpolated between neighbours. `values` is not empty.
[[nodiscard]] inline float quantile(std::vector<float> values, double share)
{
    std::sort(values.begin(), values.end());
    double const at  = share * static_cast<double>(values.size() - 1);
    auto const below = static_cast<std::size_t>(at);
    auto const above = std::min(below + 1, values.size() - 1);
    return values[below] + static_cast<float>(at - static_cast<double>(below)) * (values[above] - values[below]);
}

}  // namespace scorecam::budget
