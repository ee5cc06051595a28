#include "report/plot.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>

#include <opencv2/imgproc.hpp>

#include "report/ink.hpp"

namespace cli {
namespace {

/// Of the picture, in pixels, and its margins.
struct area {
    static constexpr int width = 1280, height = 860;
    static constexpr int left = 100, right = 30, top = 92, bottom = 76;
};
enum class mark { circle, square, triangle, diamond };
struct style {
    mark shape;
    cv::Scalar colour;
};
// Colours that the colour-blind tell apart, and in grey: Okabe and Ito, Color Universal Design (2008).
style style_of(std::size_t kind)
{
    static std::array<style, 4> const all{{{mark::circle, {0, 0, 0}},
                                           {mark::square, {178, 114, 0}},
                                           {mark::triangle, {0, 94, 213}},
                                           {mark::diamond, {115, 158, 0}}}};
    return all[kind % all.size()];
}

cv::Size size_of(std::string const& text, double size)
{
    return cv::getTextSize(text, cv::FONT_HERSHEY_SIMPLEX, size, 1, nullptr);
}
void write_centred(cv::Mat& on, std::string const& text, cv::Point where, double size, cv::Scalar const& colour)
{
    write(on, text, {where.x - size_of(text, size).width / 2, where.y}, size, colour);
}
void write_upwards(cv::Mat& on, std::string const& text, cv::Point where)
{
    auto const size = size_of(text, letters);
    cv::Mat line(size.height + 10, size.width + 4, CV_8UC3, cv::Scalar::all(255));
    write(line, text, {2, size.height + 2}, letters, ink);
    cv::rotate(line, line, cv::ROTATE_90_COUNTERCLOCKWISE);
    line.copyTo(on(cv::Rect{{where.x, where.y - line.rows / 2}, line.size()}));
}

void draw(cv::Mat& on, style const& how, cv::Point at)
{
    constexpr int r    = 6;
    auto const polygon = [&](std::vector<cv::Point> const& corners) {
        cv::fillConvexPoly(on, corners, how.colour, cv::LINE_AA);
    };
    switch (how.shape) {
    case mark::circle:
        cv::circle(on, at, r, how.colour, cv::FILLED, cv::LINE_AA);
        break;
    case mark::square:
        polygon({{at.x - r, at.y - r}, {at.x + r, at.y - r}, {at.x + r, at.y + r}, {at.x - r, at.y + r}});
        break;
    case mark::triangle:
        polygon({{at.x, at.y - r - 2}, {at.x + r + 1, at.y + r - 1}, {at.x - r - 1, at.y + r - 1}});
        break;
    case mark::diamond:
        polygon({{at.x, at.y - r - 2}, {at.x + r + 2, at.y}, {at.x, at.y + r + 2}, {at.x - r - 2, at.y}});
        break;
    }
}

std::string digits_of(double value)
{
    char digits[32];
    std::snprintf(digits, sizeof digits, "%g", value);
    return digits;
}

/// A step of 1, 2 or 5 times a power of ten that divides `range` into at most `parts`.
double step_for(double range, int parts)
{
    double step = std::pow(10.0, std::floor(std::log10(range / parts)));
    for (double const more : {2.0, 2.5, 2.0}) {
        if (range / step > parts) { step *= more; }
    }
    return step;
}

/// From values to pixels.
class axes {
public:
    explicit axes(std::vector<plotted_case> const& cases)
    {
        double least = cases.front().first_quartile, most = cases.front().third_quartile, far = 0;
        for (auto const& one : cases) {
            least = std::min(least, one.first_quartile);
            most  = std::max(most, one.third_quartile);
            far   = std::max({far, one.distance, one.predicted_distance.value_or(0)});
        }
        low_  = std::log10(least) - 0.06;
        high_ = std::log10(most) + 0.10;
        if (high_ - low_ < least_decades) {
            double const middle = (low_ + high_) / 2;
            low_                = middle - least_decades / 2;
            high_               = middle + least_decades / 2;
        }
        far    = std::max(far, least_distance);
        begin_ = -0.03 * far;  // the exact maps stand clear of the axis
        end_   = 1.12 * far;   // and there is room for a label on the right
    }

    [[nodiscard]] int x(double distance) const
    {
        return area::left + static_cast<int>(std::lround((distance - begin_) / (end_ - begin_) *
                                                         (area::width - area::left - area::right)));
    }
    [[nodiscard]] int y(double seconds) const
    {
        return area::top + static_cast<int>(std::lround((high_ - std::log10(seconds)) / (high_ - low_) *
                                                        (area::height - area::top - area::bottom)));
    }

