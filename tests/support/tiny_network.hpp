#pragma once
// The network of tests/golden/tiny: conv1 3x3 - ReLU - conv2 3x3 (explained) - ReLU - mean over h and w - linear.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include <scorecam/model.hpp>
#include <scorecam/tensor.hpp>

#include "support/npy.hpp"

namespace scorecam::testing {

template <class T>
struct convolution {
    tensor<T, 4> weight;  // (outputs, inputs, height, width)
    tensor<T, 1> bias;
    index_t stride;
    index_t padding;

    [[nodiscard]] tensor<T, 4> operator()(tensor_view<T const, 4> x) const
    {
        auto const size = [&](std::size_t axis) {
            return (x.extent(axis) + 2 * padding - weight.extent(axis)) / stride + 1;
        };
        tensor<T, 4> y{extents<4>{x.extent(0), weight.extent(0), size(2), size(3)}};
        for (index_t n = 0; n < y.extent(0); ++n) {
            for (index_t k = 0; k < y.extent(1); ++k) {
                for (index_t i = 0; i < y.extent(2); ++i) {
                    for (index_t j = 0; j < y.extent(3); ++j) { y(n, k, i, j) = bias(k) + at(x[n], k, i, j); }
                }
            }
        }
        return y;
    }

private:
    [[nodiscard]] T at(tensor_view<T const, 3> x, index_t k, index_t i, index_t j) const
    {
        double sum = 0;
        for (index_t c = 0; c < weight.extent(1); ++c) {
            for (index_t di = 0; di < weight.extent(2); ++di) {
                for (index_t dj = 0; dj < weight.extent(3); ++dj) {
                    index_t const row    = i * stride + di - padding;
                    index_t const column = j * stride + dj - padding;
                    bool const inside    = row >= 0 && row < x.extent(1) && column >= 0 && column < x.extent(2);
                    if (inside) {
                        sum += static_cast<double>(weight(k, c, di, dj)) * static_cast<double>(x(c, row, column));
                    }
                }
            }
        }
        return static_cast<T>(sum);
    }
};

template <class T>
[[nodiscard]] tensor<T, 4> relu(tensor<T, 4> x)
{
    for (auto& value : x.view()) { value = std::max(value, T(0)); }
    return x;
}

/// The mean over h and w, then a linear layer: (n, K, h, w) to (n, classes).
template <class T>
[[nodiscard]] tensor<T, 2> classify(tensor_view<T const, 4> x, tensor<T, 2> const& weight, tensor<T, 1> const& bias)
{
    tensor<T, 2> logits{extents<2>{x.extent(0), bias.extent(0)}};
    auto const pixels = static_cast<double>(x.extent(2) * x.extent(3));
    for (index_t n = 0; n < x.extent(0); ++n) {
        for (index_t c = 0; c < bias.extent(0); ++c) { logits(n, c) = bias(c); }
        for (index_t k = 0; k < x.extent(1); ++k) {
            double sum = 0;
            for (auto const value : x[n][k]) { sum += static_cast<double>(value); }
            auto const mean = static_cast<T>(sum / pixels);
            for (index_t c = 0; c < bias.extent(0); ++c) { logits(n, c) += weight(c, k) * mean; }
        }
    }
    return logits;
}

/// What a tiny network consists of, with the recorded float32 weights.
template <class T>
struct tiny_layers {
    image_shape input;
    convolution<T> conv1;
    convolution<T> conv2;
    tensor<T, 2> linear_weight;
    tensor<T, 1> linear_bias;
    image_shape activation;  ///< of conv2, and of the ReLU behind it
    bool tap_after_relu;     ///< explained is the ReLU, or else conv2

    /// Those of one case: `folder` holds its weights and sizes.
    explicit tiny_layers(std::string const& folder)
    {
        // N Cin H W c1 K classes stride1 pad1 stride2 pad2 relu_target h w
        auto const sizes      = load<index_t, 1, std::int64_t>(folder + "/params.npy");
        auto const load_layer = [&](std::string const& name, index_t stride, index_t padding) {
            return convolution<T>{load<T, 4, float>(folder + "/" + name + "_w.npy"),
                                  load<T, 1, float>(folder + "/" + name + "_b.npy"), stride, padding};
        };
        input          = {sizes(1), sizes(2), sizes(3)};
        conv1          = load_layer("conv1", sizes(7), sizes(8));
        conv2          = load_layer("conv2", sizes(9), sizes(10));
        linear_weight  = load<T, 2, float>(folder + "/fc_w.npy");
        linear_bias    = load<T, 1, float>(folder + "/fc_b.npy");
        activation     = {sizes(5), sizes(12), sizes(13)};
        tap_after_relu = sizes(11) == 1;
    }
};

/// Calculates in T, float or double; it sums in double, so that its own rounding stays below what is tested.
template <class T>
class tiny_network {
public:
    using value_type = T;
    using space_type = host_space;

    explicit tiny_network(std::string const& folder) : layers_{folder} {}

    [[nodiscard]] image_shape input_shape() const { return layers_.input; }

    tensor_view<T const, 2> forward(tensor_view<T const, 4> batch) { return capture(batch).outputs; }

    captured<T> capture(tensor_view<T const, 4> batch)
    {
        auto before_relu = layers_.conv2(relu(layers_.conv1(batch)));
        auto after_relu  = relu(before_relu);
        logits_          = classify<T>(after_relu, layers_.linear_weight, layers_.linear_bias);
        activations_     = std::move(layers_.tap_after_relu ? after_relu : before_relu);
        return {logits_, activations_};
    }

    /// What is behind the explained layer.
    tensor_view<T const, 2> resume(tensor_view<T const, 4> activations)
    {
        tensor<T, 4> copy{activations.shape(), {activations.begin(), activations.end()}};
        resumed_ = classify<T>(relu(std::move(copy)), layers_.linear_weight, layers_.linear_bias);
        return resumed_;
    }

private:
    tiny_layers<T> layers_;
    tensor<T, 2> logits_;
    tensor<T, 2> resumed_;
    tensor<T, 4> activations_;
};

static_assert(model<tiny_network<float>> && model<tiny_network<double>>);

}  // namespace scorecam::testing
