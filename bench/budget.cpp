// What the surrogate of a budgeted explanation costs beside the forwards.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <scorecam/budget/surrogate.hpp>
#include <scorecam/tensor.hpp>

namespace {

namespace sc     = scorecam;
namespace budget = scorecam::budget;
using sc::index_t;

struct bench_case {
    index_t channels;
    sc::extents<2> grid;
    index_t scored;
    index_t classes;
};

/// A made-up network: masks are bumps, and logits are linear in them, with noise.
struct made_up {
    bench_case shape;
    sc::tensor<float, 3> masks;
    sc::tensor<float, 2> logits;  // (K + 2, classes), at last those of the free probes
    sc::tensor<float, 2> scores;  // (K + 2, 1)
    std::vector<index_t> candidates;
    std::vector<sc::ops::channel_role> roles;
    std::vector<index_t> targets{0};
    sc::raw_weights weighting;

    explicit made_up(bench_case const& s)
        : shape{s}, masks{{{s.channels, s.grid[0], s.grid[1]}}}, logits{{{s.channels + 2, s.classes}}},
          scores{{{s.channels + 2, 1}}}, candidates(static_cast<std::size_t>(s.channels)),
          roles(candidates.size(), sc::ops::channel_role::scored)
    {
        std::iota(candidates.begin(), candidates.end(), index_t{0});
        budget::normal_draws const drawn{1};
        std::uint64_t at   = 0;
        auto const uniform = [&] { return 0.5F + 0.5F * std::erf(drawn[at++] * 0.7071068F); };
        for (index_t k = 0; k < s.channels; ++k) {
            float const y = uniform() * static_cast<float>(s.grid[0]), x = uniform() * static_cast<float>(s.grid[1]);
            float const width = 0.5F + 2 * uniform();
            for (index_t i = 0; i < s.grid[0]; ++i) {
                for (index_t j = 0; j < s.grid[1]; ++j) {
                    float const dy = static_cast<float>(i) - y, dx = static_cast<float>(j) - x;
                    masks(k, i, j) = std::exp(-(dy * dy + dx * dx) / (width * width));
                }
            }
        }
        auto const cells       = s.grid.size();
        budget::matrix inputs  = budget::columns_of(sc::tensor_view<float const, 3>{masks.view()});
        inputs.conservativeResize(Eigen::NoChange, s.channels + 2);
        inputs.col(s.channels).setZero();
        inputs.col(s.channels + 1).setOnes();
        budget::matrix weights(s.classes, cells);
        drawn.fill(1 << 20, {weights.data(), static_cast<std::size_t>(weights.size())});
        budget::matrix answers(s.classes, s.channels + 2);
        drawn.fill(1 << 24, {answers.data(), static_cast<std::size_t>(answers.size())});
        answers = weights * inputs + 0.1F * answers;
        std::copy_n(answers.data(), answers.size(), logits.data());
        for (index_t n = 0; n < s.channels + 2; ++n) {
            scores(n, 0) = sc::probability{}(sc::ops::row<float>{logits[n].data(), s.classes})(0);
        }
    }

    [[nodiscard]] auto weigh() const
    {
        return budget::weigh_by<float, sc::raw_weights>{weighting, roles, {}, {}};
    }
    [[nodiscard]] budget::surrogate<float> start() const
    {
        auto const free = shape.channels;
        return {masks.view(), masks.view(), candidates, targets, budget::link_for(sc::probability{}),
                {logits.view().slice(free, 2), scores.view().slice(free, 2)}};
    }
    void learn(budget::surrogate<float>& known, std::vector<index_t> const& channels) const
    {
        auto const n = static_cast<index_t>(channels.size());
        sc::tensor<float, 2> outputs{{{n, shape.classes}}}, earned{{{n, 1}}};
        for (index_t i = 0; i < n; ++i) {
            index_t const k = channels[static_cast<std::size_t>(i)];
            std::copy_n(logits[k].data(), shape.classes, outputs.data() + i * shape.classes);
            earned(i, 0) = scores(k, 0);
        }
        known.learn(channels, outputs, earned);
    }
    [[nodiscard]] budget::surrogate<float> explored() const
    {
        auto known = start();
        while (known.scored() < shape.scored) { learn(known, known.next(16, weigh())); }
        return known;
    }
};

/// From the masks to the predicted scores, without the forwards.
void loop(benchmark::State& state, bench_case const& shape)
{
    made_up const network{shape};
    sc::tensor<float, 2> scores{{{shape.channels, 1}}}, deviations{{{shape.channels, 1}}};
    index_t bytes = 0;
    for (auto _ : state) {
        auto const known = network.explored();
        known.predict(scores.view(), deviations.view());
        benchmark::DoNotOptimize(scores.data());
        bytes = known.bytes();
    }
    state.counters["bytes"] = static_cast<double>(bytes);
}

/// One batch planned and learned, in the place of the loop.
void one_batch(benchmark::State& state, bench_case const& shape)
{
    made_up const network{shape};
    sc::tensor<float, 2> scores{{{shape.channels, 1}}}, deviations{{{shape.channels, 1}}};
    for (auto _ : state) {
        auto known = network.start();
        network.learn(known, known.design(shape.scored));
        known.predict(scores.view(), deviations.view());
        benchmark::DoNotOptimize(scores.data());
    }
}

/// One predicted error.
void error(benchmark::State& state, bench_case const& shape)
{
    made_up const network{shape};
    auto const known = network.explored();
    for (auto _ : state) { benchmark::DoNotOptimize(known.error(network.weigh())); }
}

}  // namespace

int main(int argc, char** argv)
{
    for (bench_case const& c : {bench_case{512, {{13, 13}}, 64, 1000}, bench_case{1280, {{7, 7}}, 64, 1000},
                                bench_case{2048, {{7, 7}}, 128, 1000}}) {
        auto const add = [&](std::string const& what, void (*measure)(benchmark::State&, bench_case const&)) {
            auto const name = what + "/K:" + std::to_string(c.channels) + "/grid:" + std::to_string(c.grid[0]) + "x" +
                              std::to_string(c.grid[1]) + "/N:" + std::to_string(c.scored);
            benchmark::RegisterBenchmark(name.c_str(), measure, c)->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);
        };
        add("loop", loop);
        add("one_batch", one_batch);
        add("error", error);
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) { return 1; }
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
