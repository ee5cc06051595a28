#pragma once
// Which channels to score: those that matter, and of those the ones that are least known.
#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

#include <scorecam/budget/gaussian_process.hpp>
#include <scorecam/budget/matrix.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::budget {

/// What each channel (a column) adds to a map at most, beside a constant: max A_k - min A_k.
[[nodiscard]] inline vector reach_of(matrix const& summands)
{
    vector reach(summands.cols());
    for (index_t k = 0; k < summands.cols(); ++k) {
        auto const map           = column(summands, k);
        auto const [least, most] = std::minmax_element(map.begin(), map.end());
        reach(k)                 = *most - *least;
    }
    return reach;
}

/// Σ max(A_k, 0) · Σ max(H_k, 0): before anything is known, a large channel with a large mask matters most.
[[nodiscard]] inline vector mass_times_area(matrix const& summands, matrix const& masks)
{
    auto const positive = [](std::span<float const> map) {
        return std::accumulate(map.begin(), map.end(), 0.F,
                               [](float sum, float value) { return sum + std::max(value, 0.F); });
    };
    vector product(summands.cols());
    for (index_t k = 0; k < summands.cols(); ++k) {
        product(k) = positive(column(summands, k)) * positive(column(masks, k));
    }
    return product;
}

/// A plan for one batch, made without looking at any score: the process observes, one after the other, the item for which
/// importance · variance is largest. One that is not to be chosen has an importance below 0. O(items · count²).
[[nodiscard]] inline std::vector<index_t> greedy_design(gaussian_process from, vector importance, index_t count)
{
    std::vector<index_t> chosen;
    while (static_cast<index_t>(chosen.size()) < count) {
        vector const variance = from.variance();
        index_t best          = 0;
        for (index_t j = 1; j < importance.size(); ++j) {
            if (importance(j) * variance(j) > importance(best) * variance(best)) { best = j; }
        }
        importance(best) = -1;
        chosen.push_back(best);
        from.observe(std::span{&chosen.back(), 1});
    }
    return chosen;
}

}  // namespace scorecam::budget
