#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <exception>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <thread>
#include <utility>

#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <unistd.h>

#include <scorecam/opencv/images.hpp>
#include <scorecam/version.hpp>

#include "agreement.hpp"
#include "apart.hpp"
#include "commands.hpp"
#include "machine.hpp"
#include "map_maker.hpp"
#include "plot.hpp"

namespace cli {
namespace {

namespace sc = scorecam;
using json   = nlohmann::ordered_json;

/// Shapes of every size, for want of a picture: the same for the same input size.
cv::Mat drawn_picture(sc::opencv::preprocessing const& how)
{
    constexpr std::uint64_t seed = 1;
    cv::RNG random{seed};
    cv::Mat picture(how.height, how.width, CV_8UC3);
    random.fill(picture, cv::RNG::UNIFORM, 90, 166);
    int const side = std::min(how.height, how.width);
    for (int i = 0; i < 12; ++i) {
        cv::Point const at{random.uniform(0, how.width), random.uniform(0, how.height)};
        cv::Size const size{random.uniform(side / 16, side / 4) + 1, random.uniform(side / 16, side / 4) + 1};
        cv::Scalar const colour{random.uniform(0.0, 255.0), random.uniform(0.0, 255.0), random.uniform(0.0, 255.0)};
        if (i % 2 == 0) {
            cv::ellipse(picture, at, size, random.uniform(0.0, 180.0), 0, 360, colour, cv::FILLED);
        } else {
            cv::rectangle(picture, cv::Rect{at, size}, colour, cv::FILLED);
        }
    }
    return picture;
}

sc::tensor<float, 3> picture_of(bench_options const& options)
{
    auto const how = options.preprocessing();
    return sc::opencv::prepare(options.images.empty() ? drawn_picture(how) : sc::opencv::read_image(options.images.front()),
                               how);
}

/// One map by a fresh process: what it shows, and what it takes in memory.
json first_map(bench_options const& bench, explain_options const& options, labels const& names)
{
    auto const input  = picture_of(bench);
    auto const before = resident_bytes();
    opened_networks open;
    auto const network = open(options);
    map_maker make{network, options, names, input.view()};
    auto const begin   = std::chrono::steady_clock::now();
    auto const found   = make.warm_up();
    auto const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    auto const after   = peak_resident_bytes();
    auto const& layer  = found.layers[0];
    auto const list    = [](auto const& tensor) {
        auto all = json::array();
        for (auto const& value : tensor) { all.push_back(value); }
        return all;
    };
    json all{{"engine", network->network.on().name()},
             {"layer", network->network.on().explained()[0].name},
             {"channels", layer.channels()},
             {"targets", list(layer.targets)},
             {"height", found.maps.extent(2)},
             {"width", found.maps.extent(3)},
             {"maps", list(found.maps)},
             {"status", to_string(found.status(0, 0))},
             {"forwards", found.forwards},
             {"batches", found.batches},
             {"batch_size", layer.batch_size},
             {"seconds", seconds},
             {"peak_bytes", found.peak_bytes},
             {"process_bytes", before && after ? json(*after - *before) : json(nullptr)}};
    if (found.estimate) {
        all["scored_channels"] = found.estimate->scored_channels;
        all["exact"]           = found.estimate->is_exact;
        all["predicted_error"] =
            *std::max_element(found.estimate->predicted_error.begin(), found.estimate->predicted_error.end());
        all["certified_error"] =
            *std::max_element(found.estimate->certified_error.begin(), found.estimate->certified_error.end());
    }
    return all;
}

/// Of several targets' maps the worst: the distance that none of them exceeds.
json distance(json const& a, json const& b)
{
    auto const height = a["height"].get<sc::index_t>(), width = a["width"].get<sc::index_t>();
    auto const maps_a = a["maps"].get<std::vector<float>>(), maps_b = b["maps"].get<std::vector<float>>();
    agreement worst{1, 0, 0, 1};
    for (sc::index_t at = 0; at < static_cast<sc::index_t>(maps_a.size()); at += height * width) {
        auto const one = agreement_of(sc::tensor_view<float const, 2>{maps_a.data() + at, height, width},
                                      sc::tensor_view<float const, 2>{maps_b.data() + at, height, width});
        worst.rank_correlation =
            std::isnan(one.rank_correlation) ? one.rank_correlation : std::min(one.rank_correlation, worst.rank_correlation);
        worst.largest_difference = std::max(one.largest_difference, worst.largest_difference);
        worst.mean_difference    = std::max(one.mean_difference, worst.mean_difference);
        worst.top_overlap        = std::min(one.top_overlap, worst.top_overlap);
    }
    return {{"largest_difference", worst.largest_difference},
            {"mean_difference", worst.mean_difference},
            {"rank_correlation", worst.rank_correlation},
            {"top_overlap", worst.top_overlap}};
}

struct measured_case {
    map_case which;
    explain_options options;
    json first;  // by a process of its own
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

json quartiles(std::vector<double> const& values)
{
    return {{"median", bench::median(values)},
            {"q1", bench::quantile(values, 0.25)},
            {"q3", bench::quantile(values, 0.75)},
            {"all", values}};
}

/// Says on a terminal what is going on; nothing if stderr is a file or a pipe.
class status_line {
public:
    ~status_line() { say(""); }
    void say(std::string const& text) const
    {
        if (isatty(STDERR_FILENO) != 0) { std::cerr << "\r\033[K" << text << std::flush; }
    }
};

/// What was measured on the cases of a network.
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

