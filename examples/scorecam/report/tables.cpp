#include "report/tables.hpp"

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <iomanip>
#include <sstream>
#include <string>

#include <scorecam/error.hpp>
#include <scorecam/opencv/images.hpp>

#include "report/curves_picture.hpp"
#include "report/digits.hpp"
#include "report/written_aside.hpp"

namespace cli {
namespace {

namespace sc = scorecam;
using json   = nlohmann::ordered_json;

std::string interval(json const& line, int places)
{
    return line["low"].is_null() ? "" : "[" + fixed(line["low"], places) + ", " + fixed(line["high"], places) + "]";
}

std::string verdict_of(json const& line)
{
    return line.contains("beside_control") ? line["beside_control"]["verdict"].get<std::string>() : std::string{};
}
std::string reasons_of(json const& line)
{
    std::string text;
    if (!line.contains("reasons")) { return text; }
    for (auto const& [why, count] : line["reasons"].items()) {
        text += (text.empty() ? "" : "; ") + why + " " + std::to_string(count.get<sc::index_t>());
    }
    return text;
}

/// RFC 4180.
std::string quoted(std::string const& text)
{
    if (text.find_first_of(",\"\r\n") == std::string::npos) { return text; }
    std::string all{'"'};
    for (char const c : text) { all += c == '"' ? "\"\"" : std::string{c}; }
    return all + '"';
}

std::string percent(json const& header)
{
    std::ostringstream text;
    text << header["bootstrap"]["level"].get<double>() * 100 << " %";
    return text.str();
}

}  // namespace

void print_table(std::ostream& to, json const& results)
{
    std::size_t longest = 20;
    for (auto const& line : results["table"]) {
        longest = std::max(longest, line["configuration"].get<std::string>().size());
    }
    std::string last;
    for (auto const& line : results["table"]) {
        auto const metric = line["metric"].get<std::string>() + " (" + line["protocol"].get<std::string>() + "), " +
                            line["better"].get<std::string>() + " is better";
        if (metric != last) {
            to << (last.empty() ? "" : "\n") << std::left
               << std::setw(static_cast<int>(std::max<std::size_t>(longest + 2, 60))) << metric << std::right << std::setw(8)
               << "mean" << std::setw(18) << percent(results["run"]) << std::setw(6) << "n" << std::setw(11) << "undefined"
               << "  beside uniform\n";
        }
        last = metric;
        to << "  " << std::left << std::setw(static_cast<int>(std::max<std::size_t>(longest, 58)))
           << line["configuration"].get<std::string>() << std::right << std::setw(8) << fixed(line["mean"], 3)
           << std::setw(18) << interval(line, 3) << std::setw(6) << line["n"].get<sc::index_t>() << std::setw(11)
           << line["undefined"].get<sc::index_t>() << "  " << verdict_of(line)
           << (reasons_of(line).empty() ? "" : "  (" + reasons_of(line) + ")") << '\n';
    }
    to << '\n' << results["pictures"].get<sc::index_t>() << " pictures";
    if (!results["failed"].empty()) { to << ", " << results["failed"].size() << " failed"; }
    to << '\n';
}

void write_csv(std::ostream& to, json const& results)
{
    to << "configuration,metric,protocol,better,mean,low,high,n,undefined,reasons,beside_uniform_mean,beside_uniform_low,"
          "beside_uniform_high,beside_uniform\n";
    auto const number = [](json const& value) { return value.is_number() ? value.dump() : std::string{}; };
    for (auto const& line : results["table"]) {
        for (auto const* key : {"configuration", "metric", "protocol", "better"}) {
            to << quoted(line[key].get<std::string>()) << ',';
        }
        for (auto const* key : {"mean", "low", "high", "n", "undefined"}) { to << number(line[key]) << ','; }
        to << quoted(reasons_of(line));
        auto const beside = line.value("beside_control", json::object());
        for (auto const* key : {"mean", "low", "high"}) { to << ',' << number(beside.value(key, json(nullptr))); }
        to << ',' << verdict_of(line) << '\n';
    }
}

void write_markdown(std::ostream& to, json const& results)
{
    auto const& header = results["run"];
    auto const columns = header["columns"].size(), configurations = header["configurations"].size();
    to << "| | forwards |";
    for (std::size_t c = 0; c < columns; ++c) {
        auto const& line = results["table"][c * configurations];
        to << ' ' << line["metric"].get<std::string>() << " (" << line["protocol"].get<std::string>() << ") "
           << (line["better"] == "lower" ? "↓" : "↑") << " |";
    }
    to << "\n|---|---|";
    for (std::size_t c = 0; c < columns; ++c) { to << "---|"; }
    to << '\n';
    for (std::size_t w = 0; w < configurations; ++w) {
        auto const name = header["configurations"][w]["name"].get<std::string>();
        to << "| `" << name << "` | " << (results.contains("forwards") ? fixed(results["forwards"][name], 0) : "-") << " |";
        for (std::size_t c = 0; c < columns; ++c) {
            auto const& line   = results["table"][c * configurations + w];
            auto const verdict = verdict_of(line);
            to << ' ' << (verdict == "better" ? "**" : "") << fixed(line["mean"], 3) << (verdict == "better" ? "**" : "")
               << (verdict == "worse" ? " (worse)" : "") << " |";
        }
        to << '\n';
    }
    to << "\nMeans over " << results["pictures"].get<sc::index_t>()
       << " pictures; bold: better than `uniform` on the same pictures, " << percent(header)
       << " bootstrap interval of the differences; (worse): worse.";
    to << " Fewer pictures, where a number is undefined or has nothing to compare with, are in results.csv.\n";
}

void write_results(std::filesystem::path const& folder, json const& results)
{
    auto const write = [&](char const* name, auto const& writer) {
        written_aside(folder / name, [&](std::filesystem::path const& to) {
            std::ofstream out{to};
            writer(out, results);
            if (!out.flush()) { throw sc::error{"cannot write " + (folder / name).string()}; }
        });
    };
    if (results.contains("curves")) {
        written_aside(folder / "curves.png",
                      [&](std::filesystem::path const& to) { sc::opencv::write_image(to, curves_picture(results)); });
    }
    write("results.csv", write_csv);
    write("results.md", write_markdown);
    write("results.json",  // the last: where it is, the others are
          [](std::ostream& to, json const& all) { to << all.dump(1, ' ', false, json::error_handler_t::replace) << '\n'; });
}

}  // namespace cli
