// Whole maps of networks on cuDNN on the machine's GPU, recorded as a graph and not, beside the forwards alone that they
// run, by precision and batch size. The floor of a map is its forwards at the same batch size.
//
//     python3 bench/networks/make_large.py FOLDER
//     bench.cuda_networks FOLDER/vgg16.onnx FOLDER/resnet50.onnx >result.json
//     bench.cuda_networks FOLDER/resnet50.onnx --precision tf32 --batch 64 --repetitions 3 >result.json
#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <stdexcept>
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

struct options {
    std::vector<std::string> files;
    std::string precision;  // one of them, or all
    std::vector<sc::index_t> batches{16, 64, 256, 512};
    int repetitions = 7;

    [[nodiscard]] bool has(std::string const& name) const { return precision.empty() || precision == name; }
};

/// Throws std::invalid_argument.
options parsed(int count, char** arguments)
{
    options found;
    for (int i = 1; i < count; ++i) {
        std::string const word = arguments[i];
        if (word.rfind("--", 0) != 0) {
            found.files.push_back(word);
        } else if (i + 1 == count) {
            throw std::invalid_argument{word + " has no value"};
        } else if (std::string const value = arguments[++i]; word == "--precision") {
            found.precision = value;
        } else if (word == "--batch") {
            found.batches = {std::stoi(value)};
        } else if (word == "--repetitions") {
            found.repetitions = std::stoi(value);
        } else {
            throw std::invalid_argument{word + " is not an option"};
        }
    }
    if (found.files.empty()) { throw std::invalid_argument{"no network was named"}; }
    if (!(found.has("float32") || found.has("tf32") || found.has("bfloat16"))) {
        throw std::invalid_argument{found.precision + " is not a precision"};
    }
    if (found.batches[0] < 1 || found.repetitions < 1) { throw std::invalid_argument{"a number below 1"}; }
    return found;
}

template <class Element>
void time_network(bench::report& to, cuda::backend& on, std::string const& file, options const& wanted,
                  cudnn::settings const& how = {})
{
    constexpr sc::image_shape shape{3, 224, 224};
    cudnn::basic_network<Element> network{file, shape, {}, how};
    auto const channels = network.explained()[0].shape[0];
    auto const name     = std::filesystem::path{file}.stem().string() + "/" + network.precision();
    for (sc::index_t const n : wanted.batches) {
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
    options wanted;
    try {
        wanted = parsed(count, arguments);
    } catch (std::logic_error const& e) {  // of stoi, too
        std::fprintf(stderr,
                     "%s\nusage: bench.cuda_networks NETWORK.onnx... [--precision float32|tf32|bfloat16] [--batch N] "
                     "[--repetitions N]\nNetworks are of (3, 224, 224).\n",
                     e.what());
        return 2;
    }
    if (!bench::has_gpu()) { return 77; }
    try {
        cuda::stream const stream;
        cuda::backend on{stream.get()};
        bench::report to{"bench.cuda_networks", stream, wanted.repetitions};
        for (auto const& file : wanted.files) {
            if (wanted.has("float32")) { time_network<float>(to, on, file, wanted); }
            if (wanted.has("tf32")) { time_network<float>(to, on, file, wanted, {.precision = cudnn::arithmetic::tf32}); }
            if (wanted.has("bfloat16")) { time_network<__nv_bfloat16>(to, on, file, wanted); }
        }
    } catch (std::exception const& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
