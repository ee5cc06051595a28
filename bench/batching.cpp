// Whole maps with different batch sizes, one thread, OpenCV.
#include <string>

#include <benchmark/benchmark.h>

#include <opencv2/core/utility.hpp>

#include <scorecam/cpu/backend.hpp>
#include <scorecam/explain.hpp>

#include "subjects.hpp"

namespace {

namespace sc = scorecam;

/// One map in each iteration, by an explainer that has made one before.
void map(benchmark::State& state, bench::subject const& which)
{
    if (!which.present()) {
        state.SkipWithError(which.absence().c_str());
        return;
    }
    cv::setNumThreads(1);
    auto model       = which.load();
    auto const image = which.image();
    sc::cpu::backend on{1};
    sc::explainer explain{on, model, sc::fixed_batch{state.range(0)}};
    auto found = explain(image.view());
    for (auto _ : state) { found = explain(image.view()); }

    auto const maps              = static_cast<double>(state.iterations());
    state.counters["images/s"]   = {static_cast<double>(found.forwards) * maps, benchmark::Counter::kIsRate};
    state.counters["s/map"]      = {maps, benchmark::Counter::kIsRate | benchmark::Counter::kInvert};
    state.counters["forwards"]   = static_cast<double>(found.forwards);
    state.counters["peak_bytes"] = static_cast<double>(found.peak_bytes);
}

}  // namespace

int main(int argc, char** argv)
{
    for (auto const& which : bench::subjects()) {
        if (which.name == "mobilenet_v2" || which.name == "resnet18") {
            continue;
        }  // half a minute a map: end_to_end has them
        benchmark::RegisterBenchmark(("map/" + which.name).c_str(), [=](benchmark::State& state) { map(state, which); })
            ->ArgName("batch")
            ->RangeMultiplier(2)
            ->Range(1, 64)
            ->Iterations(1)
            ->MeasureProcessCPUTime()
            ->Unit(benchmark::kMillisecond);
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) { return 1; }
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
