#include "evaluate/results.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/metrics/measured.hpp>
#include <scorecam/metrics/names.hpp>
#include <scorecam/metrics/summary.hpp>

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
        auto const& configuration = header_["configurations"][w];
        auto const& column        = header_["columns"][c];
        auto const all            = present(of(w, c));
        json line{{"configuration", configuration["name"]},
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
        if (configuration["name"] != configuration["control"]) {
            line["beside_control"] = difference(w, control_of(configuration), c);
        }
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
    [[nodiscard]] std::size_t control_of(json const& configuration) const
    {
        auto const& configurations = header_["configurations"];
        return static_cast<std::size_t>(
            std::find_if(configurations.begin(), configurations.end(),
                         [&](auto const& other) { return other["name"] == configuration["control"]; }) -
            configurations.begin());
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

}  // namespace

json results_of(evaluation const& all)
{
    numbers const of{all};
    auto const configurations = all.header["configurations"].size();
    auto const columns        = all.header["columns"].size();
    json results{{"run", all.header}, {"pictures", of.lines().size()}, {"failed", json::array()}, {"table", json::array()}};
    for (auto const& [row, line] : all.rows) {
        if (line.contains("failed")) { results["failed"].push_back(line); }
    }
    for (std::size_t c = 0; c < columns; ++c) {
        for (std::size_t w = 0; w < configurations; ++w) { results["table"].push_back(of.line_of(w, c)); }
    }
    if (of.lines().empty()) { return results; }
    for (std::size_t w = 0; w < configurations; ++w) {
        results["forwards"][all.header["configurations"][w]["name"].get<std::string>()] = of.mean_forwards(w);
    }
    if (!(*of.lines().front())["maps"][0].contains("insertion")) { return results; }
    for (std::size_t w = 0; w < configurations; ++w) {
        results["curves"].push_back({{"configuration", all.header["configurations"][w]["name"]},
                                     {"insertion", of.mean_curve(w, "insertion")},
                                     {"deletion", of.mean_curve(w, "deletion")}});
    }
    return results;
}

}  // namespace cli
