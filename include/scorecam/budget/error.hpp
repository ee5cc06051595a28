#pragma once
// How far maps lie apart.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <scorecam/budget/matrix.hpp>

namespace scorecam::budget {

/// s(ReLU(m)) of every column m, at the size it has; 0 where a column has no contrast.
[[nodiscard]] inline matrix shown(matrix sums)
{
    for (index_t j = 0; j < sums.cols(); ++j) {
        auto const map = column(sums, j);
        for (auto& value : map) { value = std::max(value, 0.F); }
        auto const [least, most] = std::minmax_element(map.begin(), map.end());
        float const from = *least, range = *most - *least;
        for (auto& value : map) { value = range > 0 ? (value - from) / range : 0; }
    }
    return sums;
}

/// The largest |M_s - M| of every column M_s.
[[nodiscard]] inline std::vector<float> largest_differences(matrix const& maps, vector const& from)
{
    std::vector<float> largest(static_cast<std::size_t>(maps.cols()));
    auto const own = numbers(from);
    for (index_t j = 0; j < maps.cols(); ++j) {
        auto const map = column(maps, j);
        float most     = 0;
        for (std::size_t p = 0; p < own.size(); ++p) { most = std::max(most, std::abs(map[p] - own[p])); }
        largest[static_cast<std::size_t>(j)] = most;
    }
    return largest;
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
