#include "report/bench_report.hpp"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "maps/map_case.hpp"
#include "report/digits.hpp"
#include "report/plot.hpp"

namespace cli {
namespace {

using json = nlohmann::ordered_json;

constexpr char const* explanation_of_table =
    "the other names say what differs from that.\n"
    "images/s  forwards, by the wall's clock\n"
    "overhead  a map against its own bare forwards, pair by pair: by the wall, and in processor time of all threads (CPU)\n"
    "outside   the part of a map's processor time that is not spent inside the engine\n"
    "MB        held by the library; process: what opening the network and one map add to a fresh process, engine,\n"
    "          weights and code included\n"
    "largest   difference from the exact float32 map; predicted: not to be exceeded, with 90 % confidence\n"
    "Spearman  rank correlation with the exact float32 map, over all pixels\n";

std::string digits(json const& value, int number)
{
    std::ostringstream text;
    text << std::setprecision(number) << value.get<double>();
    return text.str();
}

std::string megabytes(json const& bytes)
{
    return bytes.is_null() ? "-" : fixed(bytes.get<double>() / 1e6, bytes.get<double>() < 1e7 ? 2 : 1);
}

std::string file_of(json const& path)
{
    auto const text = path.get<std::string>();
    return text.substr(text.find_last_of('/') + 1);
}

/// What was explained, and by what.
std::string title(json const& report)
{
    return file_of(report["model"]) + " on " + report["engine"].get<std::string>() + ", " + report["channels"].dump() +
           " channels of " + report["layer"].get<std::string>();
}

/// On which picture and machine.
std::string subtitle(json const& report)
{
    std::string classes;
    for (auto const& name : report["names"]) { classes += (classes.empty() ? "" : " and ") + name.get<std::string>(); }
    std::string const picture = report["picture"] == "drawn" ? "a drawn picture" : file_of(report["picture"]);
    return picture + ", " + classes + "; " + report["processor"].get<std::string>() + ", " +
           report["hardware_threads"].dump() + " threads, load " + fixed(report["load"]["before"], 1) + " to " +
           fixed(report["load"]["after"], 1) + "; " + report["compiler"].get<std::string>();
}

std::vector<std::string> row_of(json const& one)
{
    auto const& seconds = one["seconds"];
    auto const& outside = one["outside_engine"];
    return {one["short_name"].get<std::string>(),
            one["forwards"].dump(),
            digits(seconds["median"], 3),
            "[" + digits(seconds["q1"], 3) + ", " + digits(seconds["q3"], 3) + "]",
            digits(one["images_per_second"], 4),
            fixed(one["overhead"]["median"], 3),
            fixed(one["overhead_cpu"]["median"], 3),
            outside.is_null() ? "-" : fixed(100 * outside["median"].get<double>(), 1) + " %",
            megabytes(one["peak_bytes"]),
            megabytes(one["process_bytes"]),
            fixed(one["largest_difference"], 3),
            one.contains("predicted_error") ? fixed(one["predicted_error"], 3) : "-",
            fixed(one["rank_correlation"], 4)};
}

/// The first column to the left, the others to the right.
void print_rows(std::vector<std::vector<std::string>> const& rows, std::ostream& out)
{
    std::vector<std::size_t> widths(rows.front().size());
    for (auto const& row : rows) {
        for (std::size_t c = 0; c < row.size(); ++c) { widths[c] = std::max(widths[c], row[c].size()); }
    }
    for (auto const& row : rows) {
        for (std::size_t c = 0; c < row.size(); ++c) {
            out << (c == 0 ? std::left : std::right) << std::setw(static_cast<int>(widths[c])) << row[c]
                << (c + 1 < row.size() ? "  " : "\n");
        }
    }
}

/// As the plot's legend calls it.
std::string kind_of(std::string const& budget)
{
    auto const name = budget.substr(0, budget.find(':'));
    return name == "exact"       ? "all channels"
           : name == "forwards"  ? "--budget (forwards)"
           : name == "tolerance" ? "--tolerance"
                                 : "--top-channels (deviation)";
}

}  // namespace

void print(json const& report, std::ostream& out)
{
    out << title(report) << '\n' << subtitle(report) << "\n\n";
    std::vector<std::vector<std::string>> rows{{"", "forwards", "s/map", "[quartiles]", "images/s", "overhead", "CPU",
                                                "outside", "MB", "process", "largest", "predicted", "Spearman"}};
    for (auto const& one : report["cases"]) { rows.push_back(row_of(one)); }
    print_rows(rows, out);
    for (auto const& one : report["left_out"]) {
        out << "left out: " << one["name"].get<std::string>() << ": " << one["reason"].get<std::string>() << '\n';
    }
    out << "\nMedians of " << report["rounds"] << (report["rounds"] == 1 ? " round" : " rounds")
        << " over all cases. exact is " << map_case{}.name() << ";\n"
        << explanation_of_table;
    if (report["picture"] == "drawn") {
        out << "The picture was drawn: times are those of any picture, distances are not.\n";
    }
    if (!report["optimised"].get<bool>()) {
        out << "This program was built without optimisation: its times are not scorecam's.\n";
    }
}

cv::Mat plot(json const& report)
{
    std::vector<plotted_case> points;
    for (auto const& one : report["cases"]) {
        auto const& seconds = one["seconds"];
        points.push_back({one["short_name"], kind_of(one["budget"]), seconds["median"], seconds["q1"], seconds["q3"],
                          one["largest_difference"], std::nullopt});
        if (one.contains("predicted_error") && !one["exact"].get<bool>()) {
            points.back().predicted_distance = one["predicted_error"].get<double>();
        }
    }
    return plot(points, title(report), subtitle(report) + "; " + report["rounds"].dump() + " rounds");
}

}  // namespace cli
