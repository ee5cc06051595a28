#include "results.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <iomanip>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/metrics/measured.hpp>
#include <scorecam/metrics/names.hpp>
#include <scorecam/metrics/summary.hpp>
#include <scorecam/opencv/images.hpp>

#include "curves_picture.hpp"
#include "digits.hpp"

namespace cli {
namespace {

namespace sc = scorecam;
namespace m  = scorecam::metrics;
using json   = nlohmann::ordered_json;

m::caveat caveat_named(std::string const& name)
{
    for (int i = 0; i <= static_cast<int>(m::caveat::at_pole); ++i) {
        if (name == m::to_string(static_cast<m::caveat>(i))) { return static_cast<m::caveat>(i); }
    }
    throw sc::error{"the journal has the reason '" + name + "', which this version does not know"};
}

/// A number of a journal; nothing to compare with has neither value nor reason.
m::measured measured_from(json const& number, json const& column)
{
    m::measured one{column["metric"], column["protocol"]};
    if (number.is_number()) { one.value = number; }
    if (number.is_object()) {
        if (number["value"].is_number()) { one.value = number["value"]; }
        one.why = caveat_named(number["why"]);
    }
    return one;
}

bool is_there(m::measured const& one) { return one.has_value() || one.why != m::caveat::none; }

bool lower_is_better(std::string const& metric)
{
    auto const known =
        std::find_if(m::all_names.begin(), m::all_names.end(), [&](auto const& one) { return one.name == metric; });
    return known != m::all_names.end() && known->direction == m::better::lower;
}

json or_null(double value) { return std::isnan(value) ? json(nullptr) : json(value); }

m::bootstrap bootstrap_of(json const& header)
{
    auto const& how = header["bootstrap"];
    return {how["level"].get<double>(), how["resamples"].get<sc::index_t>(), how["seed"].get<std::uint64_t>()};
}

/// The numbers of all pictures that did not fail.
class numbers {
public:
    explicit numbers(evaluation const& all) : header_{all.header}
    {
        for (auto const& [row, line] : all.rows) {
            if (!line.contains("failed")) { lines_.push_back(&line); }
        }
    }
    [[nodiscard]] std::vector<json const*> const& lines() const { return lines_; }

    [[nodiscard]] json line_of(std::size_t w, std::size_t c) const
    {
        auto const& way    = header_["ways"][w];
        auto const& column = header_["columns"][c];
        auto const all     = present(of(w, c));
        json line{{"way", way["name"]},
                  {"metric", column["metric"]},
                  {"protocol", column["protocol"]},
                  {"better", lower_is_better(column["metric"]) ? "lower" : "higher"}};
        if (all.empty()) {
            line.update({{"mean", nullptr}, {"low", nullptr}, {"high", nullptr}, {"n", 0}, {"undefined", 0}});
            return line;
        }
        auto const found = m::summarise(all, bootstrap_of(header_));
        line.update({{"mean", or_null(found.mean)},
                     {"low", or_null(found.low)},
                     {"high", or_null(found.high)},
                     {"n", found.sound},
                     {"undefined", found.total - found.sound}});
        for (auto const& [why, count] : found.caveats) { line["reasons"][m::to_string(why)] = count; }
        if (way["name"] != way["control"]) { line["beside_control"] = difference(w, control_of(way), c); }
        return line;
    }

    [[nodiscard]] double mean_forwards(std::size_t w) const
    {
        double sum = 0;
        for (auto const* line : lines_) { sum += (*line)["maps"][w]["forwards"].get<double>(); }
        return sum / static_cast<double>(lines_.size());
    }

    [[nodiscard]] std::vector<double> mean_curve(std::size_t w, char const* which) const
    {
        std::vector<double> mean;
        for (auto const* line : lines_) {
            auto const scores = (*line)["maps"][w][which].get<std::vector<double>>();
            mean.resize(scores.size());
            for (std::size_t i = 0; i < scores.size(); ++i) { mean[i] += scores[i] / static_cast<double>(lines_.size()); }
        }
        return mean;
    }

private:
    [[nodiscard]] std::vector<m::measured> of(std::size_t w, std::size_t c) const
    {
        std::vector<m::measured> all;
        for (auto const* line : lines_) {
            all.push_back(measured_from((*line)["maps"][w]["numbers"][c], header_["columns"][c]));
        }
        return all;
    }
    static std::vector<m::measured> present(std::vector<m::measured> const& all)
    {
        std::vector<m::measured> there;
        std::copy_if(all.begin(), all.end(), std::back_inserter(there), is_there);
        return there;
    }
    [[nodiscard]] std::size_t control_of(json const& way) const
    {
        auto const& ways = header_["ways"];
        return static_cast<std::size_t>(
            std::find_if(ways.begin(), ways.end(), [&](auto const& other) { return other["name"] == way["control"]; }) -
            ways.begin());
    }
    [[nodiscard]] json difference(std::size_t w, std::size_t control, std::size_t c) const
    {
        auto apart       = of(w, c);
        auto const there = of(control, c);
        for (std::size_t i = 0; i < apart.size(); ++i) {
            apart[i].value = apart[i].sound() && there[i].sound() ? apart[i].value - there[i].value : std::nan("");
            apart[i].why   = m::caveat::none;
        }
        apart = present(apart);
        if (apart.size() < 2) { return {{"mean", nullptr}, {"low", nullptr}, {"high", nullptr}, {"verdict", "too few"}}; }
        auto const found  = m::summarise(apart, bootstrap_of(header_));
        bool const lower  = lower_is_better(found.metric);
        bool const better = lower ? found.high < 0 : found.low > 0;
        bool const worse  = lower ? found.low > 0 : found.high < 0;
        return {{"mean", found.mean},
                {"low", found.low},
                {"high", found.high},
                {"verdict", better  ? "better"
                            : worse ? "worse"
                                    : "no clear difference"}};
    }

