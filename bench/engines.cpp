// What one forward costs on every engine that is there: the floor of a map, since a map is its forwards.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <opencv2/core/utility.hpp>

#include <scorecam/opencv/network.hpp>
#ifdef SCORECAM_WITH_ONNXRUNTIME
#include <scorecam/onnxruntime/network.hpp>
#endif
#ifdef SCORECAM_WITH_OPENVINO
#include <scorecam/openvino/network.hpp>
#endif

#include "maps/stopwatch.hpp"
#include "subjects.hpp"
#include "support/networks.hpp"

namespace {

namespace sc = scorecam;

using forward = std::function<sc::tensor_view<float const, 2>(sc::tensor_view<float const, 4>)>;

template <class Network>
forward forward_of(Network network)
{
    auto const shared = std::make_shared<Network>(std::move(network));
    return [shared](auto batch) { return shared->forward(batch); };
}

struct engine {
    char const* name;
    std::function<forward(bench::subject const&, int threads)> open;
};

std::vector<engine> engines()
{
    std::vector<engine> all{{"opencv", [](bench::subject const& which, int threads) {
                                 cv::setNumThreads(threads);
                                 return forward_of(which.load());
                             }}};
#ifdef SCORECAM_WITH_ONNXRUNTIME
    all.push_back({"onnxruntime", [](bench::subject const& which, int threads) {
                       sc::onnxruntime::settings<> how;
                       how.session.SetIntraOpNumThreads(threads);
                       return forward_of(sc::onnxruntime::network{which.network, which.how.shape(), {}, std::move(how)});
                   }});
#endif
#ifdef SCORECAM_WITH_OPENVINO
    for (bool const bfloat16 : {false, true}) {
        all.push_back({bfloat16 ? "openvino_bfloat16" : "openvino", [=](bench::subject const& which, int threads) {
                           sc::openvino::settings<> how;
                           how.bfloat16 = bfloat16;
                           how.properties.insert(ov::inference_num_threads(threads));
                           return forward_of(sc::openvino::network{which.network, which.how.shape(), {}, how});
                       }});
    }
#endif
    return all;
}

void forwards(benchmark::State& state, engine const& on, bench::subject const& which)
{
    if (!which.present()) {
        state.SkipWithError(which.absence().c_str());
        return;
    }
    auto const run   = on.open(which, static_cast<int>(state.range(0)));
    auto const batch = networks::drawn_tensor<float>(prepend(which.how.shape(), state.range(1)), 1);
    run(batch.view());
    std::vector<double> wall, cpu;
    for (auto _ : state) {
        auto const took = bench::timed([&] { run(batch.view()); });
        wall.push_back(1e3 * took.wall / static_cast<double>(state.range(1)));
        cpu.push_back(1e3 * took.cpu / static_cast<double>(state.range(1)));
        state.SetIterationTime(took.wall);
    }
    state.counters["wall_ms_per_image"] = bench::median(wall);
    state.counters["cpu_ms_per_image"]  = bench::median(cpu);
}

}  // namespace

int main(int argc, char** argv)
{
    for (auto const& which : bench::subjects()) {
        for (auto const& on : engines()) {
            benchmark::RegisterBenchmark(("forward/" + which.name + "/" + on.name).c_str(),
                                         [=](auto& state) { forwards(state, on, which); })
                ->ArgNames({"threads", "batch"})
                ->ArgsProduct({{1, 2}, {1, 8, 16}})
                ->Iterations(which.name == "drawings" ? 41 : 15)
                ->UseManualTime()
                ->Unit(benchmark::kMillisecond);
        }
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) { return 1; }
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
