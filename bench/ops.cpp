// The operations of the backends, and the speed of memory in the same run.
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <scorecam/cpu/backend.hpp>
#include <scorecam/detail/scratch.hpp>
#include <scorecam/reference.hpp>
#include <scorecam/testing/cases.hpp>

#include "support/networks.hpp"

namespace {

namespace sc    = scorecam;
namespace cases = sc::testing::cases;

constexpr sc::index_t batch_size = 16;

/// A backend with everything its operations read and write, in its own memory.
template <class Backend>
class bench_table {
    template <class T, std::size_t Rank>
    using held = sc::detail::scratch<Backend, T, Rank>;

public:
    bench_table(int threads, cases::shape_case const& shape) : on_{make(threads)}
    {
        auto const [C, H, W] = shape.image.extent;
        auto const [K, h, w] = shape.activation.extent;
        size_                = {{H, W}};
        draw(images_, {{1, C, H, W}}, 1);
        draw(maps_, {{1, K, h, w}}, 2);
        draw(weights_, {{1, K, 1}}, 3);
        draw(weights_of_10_, {{1, K, 10}}, 3);
        draw(batch_, {{batch_size, C, H, W}}, 4);
        sums_.resize(on_, {{1, 1, h, w}});
        sums_of_10_.resize(on_, {{1, 10, h, w}});
        heat_maps_.resize(on_, {{1, 1, H, W}});
        ranges_.resize(on_, {{1, K}});
        heat_ranges_.resize(on_, {{1}});
        std::vector<sc::ops::pick> picks;
        for (sc::index_t b = 0; b < batch_size; ++b) { picks.push_back({0, static_cast<std::int32_t>(b * K / batch_size)}); }
        on_.from_host(picks.data(), picks_.resize(on_, {{batch_size}}));
        extrema();
        combine();
    }

    void mask()
    {
        on_.mask(as_const(images_.view()), as_const(images_.view().slice(0, 0)),
                 sc::masks_on<Backend, float, 4>{as_const(maps_.view()), as_const(ranges_.view())}, as_const(picks_.view()),
                 batch_.view());
    }
    void extrema() { on_.extrema(merge_leading(as_const(maps_.view())), size_, {}, merge_leading(ranges_.view())); }
    void combine() { on_.combine(as_const(maps_.view()), as_const(weights_.view()), sums_.view()); }
    void combine_10() { on_.combine(as_const(maps_.view()), as_const(weights_of_10_.view()), sums_of_10_.view()); }
    void heatmap()
    {
        on_.heatmap(merge_leading(as_const(sums_.view())), {}, merge_leading(heat_maps_.view()), heat_ranges_.view());
    }

private:
    static Backend make(int threads)
    {
        if constexpr (std::is_constructible_v<Backend, int>) {
            return Backend{threads};
        } else {
            return {};
        }
    }
    template <std::size_t Rank>
    void draw(held<float, Rank>& to, sc::extents<Rank> shape, std::uint64_t seed)
    {
        on_.from_host(networks::drawn_tensor<float>(shape, seed).data(), to.resize(on_, shape));
    }

    Backend on_;
    sc::extents<2> size_{};
    held<float, 4> images_, maps_, batch_, sums_, sums_of_10_, heat_maps_;
    held<float, 3> weights_, weights_of_10_;
    held<sc::ops::range<float>, 2> ranges_;
    held<sc::ops::range<float>, 1> heat_ranges_;
    held<sc::ops::pick, 1> picks_;
};

/// What one call of an operation handles, whoever does it.
struct amount {
    sc::index_t images;
    sc::index_t bytes;
};
[[nodiscard]] amount batch_of(cases::shape_case const& s) { return {batch_size, batch_size * s.image.size() * 4}; }
[[nodiscard]] amount maps_of(cases::shape_case const& s) { return {1, s.activation.size() * 4}; }
[[nodiscard]] amount heat_of(cases::shape_case const& s) { return {1, s.image[1] * s.image[2] * 4}; }

template <class Work>
void measure(benchmark::State& state, amount each, Work&& work)
{
    for (auto _ : state) {
        work();
        benchmark::ClobberMemory();
    }
    state.SetBytesProcessed(state.iterations() * each.bytes);
    state.SetItemsProcessed(state.iterations() * each.images);
}

/// One benchmark; its processor time is that of all threads, and rates are per second of it.
template <class Function>
void add(std::string const& name, Function function)
{
    benchmark::RegisterBenchmark(name.c_str(), function)->MeasureProcessCPUTime()->Unit(benchmark::kMicrosecond);
}

template <class Backend>
void add_operation(std::string const& backend, int threads, std::string const& operation,
                   amount (*each)(cases::shape_case const&), void (bench_table<Backend>::*work)())
{
    for (auto const& shape : cases::networks) {
        add(operation + "/" + backend + "/" + shape.name, [=](benchmark::State& state) {
            bench_table<Backend> table{threads, shape};
            measure(state, each(shape), [&] { (table.*work)(); });
        });
    }
}

template <class Backend>
void add_backend(std::string const& name, int threads = 1)
{
    using table = bench_table<Backend>;
    add_operation<Backend>(name, threads, "mask", batch_of, &table::mask);
    add_operation<Backend>(name, threads, "extrema", maps_of, &table::extrema);
    add_operation<Backend>(name, threads, "combine", maps_of, &table::combine);
    add_operation<Backend>(name, threads, "combine_10", maps_of, &table::combine_10);
    add_operation<Backend>(name, threads, "heatmap", heat_of, &table::heatmap);
}

/// A batch written once, and a batch read and written once: no mask can be faster.
void add_floors()
{
    auto const shape = cases::networks.front();
    auto const bytes = static_cast<std::size_t>(batch_of(shape).bytes);
    add("floor/memset", [=](benchmark::State& state) {
        std::vector<char> to(bytes);
        measure(state, batch_of(shape), [&] { std::memset(to.data(), 0, bytes), benchmark::DoNotOptimize(to.data()); });
    });
    add("floor/memcpy", [=](benchmark::State& state) {
        std::vector<char> from(bytes, 1);
        std::vector<char> to(bytes);
        measure(state, batch_of(shape),
                [&] { std::memcpy(to.data(), from.data(), bytes), benchmark::DoNotOptimize(to.data()); });
    });
}

}  // namespace

int main(int argc, char** argv)
{
    add_floors();
    add_backend<sc::reference_backend>("reference");
    add_backend<sc::cpu::backend>("cpu:1", 1);
    add_backend<sc::cpu::backend>("cpu:2", 2);

    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) { return 1; }
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