    /// Each case's map and memory, by processes of their own, before anything has started threads here.
    void look()
    {
        std::vector<map_case> wanted;
        for (auto const& one : cases_) { wanted.push_back(one.which); }
        status_.say("the exact map");
        map_case const exact;
        auto of_all     = options_of(exact, options_);
        reference_      = computed_apart([&] { return first_map(options_, of_all, names_); });
        auto const same = [&](measured_case& one) {  // as the exact map: of bfloat16, too, where another class may lead
            one.options.targets.clear();
            for (auto const& target : reference_["targets"]) { one.options.targets.push_back(target.dump()); }
        };
        std::vector<measured_case> kept;
        for (auto& one : cases_) {
            status_.say("first map of " + one.which.name());
            same(one);
            try {
                one.first = one.which == exact ? reference_
                                               : computed_apart([&] { return first_map(options_, one.options, names_); });
                one.first.update(distance(one.first, reference_));
                kept.push_back(std::move(one));
            } catch (sc::error const& e) {
                left_out_.push_back({{"name", one.which.name()}, {"reason", e.what()}});
            }
        }
        cases_ = std::move(kept);
        if (cases_.empty()) { throw sc::error{"no case can be run: " + left_out_[0]["reason"].get<std::string>()}; }
    }

    /// Rounds over all cases, so that whatever else the machine does meets all of them.
    void measure()
    {
        input_ = picture_of(options_);
        opened_networks open;
        for (auto& one : cases_) {
            status_.say("warming up " + one.which.name());
            one.maker = std::make_unique<map_maker>(open(one.options), one.options, names_, input_.view());
            (void)one.maker->warm_up();
        }
        load_before_     = load();
        auto const begin = std::chrono::steady_clock::now();
        auto const spent = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
        for (double last = 0, at = 0; rounds_ < options_.rounds && (rounds_ == 0 || at + last <= options_.seconds);
             ++rounds_) {
            for (std::size_t i = 0; i < cases_.size(); ++i) {
                status_.say("round " + std::to_string(rounds_ + 1) + ": " + cases_[i].which.name());
                cases_[i].measure(rounds_ % 2 == 0 ? map_maker::order::map_first : map_maker::order::bare_first);
            }
            last = spent() - at;
            at += last;
        }
        load_after_ = load();
        status_.say("");
    }

    [[nodiscard]] json report() const
    {
        auto cases = json::array();
        for (auto const& one : cases_) { cases.push_back(report(one)); }
        auto const number = [](double value) { return std::isnan(value) ? json(nullptr) : json(value); };
        return {{"what", "scorecam bench"},
                {"command", options_.command_line},
                {"version", SCORECAM_VERSION},
                {"processor", processor()},
                {"hardware_threads", std::thread::hardware_concurrency()},
                {"load", {{"before", number(load_before_)}, {"after", number(load_after_)}}},
                {"compiler", compiler()},
                {"optimised", optimised},
                {"model", options_.model},
                {"engine", reference_["engine"]},
                {"layer", reference_["layer"]},
                {"channels", reference_["channels"]},
                {"input", {input_.extent(0), input_.extent(1), input_.extent(2)}},
                {"picture", picture_name()},
                {"targets", reference_["targets"]},
                {"convention", options_.convention},
                {"rounds", rounds_},
                {"cases", cases},
                {"left_out", left_out_}};
    }

