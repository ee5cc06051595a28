// Whole maps on every engine that is there: the cases of `scorecam bench`, under the same names.
#include <algorithm>
#include <exception>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "maps/agreement.hpp"
#include "maps/map_case.hpp"
#include "maps/map_maker.hpp"
#include "maps/stopwatch.hpp"
#include "subjects.hpp"

namespace {

cli::explain_options options_for(bench::subject const& which, std::string const& engine)
{
    cli::explain_options options;
    options.model  = which.network;
    options.engine = engine;
    options.size   = std::to_string(which.how.height) + "x" + std::to_string(which.how.width);
    options.complete();
    return options;
}

/// The default case's map, and its class for all other cases; made once for each network and engine.
cli::explained const& exact_map(bench::subject const& which, std::string const& engine)
{
    static std::map<std::pair<std::string, std::string>, cli::explained> known;
    auto const found = known.find({which.name, engine});
    if (found != known.end()) { return found->second; }
    auto const options = options_of(cli::map_case{}, options_for(which, engine));
    auto const image   = which.image();
    cli::labels const names;
    cli::opened_networks open;
    cli::map_maker make{open(options), options, names, image.view()};
    return known[{which.name, engine}] = make.warm_up();
}

/// Each iteration is a pair: a map and the bare forwards of that map.
void measure(benchmark::State& state, bench::subject const& which, std::string const& engine, cli::map_case const& one)
{
    auto const& exact = exact_map(which, engine);
    auto options      = options_of(one, options_for(which, engine));
    options.targets   = {std::to_string(exact.layers[0].targets(0, 0))};
    auto const image  = which.image();
    cli::labels const names;
    cli::opened_networks open;
    cli::map_maker make{open(options), options, names, image.view()};
    auto const found = make.warm_up();
    auto const apart = cli::agreement_of(found.map(), exact.map());

    std::vector<double> wall, cpu, overhead_wall, overhead_cpu, outside;
    for (auto _ : state) {
        auto const took =
            make.measure(wall.size() % 2 == 0 ? cli::map_maker::order::map_first : cli::map_maker::order::bare_first);
        wall.push_back(took.map.wall), overhead_wall.push_back(took.map.wall / took.bare.wall);
        cpu.push_back(took.map.cpu), overhead_cpu.push_back(took.map.cpu / took.bare.cpu);
        outside.push_back(100 * took.cpu_outside / took.map.cpu);
        state.SetIterationTime(took.map.wall);
    }
    state.counters["forwards"]           = static_cast<double>(found.forwards);
    state.counters["images/s"]           = static_cast<double>(found.forwards) / bench::median(wall);
    state.counters["wall_s/map"]         = bench::median(wall);
    state.counters["cpu_s/map"]          = bench::median(cpu);
    state.counters["overhead"]           = bench::median(overhead_wall);
    state.counters["overhead_cpu"]       = bench::median(overhead_cpu);
    state.counters["peak_bytes"]         = static_cast<double>(found.peak_bytes);
    state.counters["largest_difference"] = apart.largest_difference;
    state.counters["rank_correlation"]   = apart.rank_correlation;
    if (options.concurrency == 1) { state.counters["outside_pct"] = bench::median(outside); }
    if (found.estimate) { state.counters["predicted_error"] = static_cast<double>(found.estimate->predicted_error[0]); }
}

void measure_or_say_why_not(benchmark::State& state, bench::subject const& which, std::string const& engine,
                            cli::map_case const& one)
{
    if (!which.present()) {
        state.SkipWithError(which.absence().c_str());
        return;
    }
    try {
        measure(state, which, engine, one);
    } catch (std::exception const& e) {  // such as a precision that the engine does not offer
        state.SkipWithError(e.what());
    }
}

}  // namespace

int main(int argc, char** argv)
{
    for (auto const& which : bench::subjects()) {
        for (auto const& engine : cli::engine_names()) {
            if (engine == "torch") { continue; }  // runs no ONNX files
            for (auto const& one : cli::cases_of({})) {
                benchmark::RegisterBenchmark(("maps/" + which.name + "/" + engine + "/" + one.name()).c_str(),
                                             [=](auto& state) { measure_or_say_why_not(state, which, engine, one); })
                    ->Iterations(which.name == "drawings" ? 21 : 3)
                    ->UseManualTime()
                    ->Unit(benchmark::kMillisecond);
            }
        }
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) { return 1; }
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
