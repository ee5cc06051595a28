#pragma once
// One map out of several, pixel by pixel.
#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/ops/heatmap.hpp>
#include <scorecam/ops/range.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam {

/// What becomes of the values of several maps at one pixel.
enum class fuse_by { maximum, mean, product };

/// How maps of one size are fused. torch-cam's fuse_cams is {maximum, scaling::none}; jacobgil/pytorch-grad-cam,
/// base_cam.py, aggregate_multi_layers, is {mean, min_max, 1e-7} after maps that were not scaled at last.
struct fusion {
    fuse_by by         = fuse_by::maximum;
    ops::scaling scale = ops::scaling::min_max;  ///< of the fused map
    double epsilon     = 0;                      ///< added to max - min there
};

/// The fused maps (I, M, H, W), of one or more tensors of that shape, each with values from 0 on; of one, that itself.
/// Throws option_error if there is none, or if their shapes differ.
template <class T, std::size_t Rank>
[[nodiscard]] tensor<T, Rank> fuse(std::vector<tensor_view<T const, Rank>> const& maps, fusion const& how)
{
    if (maps.empty()) { throw option_error{"there are no maps to fuse; pass one or more"}; }
    tensor<T, Rank> fused{maps[0].shape()};
    std::copy(maps[0].begin(), maps[0].end(), fused.data());
    if (maps.size() == 1) { return fused; }
    for (std::size_t l = 1; l < maps.size(); ++l) {
        if (!(maps[l].shape() == fused.shape())) {
            throw option_error{"maps of the shapes " + to_string(fused.shape()) + " and " + to_string(maps[l].shape()) +
                               " cannot be fused; draw them at the input's size, heatmap_rule{.size = step_at::input}"};
        }
        for (index_t p = 0; p < fused.size(); ++p) {
            T& value      = fused.data()[p];
            T const other = maps[l].data()[p];
            value         = how.by == fuse_by::maximum ? std::max(value, other)
                            : how.by == fuse_by::mean  ? value + other
                                                       : value * other;
        }
    }
    if (how.by == fuse_by::mean) {
        for (index_t p = 0; p < fused.size(); ++p) { fused.data()[p] /= static_cast<T>(maps.size()); }
    }
    if (how.scale == ops::scaling::min_max) {
        auto const each = merge_leading(fused.view());
        for (index_t m = 0; m < each.extent(0); ++m) {
            auto const range = ops::range_of(each[m].data(), each[m].size());
            for (T& value : each[m]) { value = ops::min_max(value, range, static_cast<T>(how.epsilon)); }
        }
    }
    return fused;
}

}  // namespace scorecam
