#pragma once
// How alike two masks are to a network.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

#include <scorecam/budget/matrix.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::budget {

namespace detail {

/// C·m for every column m, a row-major grid of extents `size`: C_ij = exp(-|i - j|²/2) is a product over the axes.
template <std::size_t Rank>
void blur_columns(matrix& maps, extents<Rank> const& size)
{
    index_t inner = maps.rows();
    for (std::size_t axis = 0; axis < Rank; ++axis) {
        index_t const n = size[axis];
        inner /= n;
        matrix along(n, n);
        for (index_t i = 0; i < n; ++i) {
            for (index_t j = 0; j < n; ++j) { along(i, j) = std::exp(-0.5F * static_cast<float>((i - j) * (i - j))); }
        }
        for (index_t first = 0; first < maps.size(); first += inner == 1 ? maps.size() : inner * n) {
            float* const block = maps.data() + first;  // lines along this axis, or one across it
            matrix const blurred =
                inner == 1 ? product(along, {block, n, maps.size() / n, n}) : product({block, inner, n, inner}, along);
            std::copy_n(blurred.data(), blurred.size(), block);
        }
    }
}

/// The middle one; 1 if there is none above 0, so that it can be divided by.
[[nodiscard]] inline float median_scale(std::vector<float> values)
{
    if (values.empty()) { return 1; }
    auto const middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle > 0 ? *middle : 1;
}

}  // namespace detail

/// k(h, h') = G + (1 + √3 D) exp(-√3 D), linear and Matérn-3/2, for masks h. G = hᵀCh', where C_ij = exp(-|i - j|²/2) makes
/// cells one apart correlate, scaled to a median of 1 over the masks; D² = G_hh + G_h'h' - 2 G_hh', scaled likewise.
///
/// Items 0 to n - 1 are the masks given; then come the two whose outputs are known for nothing: `zero()`, 0 everywhere, and
/// `whole()`, 1 everywhere.
class mask_kernel {
public:
    /// The masks (K, spatial...) of the chosen channels.
    template <class T, std::size_t Rank>
    mask_kernel(tensor_view<T const, Rank> masks, std::span<index_t const> chosen)
    {
        auto const n   = static_cast<index_t>(chosen.size());
        auto const own = columns_of(masks, chosen);
        masks_.resize(own.rows(), n + 2);
        std::copy_n(own.data(), own.size(), masks_.data());
        std::ranges::fill(column(masks_, n), 0.F);
        std::ranges::fill(column(masks_, n + 1), 1.F);
        blurred_ = masks_;
        detail::blur_columns(blurred_, trailing<Rank - 1>(masks.shape()));
        own_.resize(n + 2);
        for (index_t k = 0; k < n + 2; ++k) {
            auto const mask = column(masks_, k);
            own_(k)         = std::inner_product(mask.begin(), mask.end(), column(blurred_, k).begin(), 0.F);
        }
        float const scale = 1 / detail::median_scale({own_.data(), own_.data() + n});
        for (auto& value : std::span{own_.data(), static_cast<std::size_t>(own_.size())}) { value *= scale; }
        for (auto& value : std::span{blurred_.data(), static_cast<std::size_t>(blurred_.size())}) { value *= scale; }
        per_distance_ = 3 / detail::median_scale(squared_distances());
    }

    [[nodiscard]] index_t items() const { return masks_.cols(); }
    [[nodiscard]] index_t zero() const { return items() - 2; }
    [[nodiscard]] index_t whole() const { return items() - 1; }

    /// k(h, h) of every item.
    [[nodiscard]] vector self() const
    {
        auto with_matern = own_;
        for (index_t k = 0; k < items(); ++k) { with_matern(k) += 1; }
        return with_matern;
    }

    /// k between every item (rows) and some (columns).
    [[nodiscard]] matrix with(std::span<index_t const> some) const
    {
        matrix k = inner_products(masks_, columns_at(blurred_, some));
        add_matern(k, own_, rows_at(own_, some));
        return k;
    }

    /// k among some items.
    [[nodiscard]] matrix among(std::span<index_t const> some) const
    {
        matrix k = inner_products(columns_at(masks_, some), columns_at(blurred_, some));
        add_matern(k, rows_at(own_, some), rows_at(own_, some));
        return k;
    }

    [[nodiscard]] index_t bytes() const
    {
        return (masks_.size() + blurred_.size() + own_.size()) * static_cast<index_t>(sizeof(float));
    }

private:
    /// From G to k.
    void add_matern(matrix& k, matrix_view const& rows, matrix_view const& columns) const
    {
        for (index_t j = 0; j < k.cols(); ++j) {
            for (index_t i = 0; i < k.rows(); ++i) {
                float& g      = k(i, j);
                float const d = std::sqrt(std::max(rows.data[i] + columns.data[j] - 2 * g, 0.F) * per_distance_);  // √3 D
                g += (1 + d) * std::exp(-d);
            }
        }
    }

    /// D² before scaling, between at most 128 of the masks, evenly spread: what their median is taken of.
    [[nodiscard]] std::vector<float> squared_distances() const
    {
        index_t const step = (zero() + most_compared - 1) / most_compared;
        std::vector<index_t> some;
        for (index_t k = 0; k < zero(); k += step) { some.push_back(k); }
        matrix const g = inner_products(columns_at(masks_, some), columns_at(blurred_, some));
        std::vector<float> squares;
        for (index_t i = 0; i < g.rows(); ++i) {
            for (index_t j = 0; j < i; ++j) { squares.push_back(std::max(g(i, i) + g(j, j) - 2 * g(i, j), 0.F)); }
        }
        return squares;
    }

    static constexpr index_t most_compared = 128;

    matrix masks_;        // (cells, items)
    matrix blurred_;      // C·masks, scaled
    vector own_;          // G_hh
    float per_distance_;  // 3 / median D²
};

}  // namespace scorecam::budget
