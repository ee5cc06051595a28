// Whole maps of networks on cuDNN on the machine's GPU, recorded as a graph and not, beside the forwards alone that they
// run, by precision and batch size. The floor of a map is its forwards at the same batch size.
//
//     python3 bench/networks/make_large.py FOLDER
//     bench.cuda_networks FOLDER/vgg16.onnx FOLDER/resnet50.onnx >result.json
#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <cuda_runtime_api.h>

#include <scorecam/cuda/backend.hpp>
#include <scorecam/cuda/stream.hpp>
#include <scorecam/cudnn/network.hpp>
#include <scorecam/scorecam.hpp>
#include <scorecam/testing/drawn.hpp>

#include "cuda/report.hpp"

namespace sc    = scorecam;
namespace cuda  = scorecam::cuda;
namespace cudnn = scorecam::cudnn;

namespace {

template <class Element>
void time_network(bench::report& to, cuda::backend& on, std::string const& file, cudnn::settings const& how = {})
{
    constexpr sc::image_shape shape{3, 224, 224};
    cudnn::basic_network<Element> network{file, shape, {}, how};
    auto const channels = network.explained()[0].shape[0];
    auto const name     = std::filesystem::path{file}.stem().string() + "/" + network.precision();
    for (sc::index_t const n : {16, 64, 256, 512}) {
        auto const host   = sc::testing::drawn_tensor<float>(prepend(shape, n), 1);
        auto const memory = on.allocate<float>(host.size());
        sc::tensor_view<float, 4, sc::cuda_space> const batch{memory.data(), host.shape()};
        on.from_host(host.data(), batch);
        auto const size = "/batch:" + std::to_string(n);
        sc::model_calls call{on, network};
        auto const inputs  = call.entered(as_const(batch));
        double const floor = to.add(name + "/forwards" + size, 0, [&] {
            for (sc::index_t done = 0; done < channels; done += n) {
                static_cast<void>(network.forward(inputs.slice(0, std::min(n, channels - done)), on.queue()));
            }
        });
        sc::explainer explain{on, network, sc::target{1}, sc::fixed_batch{n}};
        for (bool const recorded : {false, true}) {
            network.capturable = recorded;
            auto const map     = [&] { static_cast<void>(explain(as_const(batch.slice(0, 1)))); };
            to.add(name + (recorded ? "/map_recorded" : "/map") + size, 0, map, floor);
        }
    }
}

}  // namespace

int main(int count, char** arguments)
{
    if (count < 2) {
        std::fputs("usage: bench.cuda_networks NETWORK.onnx...   of (3, 224, 224)\n", stderr);
        return 2;
    }
    if (!bench::has_gpu()) { return 77; }
    try {
        cuda::stream const stream;
        cuda::backend on{stream.get()};
        bench::report to{"bench.cuda_networks", stream, 7};
        for (int i = 1; i < count; ++i) {
            time_network<float>(to, on, arguments[i]);
            time_network<float>(to, on, arguments[i], {.precision = cudnn::arithmetic::tf32});
            time_network<__nv_bfloat16>(to, on, arguments[i]);
        }
    } catch (std::exception const& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
