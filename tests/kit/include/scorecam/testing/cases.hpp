#pragma once
// The one table of shapes that tests and benchmarks share. Names never change: results are compared by name.
#include <cstddef>
#include <vector>

#include <scorecam/tensor_view.hpp>

namespace scorecam::testing::cases {

/// The shapes of one input and of its activations.
template <std::size_t SpatialRank>
struct geometry {
    char const* name;
    extents<SpatialRank + 1> image;       ///< (C, H, W)
    extents<SpatialRank + 1> activation;  ///< (K, h, w)
};
using shape_case = geometry<2>;

/// Geometries that are easy to get wrong, of signals (1), images (2) and volumes (3).
template <std::size_t SpatialRank>
[[nodiscard]] std::vector<geometry<SpatialRank>> odd()
{
    static_assert(1 <= SpatialRank && SpatialRank <= 3);
    if constexpr (SpatialRank == 1) {
        return {
            {"signal_ratio_4", {3, 32}, {8, 8}},     {"signal_odd_ratio", {3, 37}, {5, 10}},
            {"signal_same_size", {1, 29}, {4, 29}},  {"signal_one_position", {2, 9}, {3, 1}},
            {"signal_one_channel", {3, 20}, {1, 5}}, {"signal_larger_than_input", {3, 7}, {4, 17}},
        };
    } else if constexpr (SpatialRank == 2) {
        return {
            {"ratio_4", {3, 32, 32}, {8, 8, 8}},     {"odd_ratio", {3, 37, 53}, {5, 10, 14}},
            {"not_square", {2, 48, 64}, {6, 6, 8}},  {"same_size", {1, 21, 29}, {4, 21, 29}},
            {"one_row", {3, 5, 40}, {4, 1, 7}},      {"one_position", {1, 9, 9}, {3, 1, 1}},
            {"one_channel", {3, 20, 20}, {1, 5, 5}}, {"larger_than_input", {3, 9, 7}, {4, 23, 17}},
        };
    } else {
        return {
            {"volume_ratio_4", {2, 8, 8, 8}, {4, 2, 2, 2}},      {"volume_odd_ratio", {1, 7, 11, 13}, {5, 3, 4, 5}},
            {"volume_same_size", {1, 4, 5, 6}, {3, 4, 5, 6}},    {"volume_one_slice", {2, 6, 5, 10}, {4, 1, 3, 2}},
            {"volume_one_position", {1, 3, 4, 5}, {2, 1, 1, 1}}, {"volume_larger_than_input", {1, 3, 4, 2}, {3, 7, 5, 6}},
        };
    }
}

/// What networks for 224 × 224 pictures have at their last spatial layer.
inline std::vector<shape_case> const networks{
    {"squeezenet", {3, 224, 224}, {512, 13, 13}},
    {"mobilenet_v2", {3, 224, 224}, {1280, 7, 7}},
    {"vgg16", {3, 224, 224}, {512, 14, 14}},
    {"resnet50", {3, 224, 224}, {2048, 7, 7}},
};

}  // namespace scorecam::testing::cases
