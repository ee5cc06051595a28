#pragma once
// Which channels to score: those that matter, and of those the ones that are least known.
#include <cstddef>
#include <span>
#include <vector>

#include <scorecam/budget/matrix.hpp>
#include <scorecam/budget/gaussian_process.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::budget {

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

/// A plan for one batch, made without looking at any score: the process observes, one after the other, the item for which
/// importance · variance is largest. One that is not to be chosen has an importance below 0. O(items · count²).
[[nodiscard]] inline std::vector<index_t> greedy_design(gaussian_process from, vector importance, index_t count)
{
    std::vector<index_t> chosen;
    while (static_cast<index_t>(chosen.size()) < count) {
        index_t best = 0;
        importance.cwiseProduct(from.variance().head(importance.size())).maxCoeff(&best);
        importance(best) = -1;
        chosen.push_back(best);
        from.observe(std::span{&chosen.back(), 1});
    }
    return chosen;
}

}  // namespace scorecam::budget
