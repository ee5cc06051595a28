#pragma once
// Does the map lie on the object? The energy-based pointing game, the pointing game, the overlap of the thresholded map, and
// what of these is a matter of the order of its values alone. Maps are on the host, of the size that the region's
// coordinates are for.
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <numeric>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/metrics/maps.hpp>
#include <scorecam/metrics/measured.hpp>
#include <scorecam/metrics/protocols.hpp>
#include <scorecam/metrics/region.hpp>
#include <scorecam/ops/range.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::metrics {

namespace detail {

template <class T, std::size_t Rank>
void check_not_negative(tensor_view<T const, Rank> map)
{
    if (ops::range_of(map.data(), map.size()).lo < T(0)) {
        throw option_error{"the map has negative values, of which no share of energy can be told; give one in [0, 1]"};
    }
}

}  // namespace detail

/// Score-CAM, Section 4.3: the share of the map's sum that lies in the region, Σ_region L / Σ L. Higher is better; a
/// constant map has the region's share of the image. haofanwang/Score-CAM, utils/energyPointGame.py, takes its box's x for
/// rows and y for columns; here rows are rows. An empty map has no share. Throws option_error for negative values.
template <class T, std::size_t Rank, region<Rank> Region>
[[nodiscard]] measured energy_pointing_game(tensor_view<T const, Rank> map, Region const& where)
{
    measured found{"energy_pointing_game", "paper"};
    auto const of_map  = caveat_of(map);
    auto const covered = covered_by(where, map.shape());
    detail::check_not_negative(map);
    if (covered.empty()) {
        found.why = caveat::empty_region;
    } else if (of_map == caveat::empty_map) {
        found.why = of_map;
    } else {
        double inside = 0, whole = 0;
        for (T const value : map) { whole += static_cast<double>(value); }
        for (auto const p : covered) { inside += static_cast<double>(map.data()[p]); }
        found.value = inside / whole;
    }
    return found;
}

/// Without a tolerance: the largest value of the map has to lie in the region.
struct inside {
    [[nodiscard]] std::string name() const { return "inside"; }
    template <std::size_t Rank>
    [[nodiscard]] bool hits(extents<Rank> const& at, std::vector<index_t> const& covered, extents<Rank> const& size) const
    {
        auto const equal = [&](index_t p) { return coordinates_of(p, size) == at; };
        return std::any_of(covered.begin(), covered.end(), equal);
    }
};

/// Zhang et al. 2016, Excitation Backprop: a margin of 15 pixels around the object is allowed, as facebookresearch/TorchRay,
/// torchray/benchmark/pointing_game.py, has it: some pixel of the region is nearer than the tolerance, strictly.
struct torchray {
    double tolerance = 15;  ///< pixels
    [[nodiscard]] std::string name() const { return detail::named("torchray", {{"tolerance", tolerance, 15}}); }
    template <std::size_t Rank>
    [[nodiscard]] bool hits(extents<Rank> const& at, std::vector<index_t> const& covered, extents<Rank> const& size) const
    {
        if (!(tolerance > 0)) {
            throw option_error{"TorchRay's pointing game has the tolerance " + std::to_string(tolerance) +
                               ", with which nothing hits; give a positive number of pixels, or use metrics::inside{}"};
        }
        return std::any_of(covered.begin(), covered.end(), [&](index_t p) {
            auto const there = coordinates_of(p, size);
            double apart     = 0;
            for (std::size_t d = 0; d < Rank; ++d) {
                auto const along = static_cast<double>(there[d] - at[d]);
                apart += along * along;
            }
            return apart < tolerance * tolerance;
        });
    }
};

/// A protocol for the pointing game: whether the point hits the positions covered.
template <class P, std::size_t Rank>
concept pointing_protocol = requires(P const p, extents<Rank> at, std::vector<index_t> covered) {
    { p.name() } -> std::convertible_to<std::string>;
    { p.hits(at, covered, at) } -> std::convertible_to<bool>;
};

/// 1 if the first of the largest values hits the region, else 0; the mean over images is the metric. A constant map points
/// nowhere and has no value.
template <class T, std::size_t Rank, region<Rank> Region, pointing_protocol<Rank> Protocol = inside>
[[nodiscard]] measured pointing_game(tensor_view<T const, Rank> map, Region const& where, Protocol const& protocol = {})
{
    measured found{"pointing_game", protocol.name()};
    auto const of_map  = caveat_of(map);
    auto const covered = covered_by(where, map.shape());
    found.why          = covered.empty() ? caveat::empty_region : of_map;
    if (found.why == caveat::none) {
        auto const largest = std::max_element(map.begin(), map.end()) - map.begin();
        found.value        = protocol.hits(coordinates_of(largest, map.shape()), covered, map.shape()) ? 1 : 0;
    }
    return found;
}

/// What counts as marked by the map: values of `fraction` of its largest one or more. CAM, Zhou et al. 2016, Section 3.2,
/// has 20 %; Grad-CAM, Selvaraju et al. 2017, 15 %.
struct fraction_of_max {
    double fraction = 0.2;
    [[nodiscard]] std::string name() const { return "fraction_of_max " + detail::shortest(fraction); }
    [[nodiscard]] double threshold(double largest) const
    {
        detail::check_share("the fraction of the largest value", fraction);
        return fraction * largest;
    }
};

