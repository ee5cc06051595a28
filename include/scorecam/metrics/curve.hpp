#pragma once
// What a curve over ever more pixels is made of: the ranking of the pixels, and the area below.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::metrics {

/// Which of two pixels of the same value comes first.
enum class ties { earlier_first, later_first };

/// The rank of each of `count` pixels: 0 for the largest value. Throws shape_error beyond 2^31 of them.
template <class T>
[[nodiscard]] std::vector<std::int32_t> ranks_of(T const* values, index_t count, ties rule)
{
    if (count > std::numeric_limits<std::int32_t>::max()) {
        throw shape_error{"a map of " + std::to_string(count) + " positions cannot be ranked; give a smaller one"};
    }
    std::vector<std::int32_t> order(static_cast<std::size_t>(count));
    std::iota(order.begin(), order.end(), 0);
    if (rule == ties::later_first) { std::reverse(order.begin(), order.end()); }
    std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) { return values[a] > values[b]; });
    std::vector<std::int32_t> ranks(order.size());
    for (std::size_t r = 0; r < order.size(); ++r) {
        ranks[static_cast<std::size_t>(order[r])] = static_cast<std::int32_t>(r);
    }
    return ranks;
}

/// 0, step, 2 step, ... and `positions` at last: how many pixels are changed at each point of a curve.
[[nodiscard]] inline std::vector<index_t> counts_in_steps_of(index_t step, index_t positions)
{
    if (step < 1) { throw option_error{"a curve with steps of " + std::to_string(step) + " pixels; use 1 or more"}; }
    std::vector<index_t> counts;
    for (index_t count = 0; count < positions; count += step) { counts.push_back(count); }
    counts.push_back(positions);
    return counts;
}

/// The area below a curve by the trapezoidal rule; 2 points or more.
[[nodiscard]] inline double area_below(std::vector<double> const& x, std::vector<double> const& y)
{
    double area = 0;
    for (std::size_t i = 1; i < x.size(); ++i) { area += (x[i] - x[i - 1]) * (y[i] + y[i - 1]) / 2; }
    return area;
}

}  // namespace scorecam::metrics
