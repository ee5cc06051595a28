#pragma once
// What the published evaluations do, one type for each source. A number carries the name of its protocol, and of the options
// that are not the source's: "paper", "paper (kept 0.3)".
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/metrics/curve.hpp>
#include <scorecam/metrics/rise_blur.hpp>
#include <scorecam/policies/picture.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::metrics {

namespace detail {

struct option {
    char const* name;
    double value;
    double usual;
};

/// "0.5" rather than "0.500000".
[[nodiscard]] inline std::string shortest(double value)
{
    auto text = std::to_string(value);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') { text.pop_back(); }
    return text;
}

/// The source's name, and those options whose values are not the source's.
[[nodiscard]] inline std::string named(std::string const& source, std::initializer_list<option> options)
{
    std::string changed;
    for (auto const& one : options) {
        if (one.value != one.usual) { changed += (changed.empty() ? "" : ", ") + (one.name + (" " + shortest(one.value))); }
    }
    return changed.empty() ? source : source + " (" + changed + ")";
}

inline void check_share(char const* what, double share)
{
    if (!(share > 0) || !(share <= 1)) {
        throw option_error{std::string{what} + " is " + shortest(share) + "; give a share above 0 and up to 1"};
    }
}

/// Points evenly spaced from 0 to 1.
[[nodiscard]] inline std::vector<double> even_spacing(std::size_t points)
{
    std::vector<double> x(points);
    for (std::size_t i = 0; i < points; ++i) { x[i] = static_cast<double>(i) / static_cast<double>(points - 1); }
    return x;
}

/// The share of the positions that each count is.
[[nodiscard]] inline std::vector<double> shares_of(std::vector<index_t> const& counts)
{
    std::vector<double> x;
    for (auto const count : counts) { x.push_back(static_cast<double>(count) / static_cast<double>(counts.back())); }
    return x;
}

}  // namespace detail

/// A protocol for insertion and deletion curves.
/// `name()`            goes with every number
/// `counts(P)`         how many of the P positions are changed at each point: 0 first, P last, increasing
/// `x(counts)`         where these points lie on [0, 1]
/// `tie_rule`          which of two positions of the same value is changed first
/// `deleted_to()`      the picture that pixels are deleted to
/// `inserted_into()`   the picture that they are inserted into
template <class P>
concept curve_protocol = requires(P const p, index_t n, std::vector<index_t> const& counts) {
    { p.name() } -> std::convertible_to<std::string>;
    { p.counts(n) } -> std::same_as<std::vector<index_t>>;
    { p.x(counts) } -> std::same_as<std::vector<double>>;
    { P::tie_rule } -> std::convertible_to<ties>;
    p.deleted_to();
    p.inserted_into();
};

/// A protocol for average drop, increase and gain.
/// `name()`          goes with every number
/// `kept_share()`    which share of the positions the image keeps, by rank, black elsewhere; or nothing: the image is
///                   multiplied by the map
/// `drop_epsilon()`  added to the denominator of the drop
template <class P>
concept confidence_protocol = requires(P const p) {
    { p.name() } -> std::convertible_to<std::string>;
    { p.kept_share() } -> std::same_as<std::optional<double>>;
    { p.drop_epsilon() } -> std::convertible_to<double>;
};

/// Score-CAM, Wang et al. 2020. Section 4.2: half of the pixels are muted rather than all multiplied by the map, and pixels
/// are removed or introduced in steps of 1 % of them, set to zero or one. What it leaves open is chosen here: an odd pixel
/// is kept, counts are rounded, and 0 and 1 are values of the model's input, after its preprocessing.
struct paper {
    static constexpr ties tie_rule = ties::earlier_first;
    double kept                    = 0.5;   ///< share of the pixels kept, for drop, increase and gain
    double step                    = 0.01;  ///< share of the pixels per point of a curve
    double fill                    = 0;     ///< what deleted pixels are set to and inserted ones replace

