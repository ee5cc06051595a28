#pragma once
// The one table of shapes that tests and benchmarks share. Names never change: results are compared by name.
#include <vector>

#include <scorecam/tensor_view.hpp>

namespace cases {

struct shape_case {
    char const* name;
    scorecam::image_shape image;       ///< (C, H, W)
    scorecam::image_shape activation;  ///< (K, h, w)
};

/// Geometries that are easy to get wrong.
inline std::vector<shape_case> const odd{
    {"ratio_4", {3, 32, 32}, {8, 8, 8}},     {"odd_ratio", {3, 37, 53}, {5, 10, 14}},
    {"not_square", {2, 48, 64}, {6, 6, 8}},  {"same_size", {1, 21, 29}, {4, 21, 29}},
    {"one_row", {3, 5, 40}, {4, 1, 7}},      {"one_position", {1, 9, 9}, {3, 1, 1}},
    {"one_channel", {3, 20, 20}, {1, 5, 5}}, {"larger_than_input", {3, 9, 7}, {4, 23, 17}},
};

/// What networks for 224 × 224 pictures have at their last spatial layer.
inline std::vector<shape_case> const networks{
    {"squeezenet", {3, 224, 224}, {512, 13, 13}},
    {"mobilenet_v2", {3, 224, 224}, {1280, 7, 7}},
    {"vgg16", {3, 224, 224}, {512, 14, 14}},
    {"resnet50", {3, 224, 224}, {2048, 7, 7}},
};

}  // namespace cases