    json const& header_;
    std::vector<json const*> lines_;
};

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
    if (text.find_first_of(",\"\n") == std::string::npos) { return text; }
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

json results_of(evaluation const& all)
{
    numbers const of{all};
    auto const ways    = all.header["ways"].size();
    auto const columns = all.header["columns"].size();
    json results{{"run", all.header}, {"pictures", of.lines().size()}, {"failed", json::array()}, {"table", json::array()}};
    for (auto const& [row, line] : all.rows) {
        if (line.contains("failed")) { results["failed"].push_back(line); }
    }
    for (std::size_t c = 0; c < columns; ++c) {
        for (std::size_t w = 0; w < ways; ++w) { results["table"].push_back(of.line_of(w, c)); }
    }
    if (of.lines().empty()) { return results; }
    for (std::size_t w = 0; w < ways; ++w) {
        results["forwards"][all.header["ways"][w]["name"].get<std::string>()] = of.mean_forwards(w);
    }
    if (!(*of.lines().front())["maps"][0].contains("insertion")) { return results; }
    for (std::size_t w = 0; w < ways; ++w) {
        results["curves"].push_back({{"way", all.header["ways"][w]["name"]},
                                     {"insertion", of.mean_curve(w, "insertion")},
                                     {"deletion", of.mean_curve(w, "deletion")}});
    }
    return results;
}

void print_table(std::ostream& to, json const& results)
{
    std::size_t longest = 20;
    for (auto const& line : results["table"]) { longest = std::max(longest, line["way"].get<std::string>().size()); }
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
           << line["way"].get<std::string>() << std::right << std::setw(8) << fixed(line["mean"], 3) << std::setw(18)
           << interval(line, 3) << std::setw(6) << line["n"].get<sc::index_t>() << std::setw(11)
           << line["undefined"].get<sc::index_t>() << "  " << verdict_of(line)
           << (reasons_of(line).empty() ? "" : "  (" + reasons_of(line) + ")") << '\n';
    }
    to << '\n' << results["pictures"].get<sc::index_t>() << " pictures";
    if (!results["failed"].empty()) { to << ", " << results["failed"].size() << " failed"; }
    to << '\n';
}

void write_csv(std::ostream& to, json const& results)
{
    to << "way,metric,protocol,better,mean,low,high,n,undefined,reasons,beside_uniform_mean,beside_uniform_low,"
          "beside_uniform_high,beside_uniform\n";
    auto const number = [](json const& value) { return value.is_number() ? value.dump() : std::string{}; };
    for (auto const& line : results["table"]) {
        for (auto const* key : {"way", "metric", "protocol", "better"}) {
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
    auto const columns = header["columns"].size(), ways = header["ways"].size();
    to << "| | forwards |";
    for (std::size_t c = 0; c < columns; ++c) {
        auto const& line = results["table"][c * ways];
        to << ' ' << line["metric"].get<std::string>() << " (" << line["protocol"].get<std::string>() << ") "
           << (line["better"] == "lower" ? "↓" : "↑") << " |";
    }
    to << "\n|---|---|";
    for (std::size_t c = 0; c < columns; ++c) { to << "---|"; }
    to << '\n';
    for (std::size_t w = 0; w < ways; ++w) {
        auto const name = header["ways"][w]["name"].get<std::string>();
        to << "| `" << name << "` | " << (results.contains("forwards") ? fixed(results["forwards"][name], 0) : "-") << " |";
        for (std::size_t c = 0; c < columns; ++c) {
            auto const& line   = results["table"][c * ways + w];
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
        std::ofstream out{folder / name};
        writer(out, results);
        if (!out.flush()) { throw sc::error{"cannot write " + (folder / name).string()}; }
    };
    write("results.json",
          [](std::ostream& to, json const& all) { to << all.dump(1, ' ', false, json::error_handler_t::replace) << '\n'; });
    write("results.csv", write_csv);
    write("results.md", write_markdown);
    if (results.contains("curves")) { sc::opencv::write_image(folder / "curves.png", curves_picture(results)); }
}

}  // namespace cli
