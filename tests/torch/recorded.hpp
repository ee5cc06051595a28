#pragma once
// What PyTorch said of the modules beside this file (make_modules.py), and how it is compared.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <scorecam/tensor_view.hpp>
#include <scorecam/torch/tensors.hpp>

#include <torch/script.h>

#include "support/data.hpp"

namespace recorded {

namespace sc = scorecam;

[[nodiscard]] inline std::string file(std::string const& name) { return files::own("tests/torch/" + name + ".pt"); }

/// A tensor of those recorded of a network: "input", "outputs", or a layer.
[[nodiscard]] inline at::Tensor of(std::string const& network, std::string name)
{
    std::replace(name.begin(), name.end(), '.', '_');
    return ::torch::jit::load(file("recorded")).attr(network).toModule().attr(name).toTensor().contiguous();
}

template <std::size_t Rank>
[[nodiscard]] sc::tensor_view<float const, Rank> view(at::Tensor const& values)
{
    sc::extents<Rank> shape{};
    for (std::size_t d = 0; d < Rank; ++d) { shape[d] = values.size(static_cast<std::int64_t>(d)); }
    return {values.data_ptr<float>(), shape};
}

/// The largest difference; infinite if the shapes differ.
template <std::size_t Rank>
[[nodiscard]] double apart(sc::tensor_view<float const, Rank> found, at::Tensor const& expected)
{
    auto const wanted = view<Rank>(expected);
    double worst = expected.dim() == Rank && found.shape() == wanted.shape() ? 0 : std::numeric_limits<double>::infinity();
    for (sc::index_t p = 0; worst < 1e9 && p < found.size(); ++p) {
        worst = std::max(worst, static_cast<double>(std::abs(found.data()[p] - wanted.data()[p])));
    }
    return worst;
}

}  // namespace recorded
