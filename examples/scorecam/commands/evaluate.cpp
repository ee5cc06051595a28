#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include <scorecam/engines/onnx/file.hpp>
#include <scorecam/error.hpp>
#include <scorecam/version.hpp>

#include "commands/commands.hpp"
#include "evaluate/checksum.hpp"
#include "evaluate/evaluator.hpp"
#include "evaluate/image_list.hpp"
#include "evaluate/journal.hpp"
#include "evaluate/process_group.hpp"
#include "evaluate/results.hpp"
#include "report/tables.hpp"
#include "report/terminal.hpp"

namespace cli {
namespace {

namespace sc = scorecam;
namespace fs = std::filesystem;
using json   = nlohmann::ordered_json;

/// Part i of n: the rows i - 1, i - 1 + n, i - 1 + 2 n, ..., counted from 0.
struct shard {
    sc::index_t part = 1;
    sc::index_t of   = 1;

    explicit shard(std::string const& text)
    {
        if (text.empty()) { return; }
        auto const slash  = std::min(text.find('/'), text.size());
        auto const number = [&](std::size_t from, std::size_t to, sc::index_t& value) {
            auto const [end, failure] = std::from_chars(text.data() + std::min(from, to), text.data() + to, value);
            return failure == std::errc{} && end == text.data() + to;
        };
        if (!number(0, slash, part) || !number(slash + 1, text.size(), of) || part < 1 || part > of) {
            throw sc::option_error{"--shard " + text + ": write I/N, such as 2/5 for the second of five parts"};
        }
    }
    [[nodiscard]] bool has(sc::index_t row) const { return row % of == part - 1; }
    [[nodiscard]] bool is_all() const { return of == 1; }
    [[nodiscard]] std::string journal_name() const
    {
        return is_all() ? "journal.jsonl" : "journal." + std::to_string(part) + "-of-" + std::to_string(of) + ".jsonl";
    }
};

protocols protocols_of(evaluate_options const& options)
{
    auto const read = [](auto const& how, std::string const& name, std::string const& text) {
        return sc::text::read_or_refuse(how, text, name + " " + text);
    };
    return {read(curve_protocols(), "--curves", options.curves),
            read(confidence_protocols(), "--confidence", options.confidence),
            read(pointing_protocols(), "--pointing", options.pointing),
            {},
            options.adcc};
}

json checksum_or_null(fs::path const& file) { return file.empty() ? json(nullptr) : json(sum_of_file(file).checksum()); }

/// Of the files beside a network that belong to it: ONNX's external weights, and those of OpenVINO's format.
json sums_of_weights(fs::path const& network)
{
    auto all           = json::object();
    auto const weights = fs::path{network}.replace_extension(".bin");
    if (network.extension() == ".xml" && fs::exists(weights)) {
        all[weights.filename().string()] = sum_of_file(weights).checksum();
    }
    if (network.extension() != ".onnx") { return all; }
    auto const graph = sc::onnx::read_file(network.string());
    auto const add   = [&](sc::onnx::tensor const& one) {
        if (one.apart && !all.contains(one.apart->location)) {
            all[one.apart->location] = sum_of_file(one.apart->file).checksum();
        }
    };
    for (auto const& [name, one] : graph.constants) { add(one); }
    for (auto const& node : graph.nodes) {
        for (auto const& given : node.attributes) { add(given.value); }
    }
    return all;
}

/// Everything that changes numbers, but not where it is or on how many threads it ran.
json header_of(evaluate_options const& options, image_list const& list, protocols const& how, json configurations)
{
    auto columns = json::array();
    for (auto const& one : how.columns()) { columns.push_back({{"metric", one.metric}, {"protocol", one.protocol}}); }
    auto given = json::object();
    for (auto const& [name, values] : options.given) { given[name] = values; }
    return {{"scorecam", "evaluation"},
            {"version", SCORECAM_VERSION},
            {"model", fs::path{options.model}.filename().string()},
            {"model_crc64", checksum_or_null(options.model)},
            {"weights_crc64", sums_of_weights(options.model)},
            {"description_crc64", checksum_or_null(options.description)},
            {"labels_crc64", checksum_or_null(options.labels)},
            {"list_crc64", list.checksum},
            {"rows", list.rows.size()},
            {"score", options.score},
            {"bootstrap", {{"level", options.level}, {"resamples", options.resamples}, {"seed", options.seed}}},
            {"columns", columns},
            {"configurations", std::move(configurations)},
            {"options", std::move(given)}};
}

void make_folder(std::string const& output)
{
    std::error_code failure;
    fs::create_directories(output, failure);
    if (failure) { throw sc::option_error{"--output " + output + " cannot be made: write a folder that can be written to"}; }
}

std::string clock_text(double seconds)
{
    auto const all = static_cast<long>(seconds + 0.5);
    char text[64];
    std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", all / 3600, all / 60 % 60, all % 60);
    return text;
}

/// How far it is, and how long it will take if it goes on like this; on a terminal only.
class progress_line {
public:
    progress_line(std::size_t before, std::size_t total) : before_{before}, done_{before}, total_{total} {}
    ~progress_line() { clear(); }