    void draw(cv::Mat& on) const
    {
        double const step = step_for(end_, 10);
        for (int i = 0; i * step <= end_; ++i) {
            int const at = x(i * step);
            cv::line(on, {at, area::top}, {at, area::height - area::bottom}, faint_ink);
            write_centred(on, digits_of(i * step), {at, area::height - area::bottom + 20}, small_letters, ink);
        }
        bool const wide = high_ - low_ > 1.5;  // more than that: 1, 2 and 5 of a decade; less: most tenths of it
        for (int decade = static_cast<int>(std::floor(low_)); decade <= std::floor(high_); ++decade) {
            for (int tenth = 1; tenth < 10; ++tenth) {
                double const seconds = tenth * std::pow(10.0, decade);
                bool const labelled  = wide ? tenth == 1 || tenth == 2 || tenth == 5 : tenth != 7 && tenth != 9;
                if (std::log10(seconds) < low_ || std::log10(seconds) > high_ || !labelled) { continue; }
                cv::line(on, {area::left, y(seconds)}, {area::width - area::right, y(seconds)}, faint_ink);
                auto const label = digits_of(seconds);
                write(on, label, {area::left - 8 - size_of(label, small_letters).width, y(seconds) + 5}, small_letters, ink);
            }
        }
        cv::rectangle(on, {area::left, area::top}, {area::width - area::right, area::height - area::bottom}, grey_ink);
        write_centred(on, "largest difference from the exact map (0: the same; the map is from 0 to 1)",
                      {(area::left + area::width - area::right) / 2, area::height - 24}, letters, ink);
        write_upwards(on, "seconds per map (median and quartiles)", {14, (area::top + area::height - area::bottom) / 2});
    }

private:
    static constexpr double least_decades  = 0.3;   // a factor of 2
    static constexpr double least_distance = 0.05;  // if all maps are the same

    double low_ = 0, high_ = 0;   // log10 of seconds
    double begin_ = 0, end_ = 0;  // distances
};

/// A mark, and where its label stands.
struct labelled {
    std::string text;
    cv::Point mark;
    cv::Rect place{};
};

/// Labels to the right of their marks, or as near to that as there is room: none covers another label or a mark. Those of
/// marks one above the other stand in a column in the marks' order, so that the lines that lead to them do not cross.
class label_places {
public:
    void take(cv::Rect const& place) { taken_.push_back(place); }

    void settle(std::vector<labelled>& all)
    {
        std::vector<labelled*> left_to_do;
        for (auto& one : all) {
            auto const size  = size_of(one.text, small_letters);
            one.place.width  = size.width + 4;
            one.place.height = size.height + 8;
            left_to_do.push_back(&one);
        }
        std::stable_sort(left_to_do.begin(), left_to_do.end(),
                         [](auto const* a, auto const* b) { return a->mark.y < b->mark.y; });
        while (!left_to_do.empty()) {
            auto const of_column = [x = left_to_do.front()->mark.x](auto const* one) {
                return std::abs(one->mark.x - x) < near;
            };
            auto const rest = std::stable_partition(left_to_do.begin(), left_to_do.end(), of_column);
            settle_column({left_to_do.begin(), rest});
            left_to_do.erase(left_to_do.begin(), rest);
        }
    }

private:
    static constexpr int near = 14;

    /// Shifts labels up and down from where they want to be until they are apart: neighbours that meet become one block,
    /// which stands around the mean of its labels' wishes.
    void settle_column(std::vector<labelled*> const& column)
    {
        struct block {
            double wish;  // of the middle
            int labels;
            int height;
        };
        std::vector<block> blocks;
        for (auto const* one : column) {
            blocks.push_back({static_cast<double>(one->mark.y), 1, one->place.height});
            while (blocks.size() > 1) {
                auto const& last   = blocks.back();
                auto const& before = blocks[blocks.size() - 2];
                if (last.wish - before.wish >= (last.height + before.height) / 2.0) { break; }
                int const labels = last.labels + before.labels;
                block const both{(last.wish * last.labels + before.wish * before.labels) / labels, labels,
                                 last.height + before.height};
                blocks.pop_back();
                blocks.back() = both;
            }
        }
        std::size_t next = 0;
        for (auto const& one : blocks) {
            double const highest = area::top + 2, lowest = area::height - area::bottom - 2 - one.height;
            auto y = static_cast<int>(std::clamp(one.wish - one.height / 2.0, highest, std::max(highest, lowest)));
            for (int i = 0; i < one.labels; ++i, ++next) {
                auto& label   = *column[next];
                label.place.x = label.mark.x + (one.labels > 1 ? 40 : 12);
                label.place.y = y;
                y += label.place.height;
                move_off(label);
            }
        }
    }