    void print(json const& all) const
    {
        std::cout << title(all) << '\n' << subtitle(all) << '\n';
        std::vector<std::vector<std::string>> rows{{"", "forwards", "s/map", "[quartiles]", "images/s", "overhead", "CPU",
                                                    "outside", "MB", "process", "largest", "predicted", "Spearman"}};
        for (std::size_t i = 0; i < cases_.size(); ++i) {
            auto const& one     = all["cases"][i];
            auto const& seconds = one["seconds"];
            auto const outside  = one["outside_engine"];
            rows.push_back(
                {cases_[i].which.short_name(), one["forwards"].dump(), digits(seconds["median"], 3),
                 "[" + digits(seconds["q1"], 3) + ", " + digits(seconds["q3"], 3) + "]", digits(one["images_per_second"], 4),
                 fixed(one["overhead"]["median"], 3), fixed(one["overhead_cpu"]["median"], 3),
                 outside.is_null() ? "-" : fixed(100 * outside["median"].get<double>(), 1) + " %",
                 megabytes(one["peak_bytes"]), megabytes(one["process_bytes"]), fixed(one["largest_difference"], 3),
                 one.contains("predicted_error") ? fixed(one["predicted_error"], 3) : "-",
                 fixed(one["rank_correlation"], 4)});
        }
        print_table(rows);
        for (auto const& one : left_out_) {
            std::cout << "left out: " << one["name"].get<std::string>() << ": " << one["reason"].get<std::string>() << '\n';
        }
        std::cout << "\nMedians of " << rounds_ << " rounds over all cases. exact is " << map_case{}.name() << ";\n"
                  << explanation_of_table;
        if (options_.images.empty()) {
            std::cout << "The picture was drawn: times are those of any picture, distances are not.\n";
        }
        if (!optimised) { std::cout << "This program was built without optimisation: its times are not scorecam's.\n"; }
    }

    [[nodiscard]] cv::Mat picture(json const& all) const
    {
        std::vector<plotted_case> points;
        for (std::size_t i = 0; i < cases_.size(); ++i) {
            auto const& one   = all["cases"][i];
            auto const effort = cases_[i].which.effort;
            auto const name   = effort.substr(0, effort.find(':'));
            auto const kind   = name == "exact"       ? "all channels"
                                : name == "forwards"  ? "--budget (forwards)"
                                : name == "tolerance" ? "--tolerance"
                                                      : "--top-channels (deviation)";
            std::optional<double> predicted;
            if (one.contains("predicted_error") && !one["exact"].get<bool>()) {
                predicted = one["predicted_error"].get<double>();
            }
            points.push_back({cases_[i].which.short_name(), kind, one["seconds"]["median"], one["seconds"]["q1"],
                              one["seconds"]["q3"], one["largest_difference"], predicted});
        }
        return plot(points, title(all), subtitle(all) + "; " + std::to_string(rounds_) + " rounds");
    }

private:
#ifdef __OPTIMIZE__
    static constexpr bool optimised = true;
#else
    static constexpr bool optimised = false;
#endif

    static constexpr char const* explanation_of_table =
        "the other names say what differs from that.\n"
        "images/s  forwards, by the wall's clock\n"
        "overhead  a map against its own bare forwards, pair by pair: wall, and CPU: processor time of all threads\n"
        "outside   the part of a map's processor time that is not spent inside the engine\n"
        "MB        held by the library; process: what opening the network and one map add to a fresh process, engine,\n"
        "          weights and code included\n"
        "largest   difference from the exact float32 map; predicted: not to be exceeded, with 90 % confidence\n"
        "Spearman  rank correlation with the exact float32 map, over all pixels\n";

