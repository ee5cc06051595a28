#include <chrono>
#include <cmath>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>
#include <unistd.h>

#include <scorecam/opencv/images.hpp>
#include <scorecam/version.hpp>

#include "commands/commands.hpp"
#include "commands/first_map.hpp"
#include "commands/machine.hpp"
#include "commands/subprocess.hpp"
#include "maps/map_maker.hpp"
#include "report/bench_report.hpp"
#include "report/plot.hpp"
#include "report/terminal.hpp"
#include "report/written_aside.hpp"

namespace cli {
namespace {

namespace sc = scorecam;
using json   = nlohmann::ordered_json;

#ifdef __OPTIMIZE__
constexpr bool optimised = true;
#else
constexpr bool optimised = false;
#endif

struct measured_case {
    map_case which;
    explain_options options;
    json first;  // what its first map tells, and how far that is from the exact map
    std::unique_ptr<map_maker> maker;
    std::vector<double> map_wall, map_cpu, bare_wall, bare_cpu, overhead_wall, overhead_cpu, outside;

    void measure(map_maker::order order)
    {
        auto const took = maker->measure(order);
        map_wall.push_back(took.map.wall), map_cpu.push_back(took.map.cpu);
        bare_wall.push_back(took.bare.wall), bare_cpu.push_back(took.bare.cpu);
        overhead_wall.push_back(took.map.wall / took.bare.wall), overhead_cpu.push_back(took.map.cpu / took.bare.cpu);
        outside.push_back(took.cpu_outside / took.map.cpu);
    }
};

json spread(std::vector<double> const& values)
{
    return {{"median", bench::median(values)},
            {"q1", bench::quantile(values, 0.25)},
            {"q3", bench::quantile(values, 0.75)},
            {"all", values}};
}

json report_of(measured_case const& one)
{
    auto const& first = one.first;
    json all{{"name", one.which.name()},
             {"short_name", one.which.short_name()},
             {"budget", one.which.budget},
             {"batching", one.which.batches},
             {"threads", one.options.threads > 0 ? one.options.threads : sc::cpu::workers::hardware_threads()},
             {"concurrency", one.options.concurrency},
             {"precision", one.which.precision},
             {"seconds", spread(one.map_wall)},
             {"cpu_seconds", spread(one.map_cpu)},
             {"bare_seconds", spread(one.bare_wall)},
             {"bare_cpu_seconds", spread(one.bare_cpu)},
             {"overhead", spread(one.overhead_wall)},
             {"overhead_cpu", spread(one.overhead_cpu)},
             {"outside_engine", one.options.concurrency == 1 ? spread(one.outside) : json(nullptr)},
             {"images_per_second", first["forwards"].get<double>() / bench::median(one.map_wall)}};
    for (auto const* key :
         {"forwards", "batches", "batch_size", "peak_bytes", "process_bytes", "largest_difference", "mean_difference",
          "rank_correlation", "top_overlap", "status", "scored_channels", "exact", "predicted_error", "certified_error"}) {
        if (first.contains(key)) { all[key] = first[key]; }
    }
    return all;
}

/// Says on a terminal what is going on; nothing if stderr is a file or a pipe.
class status_line {
public:
    status_line() = default;
    ~status_line() { say(""); }
    status_line(status_line const&)            = delete;
    status_line& operator=(status_line const&) = delete;

    void say(std::string const& text) const
    {
        if (isatty(STDERR_FILENO) != 0) { terminal() << "\r\033[K" << text << std::flush; }
    }
};

/// The cases of a network.
class benchmark {
public:
    explicit benchmark(bench_options const& options)
        : options_{options}, names_{options.labels.empty() ? labels{} : labels{options.labels}}
    {
        for (auto const& one : cases_of(options.lists)) {
            cases_.emplace_back();
            cases_.back().which   = one;
            cases_.back().options = options_of(one, options);
        }
    }

    /// Each case's first map by a process of its own, before anything has started threads in this one.
    void look()
    {
        map_case const exact;
        auto const how_exact = options_of(exact, options_);
        status_.say("the exact map");
        exact_ = computed_in_subprocess([&] { return first_map(options_, how_exact, names_); });
        std::vector<measured_case> kept;
        std::exception_ptr failure;
        for (auto& one : cases_) {
            status_.say("the first map of " + one.which.name());
            auto const engine  = exact_["engine"].get<std::string>();
            one.options.engine = engine.substr(0, engine.find(' '));  // one for all cases
            one.options.targets.clear();                              // the exact map's: in bfloat16 another class may lead
            for (auto const& target : exact_["targets"]) { one.options.targets.push_back(target.dump()); }
            try {
                one.first = one.which == exact
                                ? exact_
                                : computed_in_subprocess([&] { return first_map(options_, one.options, names_); });
                one.first.update(distance(one.first, exact_));
                kept.push_back(std::move(one));
            } catch (sc::error const& e) {
                left_out_.push_back({{"name", one.which.name()}, {"reason", e.what()}});
                if (!failure) { failure = std::current_exception(); }
            }
        }
        cases_ = std::move(kept);
        if (cases_.empty()) { std::rethrow_exception(failure); }
    }