    void clear() const
    {
        if (shown()) { terminal() << "\r\033[K" << std::flush; }
    }
    void one_more()
    {
        ++done_;
        if (!shown()) { return; }
        auto const rate = seconds() / static_cast<double>(done_ - before_);
        terminal() << "\r\033[K" << done_ << " of " << total_ << " pictures, "
                   << clock_text(rate * static_cast<double>(total_ - done_)) << " left" << std::flush;
    }
    [[nodiscard]] double seconds() const
    {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    }

private:
    static bool shown() { return isatty(STDERR_FILENO) != 0; }

    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
    std::size_t before_, done_, total_;
};

/// The exit status: 1 if a picture could not be used.
int show(fs::path const& folder, evaluation const& all)
{
    auto const results = results_of(all);
    write_results(folder, results);
    print_table(std::cout, results);
    std::cout << "In " << folder.string() << ": results.json, .csv, .md"
              << (results.contains("curves") ? " and curves.png" : "") << '\n';
    return results["failed"].empty() ? 0 : 1;
}

/// The list, the networks and how they are evaluated, in each process of a process_group.
class subject {
public:
    explicit subject(evaluate_options const& options)
        : how_{protocols_of(options)}, list_{read_list(options.list)},
          evaluator_{options, configurations_of(options, options.compositions), how_, options.score, options.seed},
          header_(header_of(options, list_, how_, evaluator_.configurations()))
    {
    }
    [[nodiscard]] json const& header() const { return header_; }
    [[nodiscard]] sc::index_t rows() const { return static_cast<sc::index_t>(list_.rows.size()); }
    /// Throws scorecam::option_error if what the line of a row was made from has changed.
    void check_unchanged(json const& line) const
    {
        auto const row     = line["row"].get<sc::index_t>();
        auto const changed = [&](std::string const& how) {
            throw sc::option_error{"row " + std::to_string(row) + " was evaluated before, and since then " + how +
                                   "; put it back, or write another --output"};
        };
        json now;
        try {
            now = normal(files_of(list_.rows[static_cast<std::size_t>(row)], list_.folder));
        } catch (std::runtime_error const& e) {
            changed(std::string{"its files have gone: "} + e.what());
        }
        for (auto const& [name, sum] : now.items()) {
            if (!line["files"].contains(name)) { changed(name + " has come to it"); }
            auto const& then = line["files"][name];
            if (then != sum) { changed(name + " has changed from " + then.dump() + " to " + sum.dump()); }
        }
    }
    [[nodiscard]] member as_member()
    {
        return {header_, [this](sc::index_t row) {
                    return evaluator_(row, list_.rows[static_cast<std::size_t>(row)], list_.folder);
                }};
    }

private:
    protocols how_;
    image_list list_;
    evaluator evaluator_;
    json header_;
};

}  // namespace

int evaluate(evaluate_options const& options)
{
    process_group all;
    std::optional<subject> on;
    if (!all.leads()) {
        all.follow([&] { return on.emplace(options).as_member(); });
        return 0;
    }
    shard const part{options.shard};
    on.emplace(options);
    make_folder(options.output);
    auto const file = fs::path{options.output} / part.journal_name();
    int failed      = 0;
    {
        journal book{file, on->header()};
        std::vector<sc::index_t> left;
        std::size_t rows = 0;
        for (sc::index_t row = 0; row < on->rows(); ++row) {
            if (!part.has(row)) { continue; }
            ++rows;
            if (!book.has(row)) {
                left.push_back(row);
            } else {
                on->check_unchanged(book.lines().at(row));
            }
        }
        auto const before = rows - left.size();
        if (before > 0) {
            std::cerr << "scorecam: " << before << " of " << rows << " pictures are in " << file.string() << " already\n";
        }
        progress_line shown{before, rows};
        all.lead(on->as_member(), left, [&](json const& line) {
            book.add(line);
            if (line.contains("failed")) {
                shown.clear();
                failed = 1;
                std::cerr << "scorecam: row " << line["row"] << ", " << one_line(line["image"].get<std::string>())
                          << ", is left out: " << one_line(line["failed"].get<std::string>()) << '\n';
            }
            shown.one_more();
        });
        shown.clear();
        std::cerr << "scorecam: " << left.size() << " pictures in " << clock_text(shown.seconds()) << '\n';
    }
    if (part.is_all()) { return show(options.output, read_journals({file})); }
    std::cout << "Part " << part.part << " of " << part.of << " is in " << file.string()
              << "; scorecam merge makes the table of all parts\n";
    return failed;
}

int merge(merge_options const& options)
{
    auto const all = read_journals({options.journals.begin(), options.journals.end()});
    make_folder(options.output);
    return show(options.output, all);
}

}  // namespace cli
