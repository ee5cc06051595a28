#pragma once
// Which channels to score: those that matter, and of those the ones that are least known.
#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include <scorecam/budget/matrix.hpp>
#include <scorecam/budget/process.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::budget {

/// The order of keys, largest first; of equal ones, the first first.
[[nodiscard]] inline std::vector<index_t> largest_first(vector const& keys)
{
    std::vector<index_t> order(static_cast<std::size_t>(keys.size()));
    std::iota(order.begin(), order.end(), index_t{0});
    std::stable_sort(order.begin(), order.end(), [&](index_t a, index_t b) { return keys(a) > keys(b); });
    return order;
}

/// What each channel (a column) adds to a map at most, beside a constant: max A_k - min A_k.
[[nodiscard]] inline vector reach_of(matrix const& summands)
{
    return summands.colwise().maxCoeff() - summands.colwise().minCoeff();
}

/// Σ max(A_k, 0) · Σ max(H_k, 0): before anything is known, a large channel with a large mask matters most.
[[nodiscard]] inline vector mass_times_area(matrix const& summands, matrix const& masks)
{
    return summands.cwiseMax(0).colwise().sum().cwiseProduct(masks.cwiseMax(0).colwise().sum()).transpose();
}

/// A design for one batch, without looking at any score: the process observes, one after the other, the item for which
/// reach² · variance is largest. `from` has observed nothing of its first reach.size() items yet. O(items · count²).
[[nodiscard]] inline std::vector<index_t> greedy_design(process from, vector const& reach, index_t count)
{
    std::vector<index_t> chosen;
    vector open = reach.array().square() + std::numeric_limits<float>::min();  // 0 for those chosen
    while (static_cast<index_t>(chosen.size()) < std::min(count, reach.size())) {
        index_t best = 0;
        open.cwiseProduct(from.variance().head(reach.size())).maxCoeff(&best);
        open(best) = -1;
        chosen.push_back(best);
        from.observe(std::span{&chosen.back(), 1});
    }
    return chosen;
}

}  // namespace scorecam::budget