    /// In rounds over all cases, so that whatever else the machine does meets all of them.
    void measure()
    {
        input_ = picture_of(options_);
        opened_networks open;
        for (auto& one : cases_) {
            status_.say("warming up " + one.which.name());
            one.maker               = std::make_unique<map_maker>(open(one.options), one.options, names_, input_.view());
            auto const found        = one.maker->warm_up();
            one.first["batches"]    = found.batches;  // of batches that tune themselves, what is measured
            one.first["batch_size"] = found.layers[0].batch_size;
        }
        load_before_     = load();
        auto const begin = std::chrono::steady_clock::now();
        auto const spent = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
        double last      = 0;
        while (rounds_ < options_.rounds && (rounds_ == 0 || spent() + last <= options_.seconds)) {
            double const before = spent();
            for (auto& one : cases_) {
                status_.say("round " + std::to_string(rounds_ + 1) + ": " + one.which.name());
                one.measure(rounds_ % 2 == 0 ? map_maker::order::map_first : map_maker::order::bare_first);
            }
            last = spent() - before;
            ++rounds_;
        }
        load_after_ = load();
        status_.say("");
    }

    [[nodiscard]] json report() const
    {
        auto cases = json::array();
        for (auto const& one : cases_) { cases.push_back(report_of(one)); }
        auto names = json::array();
        for (auto const& target : exact_["targets"]) { names.push_back(names_.of(target.get<sc::index_t>())); }
        auto const known = [](double value) { return std::isnan(value) ? json(nullptr) : json(value); };
        return {{"what", "scorecam bench"},
                {"command", options_.command_line},
                {"version", SCORECAM_VERSION},
                {"processor", processor()},
                {"hardware_threads", std::thread::hardware_concurrency()},
                {"load", {{"before", known(load_before_)}, {"after", known(load_after_)}}},
                {"compiler", compiler()},
                {"optimised", optimised},
                {"model", options_.model},
                {"engine", exact_["engine"]},
                {"layer", exact_["layer"]},
                {"channels", exact_["channels"]},
                {"input", {input_.extent(0), input_.extent(1), input_.extent(2)}},
                {"picture", options_.images.empty() ? "drawn" : options_.images.front()},
                {"targets", exact_["targets"]},
                {"names", names},
                {"convention", options_.convention},
                {"rounds", rounds_},
                {"cases", cases},
                {"left_out", left_out_}};
    }

private:
    bench_options const& options_;
    labels names_;
    std::vector<measured_case> cases_;
    json left_out_ = json::array();
    json exact_;
    sc::tensor<float, 3> input_;
    int rounds_         = 0;
    double load_before_ = 0, load_after_ = 0;
    status_line status_;
};

/// Better now than after all the measuring.
void check_can_be_written(std::string const& option, std::string const& file)
{
    if (file.empty()) { return; }
    bool const was_there = std::filesystem::exists(file);
    if (!std::ofstream{file, std::ios::app}) {
        throw sc::option_error{option + " " + file +
                               " cannot be written: write the name of a file in a folder that is there"};
    }
    if (!was_there) { std::filesystem::remove(file); }
}

}  // namespace

int bench(bench_options const& options)
{
    check_can_be_written("--json", options.json);
    check_can_be_written("--plot", options.plot);
    if (!options.plot.empty() && !cv::haveImageWriter(options.plot)) {
        throw sc::option_error{"--plot " + options.plot + ": write the name of a picture, such as plot.png"};
    }
    benchmark measured{options};
    measured.look();
    measured.measure();
    auto const report = measured.report();
    print(report, std::cout);
    if (!options.plot.empty()) {
        written_aside(options.plot, [&](std::filesystem::path const& to) { sc::opencv::write_image(to, plot(report)); });
    }
    if (!options.json.empty()) {
        written_aside(options.json, [&](std::filesystem::path const& to) {
            std::ofstream out{to};
            out << report.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
            if (!out.flush()) { throw sc::error{"cannot write " + options.json}; }
        });
    }
    return 0;
}

}  // namespace cli