/// Values of `level` or more, for maps in [0, 1].
struct at_least {
    double level = 0.5;
    [[nodiscard]] std::string name() const { return "at_least " + detail::shortest(level); }
    [[nodiscard]] double threshold(double) const
    {
        detail::check_share("the level", level);
        return level;
    }
};

template <class P>
concept threshold_protocol = requires(P const p, double largest) {
    { p.name() } -> std::convertible_to<std::string>;
    { p.threshold(largest) } -> std::convertible_to<double>;
};

/// Intersection over union of the region and what the map marks, pixel by pixel. Higher is better; a constant map marks
/// everything or nothing: the region's share of the image, or 0. An empty map has no value.
template <class T, std::size_t Rank, region<Rank> Region, threshold_protocol Protocol = fraction_of_max>
[[nodiscard]] measured iou(tensor_view<T const, Rank> map, Region const& where, Protocol const& protocol = {})
{
    measured found{"iou", protocol.name()};
    auto const of_map  = caveat_of(map);
    auto const covered = covered_by(where, map.shape());
    detail::check_not_negative(map);
    auto const level = protocol.threshold(static_cast<double>(*std::max_element(map.begin(), map.end())));
    if (covered.empty()) {
        found.why = caveat::empty_region;
    } else if (of_map == caveat::empty_map) {
        found.why = of_map;
    } else {
        auto const marked = [&](T value) { return static_cast<double>(value) >= level; };
        auto const all    = std::count_if(map.begin(), map.end(), marked);
        auto const both   = std::count_if(covered.begin(), covered.end(), [&](index_t p) { return marked(map.data()[p]); });
        auto const either = all + static_cast<index_t>(covered.size()) - both;
        found.value       = static_cast<double>(both) / static_cast<double>(either);
    }
    return found;
}

/// All of them, for tables and for choosing by name.
using pointing_protocols  = std::tuple<inside, torchray>;
using threshold_protocols = std::tuple<fraction_of_max, at_least>;

namespace detail {

/// The positions of a map, the largest value first; the lower index wins a tie.
template <class T, std::size_t Rank>
[[nodiscard]] std::vector<index_t> by_value(tensor_view<T const, Rank> map)
{
    std::vector<index_t> order(static_cast<std::size_t>(map.size()));
    std::iota(order.begin(), order.end(), index_t{0});
    std::stable_sort(order.begin(), order.end(), [&](index_t a, index_t b) { return map.data()[a] > map.data()[b]; });
    return order;
}

}  // namespace detail

/// The chance that a pixel of the region has a larger value than one beside it, a tie counting half: the area under the
/// curve of true against false positives over all thresholds (Fawcett 2006, An introduction to ROC analysis, Section 7).
/// Higher is better, 1/2 is chance. It looks at the order of the values alone, not at the map's contrast. An empty map, and
/// a region without pixels beside it, have no value.
template <class T, std::size_t Rank, region<Rank> Region>
[[nodiscard]] measured auroc(tensor_view<T const, Rank> map, Region const& where)
{
    measured found{"auroc", "ranks"};
    auto const of_map  = caveat_of(map);
    auto const covered = covered_by(where, map.shape());
    auto const inside = static_cast<double>(covered.size()), beside = static_cast<double>(map.size()) - inside;
    if (covered.empty() || beside == 0) {
        found.why = caveat::empty_region;
    } else if (of_map == caveat::empty_map) {
        found.why = of_map;
    } else {
        std::vector<char> is_inside(static_cast<std::size_t>(map.size()));
        for (auto const p : covered) { is_inside[static_cast<std::size_t>(p)] = 1; }
        auto const order = detail::by_value(map);
        double won = 0, inside_before = 0;  // pairs in which the region's value is larger; the region's so far
        for (std::size_t from = 0; from < order.size();) {
            double tied_inside = 0, tied_beside = 0;
            for (T const value = map.data()[order[from]]; from < order.size() && map.data()[order[from]] == value; ++from) {
                (is_inside[static_cast<std::size_t>(order[from])] != 0 ? tied_inside : tied_beside) += 1;
            }
            won += tied_beside * (inside_before + tied_inside / 2);
            inside_before += tied_inside;
        }
        found.value = won / (inside * beside);
    }
    return found;
}

/// Intersection over union of the region and as many of the map's largest values as the region has pixels, so that neither
/// the map's contrast nor a threshold matters. The lower index wins a tie. Higher is better. An empty map has no value.
template <class T, std::size_t Rank, region<Rank> Region>
[[nodiscard]] measured iou_at_area(tensor_view<T const, Rank> map, Region const& where)
{
    measured found{"iou", "object_area"};
    auto const of_map  = caveat_of(map);
    auto const covered = covered_by(where, map.shape());
    found.why          = covered.empty() ? caveat::empty_region : of_map == caveat::empty_map ? of_map : caveat::none;
    if (found.why == caveat::none) {
        auto order = detail::by_value(map);
        order.resize(covered.size());
        std::sort(order.begin(), order.end());
        auto const both = std::count_if(covered.begin(), covered.end(),
                                        [&](index_t p) { return std::binary_search(order.begin(), order.end(), p); });
        found.value     = static_cast<double>(both) / static_cast<double>(2 * static_cast<index_t>(covered.size()) - both);
    }
    return found;
}

}  // namespace scorecam::metrics
