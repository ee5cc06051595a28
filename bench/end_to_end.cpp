// What a map costs beyond its forwards, in time and in memory.
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <opencv2/core/utility.hpp>

#include <scorecam/cpu/backend.hpp>
#include <scorecam/explain.hpp>

#include "maps/recorded_calls.hpp"
#include "maps/stopwatch.hpp"
#include "subjects.hpp"
#include "support/networks.hpp"

namespace {

namespace sc = scorecam;

/// A model that notes how it is called and what that takes, and can be called in the same way again.
template <class Model>
class recorder {
public:
    using value_type = typename Model::value_type;
    using space_type = typename Model::space_type;
    using batch_type = sc::batch_of<Model>;
    using calls      = bench::recorded_calls<batch_type>;

    explicit recorder(Model& model) : model_{model} {}

    [[nodiscard]] auto input_shape() const { return model_.input_shape(); }
    [[nodiscard]] sc::index_t max_batch() const { return model_.max_batch(); }

    auto forward(batch_type batch)
    {
        calls_.note(calls::kind::forward, batch);
        return measured([&] { return model_.forward(batch); });
    }
    auto capture(batch_type batch)
    {
        calls_.note(calls::kind::capture, batch);
        return measured([&] { return model_.capture(batch); });
    }

    /// Processor seconds spent inside the model, not counting replays.
    [[nodiscard]] double cpu() const { return cpu_; }

    void forget()
    {
        calls_.forget();
        cpu_ = 0;
    }
    void replay() { calls_.repeat(model_); }

private:
    template <class Work>
    auto measured(Work const& work)
    {
        decltype(work()) answer;
        cpu_ += bench::timed([&] { answer = work(); }).cpu;
        return answer;
    }

    Model& model_;
    calls calls_;
    double cpu_ = 0;
};

bool skipped(benchmark::State& state, bench::subject const& which)
{
    if (which.present()) { return false; }
    state.SkipWithError(which.absence().c_str());
    return true;
}

/// Each iteration is a pair: a map, then the calls of the engine that the map made and nothing else.
void overhead(benchmark::State& state, bench::subject const& which)
{
    if (skipped(state, which)) { return; }
    auto const threads = static_cast<int>(state.range(0));
    cv::setNumThreads(threads);
    auto network     = which.load();
    auto const image = which.image();
    recorder model{network};
    sc::cpu::backend on{threads};
    sc::explainer explain{on, model, sc::fixed_batch{state.range(1)}};

    sc::index_t forwards = 0;
    auto const make_map  = [&] {
        model.forget();
        forwards = explain(image.view()).forwards;
    };
    make_map();
    model.replay();

    std::vector<double> map_wall, map_cpu, bare_wall, bare_cpu, ratio_wall, ratio_cpu, outside;
    for (auto _ : state) {
        auto const map = bench::timed(make_map);
        outside.push_back(100 * (1 - model.cpu() / map.cpu));
        auto const bare = bench::timed([&] { model.replay(); });
        map_wall.push_back(map.wall), bare_wall.push_back(bare.wall), ratio_wall.push_back(map.wall / bare.wall);
        map_cpu.push_back(map.cpu), bare_cpu.push_back(bare.cpu), ratio_cpu.push_back(map.cpu / bare.cpu);
        state.SetIterationTime(map.wall);
    }
    state.counters["forwards"]     = static_cast<double>(forwards);
    state.counters["map_wall_s"]   = bench::median(map_wall);
    state.counters["bare_wall_s"]  = bench::median(bare_wall);
    state.counters["ratio_wall"]   = bench::median(ratio_wall);
    state.counters["map_cpu_s"]    = bench::median(map_cpu);
    state.counters["bare_cpu_s"]   = bench::median(bare_cpu);
    state.counters["ratio_cpu"]    = bench::median(ratio_cpu);
    state.counters["outside_pct"]  = bench::median(outside);
    state.counters["ratio_cpu_q1"] = bench::quantile(ratio_cpu, 0.25);
    state.counters["ratio_cpu_q3"] = bench::quantile(ratio_cpu, 0.75);
}

/// What it costs the engine that the kind or the size of the call changes. Both sides of `overhead` pay it.
void switching(benchmark::State& state, bench::subject const& which)
{
    if (skipped(state, which)) { return; }
    cv::setNumThreads(static_cast<int>(state.range(0)));
    auto network     = which.load();
    auto const full  = networks::drawn_tensor<float>(prepend(which.how.shape(), state.range(1)), 1);
    auto const batch = full.view();
    auto const one   = batch.slice(0, 1);

    std::vector<double> to_capture, capture, to_forward, forward;
    auto const cpu_ms = [](auto&& work) { return 1e3 * bench::timed(work).cpu; };
    auto const look   = [&] { network.capture(one); };
    auto const run    = [&] { network.forward(batch); };
    for (auto _ : state) {
        to_capture.push_back(cpu_ms(look));
        capture.push_back(cpu_ms(look));
        to_forward.push_back(cpu_ms(run));
        forward.push_back(cpu_ms(run));
    }
    state.counters["capture_ms"]       = bench::median(capture);
    state.counters["forward_ms"]       = bench::median(forward);
    state.counters["first_capture_ms"] = bench::median(to_capture);
    state.counters["first_forward_ms"] = bench::median(to_forward);
}

/// What the library holds for K channels of 7 × 7 and batches of 16 pictures of 224 × 224.
void memory(benchmark::State& state)
{
    constexpr sc::index_t batch = 16, classes = 2;
    sc::image_shape const input{3, 224, 224};
    networks::linear<float> model{input, networks::drawn_tensor<float, 2>({{classes, input.size()}}, 1),
                                  networks::drawn_tensor<float, 3>({{state.range(0), 7, 7}}, 2)};
    auto const image = networks::drawn_tensor<float>(input, 3);
    sc::cpu::backend on{1};
    sc::explainer explain{on, model, sc::fixed_batch{batch}};
    for (auto _ : state) {
        auto const found                   = explain(image.view());
        state.counters["peak_bytes"]       = static_cast<double>(found.peak_bytes);
        state.counters["activation_bytes"] = static_cast<double>(found.activation_bytes);
    }
}

}  // namespace

int main(int argc, char** argv)
{
    for (auto const& which : bench::subjects()) {
        int const pairs = which.name == "drawings"     ? 101
                          : which.name == "squeezenet" ? 11
                                                       : 7;  // the larger ones take minutes
        benchmark::RegisterBenchmark(("overhead/" + which.name).c_str(), [=](auto& state) { overhead(state, which); })
            ->ArgNames({"threads", "batch"})
            ->ArgsProduct({{1, 2}, {8}})
            ->Iterations(pairs)
            ->UseManualTime()
            ->Unit(benchmark::kMillisecond);
        benchmark::RegisterBenchmark(("switching/" + which.name).c_str(), [=](auto& state) { switching(state, which); })
            ->ArgNames({"threads", "batch"})
            ->ArgsProduct({{1, 2}, {8}})
            ->Iterations(21)
            ->Unit(benchmark::kMillisecond);
    }
    benchmark::RegisterBenchmark("memory", memory)->ArgName("K")->RangeMultiplier(2)->Range(64, 2048)->Iterations(1);

    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) { return 1; }
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
