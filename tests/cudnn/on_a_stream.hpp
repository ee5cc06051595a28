#pragma once
// Networks called on a stream, with results on the host.
#include <cstddef>
#include <vector>

#include <scorecam/cuda/backend.hpp>
#include <scorecam/cuda/stream.hpp>
#include <scorecam/cudnn/network.hpp>
#include <scorecam/detail/model_calls.hpp>
#include <scorecam/tensor.hpp>

#include "cuda/device.hpp"
#include "engines/recorded.hpp"

namespace cudnn_tests {

using namespace engines;
namespace cuda  = scorecam::cuda;
namespace cudnn = scorecam::cudnn;

/// A stream and a backend on it.
struct on_a_stream {
    cuda::stream stream;
    cuda::basic_backend<> on{stream.get()};

    template <class T, std::size_t Rank>
    [[nodiscard]] sc::tensor<T, Rank> on_host(sc::tensor_view<T const, Rank, sc::cuda_space> view)
    {
        sc::tensor<T, Rank> host{view.shape()};
        on.to_host(view, host.data());
        on.wait();
        return host;
    }
    [[nodiscard]] sc::tensor<float, 2> on_host(sc::model_outputs<float, sc::cuda_space> const& outputs)
    {
        return on_host(outputs.flat());
    }
    template <class Element>
    [[nodiscard]] sc::tensor<float, 2> forward(cudnn::basic_network<Element>& network, sc::tensor<float, 4> const& images)
    {
        device::moved const batch{on, images};
        sc::detail::model_calls call{on, network};
        return on_host(call.forward(call.entered(batch.view())));
    }
    struct seen {
        sc::tensor<float, 2> outputs;
        std::vector<sc::tensor<float, 4>> activations;
    };
    template <class Element>
    [[nodiscard]] seen capture(cudnn::basic_network<Element>& network, sc::tensor<float, 4> const& images)
    {
        device::moved const batch{on, images};
        sc::detail::model_calls call{on, network};
        auto const found = network.capture_layers(call.entered(batch.view()), stream.get());
        seen all{on_host(found.outputs), {}};
        for (auto const& one : found.activations) { all.activations.push_back(on_host(one)); }
        return all;
    }
};

}  // namespace cudnn_tests
