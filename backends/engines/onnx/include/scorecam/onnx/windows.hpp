#pragma once
// How the windows of convolutions and poolings lie on an image.
#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include <scorecam/engines/onnx/graph.hpp>
#include <scorecam/error.hpp>
#include <scorecam/onnx/plan.hpp>

namespace scorecam::onnx {

/// Zeros around an image: above and to the left, below and to the right.
struct margins {
    pair before{0, 0};
    pair after{0, 0};
};

struct windows {
    pair size;
    pair stride;
    pair dilation;
    margins padding;
    pair number;  ///< of windows
};

/// Of windows of the size `size` over `image` (H, W), by the attributes that Conv, MaxPool and AveragePool share; `around`
/// is padded first. Throws model_error.
[[nodiscard]] inline windows windows_of(node const& of, pair image, pair size, margins around = {})
{
    auto const strides   = of.integers("strides", {1, 1});
    auto const dilations = of.integers("dilations", {1, 1});
    auto const pads      = of.integers("pads", {0, 0, 0, 0});
    auto const how       = of.word("auto_pad", "NOTSET");
    bool const of_images = strides.size() == 2 && dilations.size() == 2 && pads.size() == 4;
    bool fits = of_images && std::min({size[0], size[1], strides[0], strides[1], dilations[0], dilations[1]}) >= 1 &&
                std::max({size[0], size[1], strides[0], strides[1], dilations[0], dilations[1]}) <= largest_size;
    for (auto const pad : pads) { fits = fits && pad >= -largest_size && pad <= largest_size; }
    if (!fits) {
        throw model_error{of.described() +
                          ": its size, strides, dilations or pads are not those of images; export an image network"};
    }
    windows found{size, {strides[0], strides[1]}, {dilations[0], dilations[1]}, around, {0, 0}};
    for (std::size_t a = 0; a < 2; ++a) {
        auto const stride = strides[a];
        auto const length = (size[a] - 1) * dilations[a] + 1;
        auto const inside = image[a] + around.before[a] + around.after[a];
        index_t before = pads[a], after = pads[a + 2];
        if (how == "VALID") { before = after = 0; }
        if (how == "SAME_UPPER" || how == "SAME_LOWER") {
            auto const total = std::max<index_t>(0, ((inside + stride - 1) / stride - 1) * stride + length - inside);
            before           = how == "SAME_UPPER" ? total / 2 : total - total / 2;
            after            = total - before;
        }
        auto const room   = inside + before + after - length;
        bool const partly = of.integer("ceil_mode", 0) != 0;  // the last window may reach beyond the padding
        auto& number      = found.number[a];
        number            = room < 0 ? 0 : (room + (partly ? stride - 1 : 0)) / stride + 1;
        if (partly && (number - 1) * stride >= inside + before) { --number; }  // but has to begin before it, as in PyTorch
        if (number < 1 || before < 0 || after < 0) {
            throw model_error{of.described() + ": its windows do not fit an image of " + to_string(image) +
                              "; give the size that the network was made for"};
        }
        found.padding.before[a] += before;
        found.padding.after[a] += after;
    }
    return found;
}

/// Weights (M, C, h, w) as they are when both sides are padded alike: the narrower side of the padding is filled up, and
/// zeros in the weights leave out what was filled. Throws model_error if the dilation steps over them.
inline void pad_alike(node const& of, windows const& from, convolution& to)
{
    pair grown{to.shape[2], to.shape[3]}, shift{0, 0};
    for (std::size_t a = 0; a < 2; ++a) {
        auto const before = from.padding.before[a], after = from.padding.after[a];
        to.padding[a] = std::max(before, after);
        if ((after - before) % from.dilation[a] != 0) {
            throw model_error{of.described() + ": dilated and padded with " + std::to_string(before) + " and " +
                              std::to_string(after) + " is not supported; export it with the same padding on both sides"};
        }
        shift[a] = (to.padding[a] - before) / from.dilation[a];
        grown[a] += shift[a] + (to.padding[a] - after) / from.dilation[a];
    }
    to.stride   = from.stride;
    to.dilation = from.dilation;
    if (grown == pair{to.shape[2], to.shape[3]}) { return; }
    constexpr index_t most = 64;  // times the weights of the file
    auto const size        = static_cast<index_t>(to.weights.size());
    if (grown[0] > largest_size || grown[1] > largest_size ||
        grown.size() / (to.shape[2] * to.shape[3]) > std::min(most, largest_size / size)) {
        throw model_error{of.described() + ": windows of " + to_string(pair{to.shape[2], to.shape[3]}) +
                          " that are padded on one side as if they were of " + to_string(grown) +
                          " are not supported; export it with the same padding on both sides"};
    }
    std::vector<float> weights(static_cast<std::size_t>(to.shape[0] * to.shape[1] * grown.size()));
    for (index_t m = 0; m < to.shape[0] * to.shape[1]; ++m) {
        for (index_t y = 0; y < to.shape[2]; ++y) {
            auto const row = to.weights.begin() + (m * to.shape[2] + y) * to.shape[3];
            std::copy_n(row, to.shape[3], weights.begin() + (m * grown[0] + y + shift[0]) * grown[1] + shift[1]);
        }
    }
    to.weights  = std::move(weights);
    to.shape[2] = grown[0];
    to.shape[3] = grown[1];
}

/// The pooling with those windows. Throws model_error where a mean counts padding that lies on one side only.
[[nodiscard]] inline pooling pooled(node const& of, windows const& from, pair image, pooling::kind kind)
{
    if (!(from.dilation == pair{1, 1})) {
        throw model_error{of.described() + ": dilated windows are not supported; export the network without them"};
    }
    for (std::size_t a = 0; a < 2; ++a) {
        auto const last = (from.number[a] - 1) * from.stride[a];
        auto const end  = image[a] + 2 * from.padding.before[a];
        bool const even = from.padding.before[a] == from.padding.after[a] && last + from.size[a] <= end;
        if (kind == pooling::kind::mean_with_padding && !even) {
            throw model_error{of.described() +
                              ": a mean that counts the padding of one side is not supported; export it with "
                              "count_include_pad=0 or the same padding on both sides"};
        }
        if (from.padding.before[a] >= from.size[a] || last >= image[a] + from.padding.before[a]) {
            throw model_error{of.described() +
                              ": windows that lie in the padding are not supported; export it with less padding"};
        }
    }
    return {kind, from.size, from.stride, from.padding.before};
}

}  // namespace scorecam::onnx
