#pragma once
// The networks of this folder, and what PyTorch computed with them: see make_networks.py.
#include <algorithm>
#include <string>
#include <vector>

#include <scorecam/tensor.hpp>
#include <scorecam/tensor_view.hpp>

#include "golden/recorded.hpp"
#include "support/data.hpp"

namespace engines {

namespace sc = scorecam;
using golden::deviation;
using sc::index_t;

[[nodiscard]] inline std::string file_of(std::string const& network)
{
    return files::own("tests/engines/networks/" + network + ".onnx");
}

/// An array of a network: recorded<4>("plain", "input").
template <std::size_t Rank>
[[nodiscard]] sc::tensor<float, Rank> recorded(std::string const& network, std::string const& array)
{
    return sc::testing::load<float, Rank>(files::own("tests/engines/networks/" + network + "." + array + ".npy"));
}

/// Between an engine and PyTorch: sums over at most 72 products in another order. Measured: 1.4e-6 at most.
inline constexpr double tolerance = 1e-5;

inline constexpr sc::image_shape plain_input{2, 12, 10};
inline constexpr sc::image_shape residual_input{3, 8, 8};

/// Layers that were recorded, and their names in the file.
struct recorded_layer {
    std::string array;
    std::string name;
};
struct recorded_network {
    std::string name;
    sc::image_shape input;
    std::vector<recorded_layer> layers;

    [[nodiscard]] std::vector<std::string> names() const
    {
        std::vector<std::string> all;
        for (auto const& one : layers) { all.push_back(one.name); }
        return all;
    }
};
inline std::vector<recorded_network> const recorded_networks{
    {"plain", plain_input, {{"second", "/second/Conv"}, {"relu", "/relu/Relu"}}},
    {"residual", residual_input, {{"conv1", "/conv1/Conv"}, {"add", "/add/Add"}, {"last", "/last/Relu"}}},
};

/// The names of all layers of a network.
template <class Network>
[[nodiscard]] std::vector<std::string> layers_of(Network const& network)
{
    std::vector<std::string> names;
    for (auto const& one : network.layers()) { names.push_back(one.name); }
    return names;
}

/// A batch of n images: the recorded ones, over and over.
template <std::size_t Rank>
[[nodiscard]] sc::tensor<float, Rank> repeated(sc::tensor<float, Rank> const& rows, index_t n)
{
    sc::tensor<float, Rank> all{sc::prepend(sc::trailing<Rank - 1>(rows.shape()), n)};
    auto const size = rows.size() / rows.extent(0);
    for (index_t i = 0; i < n; ++i) { std::copy_n(rows.data() + i % rows.extent(0) * size, size, all.data() + i * size); }
    return all;
}

}  // namespace engines
