// Whole maps of networks on cuDNN on the machine's GPU, recorded as a graph and not, beside the forwards alone that they
// run, by precision and batch size. The floor of a map is its forwards at the same batch size, recorded or not, whichever
// are faster.
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

#include <CLI/CLI.hpp>
#include <cuda_bf16.h>
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

template <class Element>
void time_network(bench::report& to, cuda::backend& on, std::string const& file, options const& wanted,
                  cudnn::settings const& how = {})
{
    constexpr sc::image_shape shape{3, 224, 224};
    cudnn::basic_network<Element> network{file, shape, {}, how};
    auto const name = std::filesystem::path{file}.stem().string() + "/" + network.precision();
    for (sc::index_t const n : wanted.batches) {
        auto const host   = sc::testing::drawn_tensor<float>(prepend(shape, n), 1);
        auto const memory = on.allocate<float>(host.size());
        sc::tensor_view<float, 4, sc::cuda_space> const batch{memory.data(), host.shape()};
        on.from_host(host.data(), batch);
        auto const size = "/batch:" + std::to_string(n);
        sc::explainer explain{on, network, sc::target{1}, sc::fixed_batch{n}};
        auto const map = [&](bool recorded) {
            network.capturable = recorded;
            return explain(as_const(batch.slice(0, 1)));
        };
        auto const plain = map(false), replayed = map(true);
        if (!std::equal(plain.maps.begin(), plain.maps.end(), replayed.maps.begin())) {
            throw std::runtime_error{name + size + ": the map of recorded chunks is not that of the others"};
        }
        sc::detail::model_calls call{on, network};
        auto const inputs   = call.entered(as_const(batch));
        auto const forwards = plain.forwards;
        auto const push     = [&](sc::index_t images) {
            static_cast<void>(network.forward(inputs.slice(0, images), on.queue()));
        };
        push(n);
        auto const recording = on.record([&] { push(n); });
        if (!recording) { throw std::runtime_error{name + size + ": its forwards cannot be recorded"}; }
        double floor = to.add(name + "/forwards" + size, [&] {
            for (sc::index_t done = 0; done < forwards; done += n) { push(std::min(n, forwards - done)); }
        });
        floor        = std::min(floor, to.add(name + "/forwards_recorded" + size, [&] {
            for (sc::index_t done = 0; done + n <= forwards; done += n) { recording.replay(); }
            if (forwards % n > 0) { push(forwards % n); }
        }));
        for (bool const recorded : {false, true}) {
            to.add(name + (recorded ? "/map_recorded" : "/map") + size, [&] { static_cast<void>(map(recorded)); }, floor);
        }
    }
}

}  // namespace

int main(int count, char** arguments)
{
    options wanted;
    CLI::App program{"Times whole maps of networks of (3, 224, 224) on cuDNN, and their forwards alone; prints JSON"};
    program.add_option("NETWORK", wanted.files, "ONNX files")->required()->check(CLI::ExistingFile);
    program.add_option("--precision", wanted.precision, "One of them, or all")
        ->check(CLI::IsMember{{"float32", "tf32", "bfloat16"}});
    program.add_option("--batch", wanted.batches, "Batch sizes")->check(CLI::PositiveNumber)->capture_default_str();
    program.add_option("--repetitions", wanted.repetitions)->check(CLI::PositiveNumber)->capture_default_str();
    CLI11_PARSE(program, count, arguments);
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
