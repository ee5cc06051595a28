#include "curves_picture.hpp"

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

namespace cli {
namespace {

using json = nlohmann::ordered_json;

constexpr int width = 660, height = 620;  // of a panel: one for each direction
constexpr int left = 64, right = 32, top = 64, bottom = 56;
constexpr int line_height = 20;  // of the list of ways below
constexpr double small = 0.42, normal = 0.52;

cv::Scalar const ink{40, 40, 40}, grey{150, 150, 150}, faint{228, 228, 228};

struct stroke {
    cv::Scalar colour;
    int on, off;  // points of the curve that are drawn and left out
    int thickness;
};

/// Colours that the colour-blind tell apart (Okabe and Ito, Color Universal Design, 2008), first whole, then broken lines;
/// the controls in black and grey.
stroke stroke_of(std::size_t way, std::string const& name)
{
    static std::array<cv::Scalar, 7> const colours{cv::Scalar{178, 114, 0}, {0, 94, 213},   {115, 158, 0}, {167, 121, 204},
                                                   {0, 159, 230},           {233, 180, 86}, {66, 228, 240}};
    if (name == "random") { return {{140, 140, 140}, 2, 2, 2}; }
    if (name.rfind("uniform", 0) == 0) { return {{0, 0, 0}, 3, 2, 2}; }
    return {colours[way % colours.size()], way < colours.size() ? 1 : 4, way < colours.size() ? 0 : 1, 2};
}

void write(cv::Mat& on, std::string const& text, cv::Point where, double size, cv::Scalar const& colour)
{
    cv::putText(on, text, where, cv::FONT_HERSHEY_SIMPLEX, size, colour, 1, cv::LINE_AA);
}

std::string digits(char const* format, double value)
{
    char text[32];
    std::snprintf(text, sizeof text, format, value);
    return text;
}

/// Adds one direction's curves to the picture at x, and the ways below them, the best first.
void draw_panel(cv::Mat& on, int x, json const& results, std::string const& which)
{
    auto const& curves = results["curves"];
    auto const ways    = curves.size();
    auto const& lines  = results["table"];
    auto const first   = static_cast<std::size_t>(
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
        return cv::Point{x + left + static_cast<int>(std::lround(share * (width - left - right))),
                         top + static_cast<int>(std::lround((1 - score / limit) * (height - top - bottom)))};
    };

    write(on,
          which + " (" + lines[first]["protocol"].template get<std::string>() + "), " +
              lines[first]["better"].template get<std::string>() + " is better",
          {x + left, 30}, 0.6, ink);
    for (int i = 0; i <= 5; ++i) {
        double const share = i / 5.0;
        cv::line(on, at(share, 0), at(share, limit), faint);
        cv::line(on, at(0, share * limit), at(1, share * limit), faint);
        write(on, digits("%.0f %%", share * 100), at(share, 0) + cv::Point{-16, 20}, small, ink);
        write(on, digits("%.2g", share * limit), at(0, share * limit) + cv::Point{-42, 5}, small, ink);
    }
    cv::rectangle(on, at(0, 0), at(1, limit), grey);
    write(on, which == "insertion" ? "pixels shown" : "pixels taken away", at(0.5, 0) + cv::Point{-60, 44}, normal, ink);
    write(on, "mean score of the class", {x + left, top - 10}, normal, ink);

    std::vector<std::size_t> order(ways);
    std::iota(order.begin(), order.end(), std::size_t{0});
    auto const rank = [&](std::size_t w) { return which == "insertion" ? -mean(w) : mean(w); };
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return rank(a) < rank(b); });
    for (std::size_t place = ways; place-- > 0;) {  // the best is drawn last, over the others
        auto const w      = order[place];
        auto const name   = curves[w]["way"].template get<std::string>();
        auto const scores = curves[w][which].template get<std::vector<double>>();
        auto const how    = stroke_of(w, name);
        for (std::size_t i = 1; i < scores.size(); ++i) {
            if (static_cast<int>(i - 1) % (how.on + how.off) >= how.on) { continue; }
            auto const last = static_cast<double>(scores.size() - 1);
            cv::line(on, at(static_cast<double>(i - 1) / last, scores[i - 1]), at(static_cast<double>(i) / last, scores[i]),
                     how.colour, how.thickness, cv::LINE_AA);
        }
        int const y = height + static_cast<int>(place) * line_height;
        for (int dash = 0; dash < 3; ++dash) {  // whole lines have no gap
            int const from = x + left + dash * 14;
            cv::line(on, {from, y}, {from + (how.off > 0 ? 7 : 14), y}, how.colour, how.thickness, cv::LINE_AA);
        }
        write(on, digits("%.3f  ", mean(w)) + name, {x + left + 54, y + 5}, small, ink);
    }
}

}  // namespace

cv::Mat curves_picture(json const& results)
{
    cv::Mat on(height + static_cast<int>(results["curves"].size()) * line_height, 2 * width, CV_8UC3, cv::Scalar::all(255));
    draw_panel(on, 0, results, "insertion");
    draw_panel(on, width, results, "deletion");
    return on;
}

}  // namespace cli