    [[nodiscard]] std::string name() const
    {
        return detail::named("paper", {{"kept", kept, 0.5}, {"step", step, 0.01}, {"fill", fill, 0}});
    }
    [[nodiscard]] std::optional<double> kept_share() const { return kept; }
    [[nodiscard]] double drop_epsilon() const { return 0; }
    [[nodiscard]] std::vector<index_t> counts(index_t positions) const
    {
        detail::check_share("the step of a curve", step);
        std::vector<index_t> all;
        auto const whole = static_cast<double>(positions);
        double const each = std::max(step, 1 / whole);  // a pixel a point is as fine as it gets
        for (index_t k = 0;; ++k) {
            auto const count = static_cast<index_t>(std::lround(std::min(1.0, static_cast<double>(k) * each) * whole));
            if (all.empty() || count > all.back()) { all.push_back(count); }
            if (count == positions) { return all; }
        }
    }
    [[nodiscard]] std::vector<double> x(std::vector<index_t> const& counts) const { return detail::shares_of(counts); }
    [[nodiscard]] constant deleted_to() const { return {fill}; }
    [[nodiscard]] constant inserted_into() const { return {fill}; }
};

/// RISE, Petsiuk et al. 2018: eclique/RISE, evaluation.py, CausalMetric and auc, with Evaluation.ipynb's step of 224 pixels.
/// Deleted pixels are 0, inserted ones replace a blurred image, every step counts the same, the last one too if it has fewer
/// pixels. Of equal values the later one comes first: numpy's sort reversed, as if it were stable, which it does not
/// promise.
struct rise {
    static constexpr ties tie_rule = ties::later_first;
    index_t step                   = 224;  ///< pixels per point of a curve
    rise_blur start                = {};   ///< of the insertion

    [[nodiscard]] std::string name() const
    {
        return detail::named("rise", {{"step", static_cast<double>(step), 224},
                                      {"blur size", static_cast<double>(start.size), 11},
                                      {"blur sigma", start.sigma, 5}});
    }
    [[nodiscard]] std::vector<index_t> counts(index_t positions) const { return counts_in_steps_of(step, positions); }
    [[nodiscard]] std::vector<double> x(std::vector<index_t> const& counts) const
    {
        return detail::even_spacing(counts.size());
    }
    [[nodiscard]] black deleted_to() const { return {}; }
    [[nodiscard]] rise_blur inserted_into() const { return start; }
};

/// frgfm/torch-cam f44afef, torchcam/metrics.py, ClassificationMetric and DeletionInsertionMetric: the image times the map,
/// an epsilon of 1e-7; 20 intervals or fewer, zeros for both curves, points at the share of the pixels changed.
struct torch_cam {
    static constexpr ties tie_rule = ties::earlier_first;
    index_t steps                  = 20;  ///< intervals of a curve at most

    [[nodiscard]] std::string name() const
    {
        return detail::named("torch_cam", {{"steps", static_cast<double>(steps), 20}});
    }
    [[nodiscard]] std::optional<double> kept_share() const { return std::nullopt; }
    [[nodiscard]] double drop_epsilon() const { return 1e-7; }
    [[nodiscard]] std::vector<index_t> counts(index_t positions) const
    {
        if (steps < 1) { throw option_error{"a curve of " + std::to_string(steps) + " intervals; use 1 or more"}; }
        return counts_in_steps_of((positions + steps - 1) / steps, positions);
    }
    [[nodiscard]] std::vector<double> x(std::vector<index_t> const& counts) const { return detail::shares_of(counts); }
    [[nodiscard]] black deleted_to() const { return {}; }
    [[nodiscard]] black inserted_into() const { return {}; }
};

/// Grad-CAM++, Chattopadhyay et al. 2018, Section 4: the image times the map. Average gain: Opti-CAM, Zhang et al. 2023.
struct multiply {
    [[nodiscard]] std::string name() const { return "multiply"; }
    [[nodiscard]] std::optional<double> kept_share() const { return std::nullopt; }
    [[nodiscard]] double drop_epsilon() const { return 0; }
};

/// All of them, for tables and for choosing by name.
using curve_protocols      = std::tuple<rise, paper, torch_cam>;
using confidence_protocols = std::tuple<paper, multiply, torch_cam>;

static_assert(curve_protocol<rise> && curve_protocol<paper> && curve_protocol<torch_cam>);
static_assert(confidence_protocol<paper> && confidence_protocol<multiply> && confidence_protocol<torch_cam>);

}  // namespace scorecam::metrics
