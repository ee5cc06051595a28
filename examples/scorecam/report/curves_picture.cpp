#include "report/curves_picture.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>

#include "report/ink.hpp"

namespace cli {
namespace {

using json = nlohmann::ordered_json;

/// Pixels: one panel for each direction, and a line for each configuration below.
struct panel {
    static constexpr int width = 660, height = 620;
    static constexpr int left = 64, right = 32, top = 64, bottom = 56;
    static constexpr int line_height = 20;
};

struct stroke {
    cv::Scalar colour;
    int on, off;  // points of the curve that are drawn and left out
    int thickness;
};

/// Colours that the colour-blind tell apart (Okabe and Ito, Color Universal Design, 2008), first whole, then broken lines;
/// the controls in black and grey.
stroke stroke_of(std::size_t configuration, std::string const& name)
{
    static std::array<cv::Scalar, 7> const colours{cv::Scalar{178, 114, 0}, {0, 94, 213},   {115, 158, 0}, {167, 121, 204},
                                                   {0, 159, 230},           {233, 180, 86}, {66, 228, 240}};
    if (name == "random") { return {{140, 140, 140}, 2, 2, 2}; }
    if (name.rfind("uniform", 0) == 0) { return {{0, 0, 0}, 3, 2, 2}; }
    return {colours[configuration % colours.size()], configuration < colours.size() ? 1 : 4,
            configuration < colours.size() ? 0 : 1, 2};
}

std::string digits(char const* format, double value)
{
    char text[32];
    std::snprintf(text, sizeof text, format, value);
    return text;
}

/// Adds one direction's curves to the picture at x, and the configurations below them, the best first.
void draw_panel(cv::Mat& on, int x, json const& results, std::string const& which)
{
    auto const& curves        = results["curves"];
    auto const configurations = curves.size();
    auto const& lines         = results["table"];
    auto const first          = static_cast<std::size_t>(
        std::find_if(lines.begin(), lines.end(), [&](auto const& line) { return line["metric"] == which; }) - lines.begin());
    auto const mean = [&](std::size_t w) {
        auto const& value = lines[first + w]["mean"];
        return value.is_number() ? value.template get<double>() : std::nan("");
    };
    double most = 0;
    for (auto const& one : curves) {
        for (double const score : one[which].template get<std::vector<double>>()) { most = std::max(most, score); }
    }
    double const limit = most > 0.5 ? 1.0 : most > 0.2 ? 0.5 : 0.2;
    auto const at      = [&](double share, double score) {
        return cv::Point{
            x + panel::left + static_cast<int>(std::lround(share * (panel::width - panel::left - panel::right))),
            panel::top + static_cast<int>(std::lround((1 - score / limit) * (panel::height - panel::top - panel::bottom)))};
    };

    write(on,
          which + " (" + lines[first]["protocol"].template get<std::string>() + "), " +
              lines[first]["better"].template get<std::string>() + " is better",
          {x + panel::left, 30}, 0.6, ink);
    for (int i = 0; i <= 5; ++i) {
        double const share = i / 5.0;
        cv::line(on, at(share, 0), at(share, limit), faint_ink);
        cv::line(on, at(0, share * limit), at(1, share * limit), faint_ink);
        write(on, digits("%.0f %%", share * 100), at(share, 0) + cv::Point{-16, 20}, small_letters, ink);
        write(on, digits("%.2g", share * limit), at(0, share * limit) + cv::Point{-42, 5}, small_letters, ink);
    }
    cv::rectangle(on, at(0, 0), at(1, limit), grey_ink);
    write(on, which == "insertion" ? "pixels shown" : "pixels taken away", at(0.5, 0) + cv::Point{-60, 44}, letters, ink);
    write(on, "mean score of the class", {x + panel::left, panel::top - 10}, letters, ink);

    std::vector<std::size_t> order(configurations);
    std::iota(order.begin(), order.end(), std::size_t{0});
    auto const rank = [&](std::size_t w) { return which == "insertion" ? -mean(w) : mean(w); };
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return rank(a) < rank(b); });
    for (std::size_t place = configurations; place-- > 0;) {  // the best is drawn last, over the others
        auto const w      = order[place];
        auto const name   = curves[w]["configuration"].template get<std::string>();
        auto const scores = curves[w][which].template get<std::vector<double>>();
        auto const how    = stroke_of(w, name);
        for (std::size_t i = 1; i < scores.size(); ++i) {
            if (static_cast<int>(i - 1) % (how.on + how.off) >= how.on) { continue; }
            auto const last = static_cast<double>(scores.size() - 1);
            cv::line(on, at(static_cast<double>(i - 1) / last, scores[i - 1]), at(static_cast<double>(i) / last, scores[i]),
                     how.colour, how.thickness, cv::LINE_AA);
        }
        int const y = panel::height + static_cast<int>(place) * panel::line_height;
        for (int dash = 0; dash < 3; ++dash) {  // whole lines have no gap
            int const from = x + panel::left + dash * 14;
            cv::line(on, {from, y}, {from + (how.off > 0 ? 7 : 14), y}, how.colour, how.thickness, cv::LINE_AA);
        }
        write(on, digits("%.3f  ", mean(w)) + name, {x + panel::left + 54, y + 5}, small_letters, ink);
    }
}

}  // namespace

cv::Mat curves_picture(json const& results)
{
    cv::Mat on(panel::height + static_cast<int>(results["curves"].size()) * panel::line_height, 2 * panel::width, CV_8UC3,
               cv::Scalar::all(255));
    draw_panel(on, 0, results, "insertion");
    draw_panel(on, panel::width, results, "deletion");
    return on;
}

}  // namespace cli