    /// Away from what is there already: to the right, or to the left of its mark.
    void move_off(labelled& label)
    {
        auto const free = [&](cv::Rect const& tried) {
            return tried.x > area::left && tried.x + tried.width < area::width - area::right &&
                   std::none_of(taken_.begin(), taken_.end(), [&](auto const& other) { return (tried & other).area() > 0; });
        };
        auto const wanted = label.place;
        for (int dx = 0; dx <= 400 && !free(label.place); dx += 4) {
            for (int const dy : {0, -12, 12, -24, 24, -36, 36}) {
                for (int const x : {wanted.x + dx, label.mark.x - 12 - dx - wanted.width}) {
                    cv::Rect const tried{x, wanted.y + dy, wanted.width, wanted.height};
                    if (!free(label.place) && free(tried)) { label.place = tried; }
                }
            }
        }
        take(label.place);
    }

    std::vector<cv::Rect> taken_;
};

void draw_legend(cv::Mat& on, std::vector<std::string> const& kinds, bool with_predictions)
{
    int at           = area::left;
    int const y      = area::top - 16;
    auto const entry = [&](std::string const& text) {
        write(on, text, {at + 14, y + 5}, small_letters, ink);
        at += size_of(text, small_letters).width + 44;
    };
    for (std::size_t k = 0; k < kinds.size(); ++k) {
        draw(on, style_of(k), {at, y});
        entry(kinds[k]);
    }
    if (with_predictions) {
        cv::line(on, {at - 8, y}, {at + 8, y}, grey_ink, 1, cv::LINE_AA);
        cv::line(on, {at + 8, y - 5}, {at + 8, y + 5}, grey_ink, 1, cv::LINE_AA);
        entry("  up to the error predicted with 90 % confidence");
    }
}

}  // namespace

cv::Mat plot(std::vector<plotted_case> const& cases, std::string const& title, std::string const& subtitle)
{
    cv::Mat on(area::height, area::width, CV_8UC3, cv::Scalar::all(255));
    axes const to{cases};
    to.draw(on);
    write(on, title, {area::left, 28}, 0.65, ink);
    write(on, subtitle, {area::left, 52}, small_letters, grey_ink);

    std::vector<std::string> kinds;
    for (auto const& one : cases) {
        if (std::find(kinds.begin(), kinds.end(), one.kind) == kinds.end()) { kinds.push_back(one.kind); }
    }
    auto const kind_of = [&](plotted_case const& one) {
        return static_cast<std::size_t>(std::find(kinds.begin(), kinds.end(), one.kind) - kinds.begin());
    };
    bool const predicted =
        std::any_of(cases.begin(), cases.end(), [](auto const& one) { return one.predicted_distance.has_value(); });
    draw_legend(on, kinds, predicted);

    label_places places;
    for (auto const& one : cases) {
        cv::Point const at{to.x(one.distance), to.y(one.seconds)};
        places.take({at.x - 8, at.y - 8, 16, 16});
        cv::line(on, {at.x, to.y(one.first_quartile)}, {at.x, to.y(one.third_quartile)}, style_of(kind_of(one)).colour, 1,
                 cv::LINE_AA);
        if (one.predicted_distance) {
            int const limit = to.x(*one.predicted_distance);
            cv::line(on, at, {limit, at.y}, grey_ink, 1, cv::LINE_AA);
            cv::line(on, {limit, at.y - 5}, {limit, at.y + 5}, grey_ink, 1, cv::LINE_AA);
            places.take({std::min(at.x, limit), at.y - 2, std::abs(limit - at.x) + 1, 4});
        }
    }
    std::vector<labelled> labels;
    for (auto const& one : cases) { labels.push_back({one.label, {to.x(one.distance), to.y(one.seconds)}}); }
    places.settle(labels);
    for (auto const& [text, at, place] : labels) {
        bool const on_the_right = place.x > at.x;
        cv::Point const end{on_the_right ? place.x - 1 : place.x + place.width, place.y + place.height / 2};
        if (std::abs(end.y - at.y) > 8 || std::abs(end.x - at.x) > 14) { cv::line(on, at, end, pale_ink, 1, cv::LINE_AA); }
        write(on, text, {place.x + 2, place.y + place.height - 5}, small_letters, ink);
    }
    for (auto const& one : cases) { draw(on, style_of(kind_of(one)), {to.x(one.distance), to.y(one.seconds)}); }
    return on;
}

}  // namespace cli