    /// The first column to the left, the others to the right.
    static void print_table(std::vector<std::vector<std::string>> const& rows)
    {
        std::vector<std::size_t> widths(rows.front().size());
        for (auto const& row : rows) {
            for (std::size_t c = 0; c < row.size(); ++c) { widths[c] = std::max(widths[c], row[c].size()); }
        }
        for (auto const& row : rows) {
            for (std::size_t c = 0; c < row.size(); ++c) {
                std::cout << (c == 0 ? std::left : std::right) << std::setw(static_cast<int>(widths[c])) << row[c]
                          << (c + 1 < row.size() ? "  " : "\n");
            }
        }
    }

    static std::string fixed(json const& value, int places)
    {
        if (!value.is_number() || std::isnan(value.get<double>())) { return "-"; }
        std::ostringstream text;
        text << std::fixed << std::setprecision(places) << value.get<double>();
        return text.str();
    }
    static std::string digits(json const& value, int number)
    {
        std::ostringstream text;
        text << std::setprecision(number) << value.get<double>();
        return text.str();
    }
    static std::string megabytes(json const& bytes)
    {
        return bytes.is_null() ? "-" : fixed(bytes.get<double>() / 1e6, bytes.get<double>() < 1e7 ? 2 : 1);
    }

    [[nodiscard]] std::string picture_name() const { return options_.images.empty() ? "drawn" : options_.images.front(); }

    static std::string file_of(std::string const& path) { return path.substr(path.find_last_of('/') + 1); }

    [[nodiscard]] std::string title(json const& all) const
    {
        return file_of(options_.model) + " on " + all["engine"].get<std::string>() + ", " + all["channels"].dump() +
               " channels of " + all["layer"].get<std::string>();
    }
    [[nodiscard]] std::string subtitle(json const& all) const
    {
        auto const loads = fixed(all["load"]["before"], 1) + " to " + fixed(all["load"]["after"], 1);
        std::string classes;
        for (auto const& target : all["targets"]) {
            classes += (classes.empty() ? "" : " and ") + names_.of(target.get<sc::index_t>());
        }
        return file_of(picture_name()) + (options_.images.empty() ? " picture" : "") + ", " + classes + "; " +
               all["processor"].get<std::string>() + ", " + all["hardware_threads"].dump() + " threads, load " + loads +
               "; " + all["compiler"].get<std::string>();
    }

    static json report(measured_case const& one)
    {
        json all{{"name", one.which.name()},
                 {"effort", one.which.effort},
                 {"batches_of", one.which.batches},
                 {"threads", one.options.threads == 0 ? sc::cpu::workers::hardware_threads() : one.options.threads},
                 {"callers", one.options.callers},
                 {"precision", one.which.precision},
                 {"seconds", quartiles(one.map_wall)},
                 {"cpu_seconds", quartiles(one.map_cpu)},
                 {"bare_seconds", quartiles(one.bare_wall)},
                 {"bare_cpu_seconds", quartiles(one.bare_cpu)},
                 {"overhead", quartiles(one.overhead_wall)},
                 {"overhead_cpu", quartiles(one.overhead_cpu)},
                 {"outside_engine", one.options.callers == 1 ? quartiles(one.outside) : json(nullptr)},
                 {"images_per_second", one.first["forwards"].get<double>() / bench::median(one.map_wall)}};
        for (auto const& [key, value] : one.first.items()) {
            bool const said_once = key == "maps" || key == "height" || key == "width" || key == "engine" || key == "layer" ||
                                   key == "channels" || key == "targets" || key == "seconds";
            if (!said_once) { all[key] = value; }
        }
        return all;
    }

    bench_options const& options_;
    labels names_;
    std::vector<measured_case> cases_;
    json left_out_ = json::array();
    json reference_;
    sc::tensor<float, 3> input_;
    int rounds_         = 0;
    double load_before_ = 0, load_after_ = 0;
    status_line status_;
};

}  // namespace

int bench(bench_options const& options)
{
    benchmark measured{options};
    measured.look();
    measured.measure();
    auto const all = measured.report();
    measured.print(all);
    if (!options.plot.empty()) { sc::opencv::write_image(options.plot, measured.picture(all)); }
    if (!options.json.empty()) {
        std::ofstream out{options.json};
        out << all.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
        if (!out.flush()) { throw sc::error{"cannot write " + options.json}; }
    }
    return 0;
}

}  // namespace cli
