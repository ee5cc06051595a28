#pragma once
// What every backend promises, checked against the reference on geometries that are easy to get wrong.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/backend.hpp>
#include <scorecam/reference.hpp>
#include <scorecam/tensor.hpp>

#include "support/cases.hpp"
#include "support/networks.hpp"

namespace conformance {

namespace sc = scorecam;

/// A tensor in a backend's memory, and its way back.
template <class Backend, class T, std::size_t Rank>
class held {
public:
    held(Backend& on, sc::extents<Rank> shape) : on_{on}, buffer_{on.template allocate<T>(shape.size())}, shape_{shape} {}
    held(Backend& on, sc::tensor<T, Rank> const& host) : held{on, host.shape()} { on.from_host(host.data(), view()); }

    [[nodiscard]] sc::view_on<Backend, T, Rank> view() const { return {buffer_.data(), shape_}; }
    [[nodiscard]] sc::const_view_on<Backend, T, Rank> in() const { return view(); }
    [[nodiscard]] sc::tensor<T, Rank> host() const
    {
        sc::tensor<T, Rank> copy{shape_};
        on_.to_host(in(), copy.data());
        on_.wait();
        return copy;
    }

private:
    Backend& on_;
    mutable decltype(std::declval<Backend&>().template allocate<T>(0)) buffer_;
    sc::extents<Rank> shape_;
};

/// Close to rounding: a few ulp of the largest value.
template <class T, std::size_t Rank>
void check_close(sc::tensor<T, Rank> const& found, sc::tensor<T, Rank> const& expected, T ulps)
{
    REQUIRE(found.shape() == expected.shape());
    T largest = 1;
    for (auto const v : expected) { largest = std::max(largest, std::abs(v)); }
    T worst = 0;
    for (sc::index_t i = 0; i < found.size(); ++i) {
        T const off = std::abs(found.data()[i] - expected.data()[i]);
        worst       = std::isnan(off) ? std::numeric_limits<T>::infinity() : std::max(worst, off);
    }
    CHECK(worst <= ulps * std::numeric_limits<T>::epsilon() * largest);
}

/// One geometry as all backends see it.
template <class T>
struct inputs {
    sc::tensor<T, 4> images;
    sc::tensor<T, 4> background;
    sc::tensor<T, 4> maps;
    sc::tensor<sc::ops::pick, 1> picks;

    explicit inputs(cases::shape_case const& c)
        : images{networks::drawn_tensor<T>(prepend(c.image, 2), 1)},
          background{networks::drawn_tensor<T>(prepend(c.image, 1), 2)},
          maps{networks::drawn_tensor<T>(prepend(c.activation, 2), 3)}
    {
        auto const low = sc::trailing<2>(c.activation).size();
        std::fill_n(maps.data() + (maps.size() - low), low, T(0.3));  // the last channel of the second image is flat
        std::vector<sc::ops::pick> all;
        for (sc::index_t k = c.activation[0]; k-- > 0;) {
            all.push_back({static_cast<std::int32_t>(k % 2), static_cast<std::int32_t>(k)});
        }
        picks = {{{static_cast<sc::index_t>(all.size())}}, all};
    }
};

/// All results of all operations on one backend.
template <class T>
struct results {
    sc::tensor<sc::ops::range<T>, 2> ranges;
    sc::tensor<T, 4> masked;
    sc::tensor<T, 4> blended;
    sc::tensor<T, 4> sums;
    sc::tensor<T, 4> heat;
    sc::tensor<T, 4> raw;
    sc::tensor<T, 4> scaled_first;
    sc::tensor<T, 4> small;
    sc::tensor<T, 4> normalised;
    sc::tensor<sc::ops::moments<T>, 2> moments;
    sc::tensor<sc::ops::range<T>, 2> heat_ranges;
};

template <class T, class Backend>
[[nodiscard]] results<T> run(Backend& on, inputs<T> const& in, sc::ops::mask_rule rule)
{
    auto const I = in.maps.extent(0), K = in.maps.extent(1), n = in.picks.extent(0);
    held<Backend, T, 4> const images{on, in.images}, background{on, in.background}, maps{on, in.maps};
    held<Backend, sc::ops::pick, 1> const picks{on, in.picks};
    held<Backend, sc::ops::range<T>, 2> const ranges{on, sc::extents<2>{I, K}};
    on.extrema(merge_leading(maps.in()), sc::trailing<2>(in.images.shape()), rule, merge_leading(ranges.view()));

    held<Backend, T, 4> const batch{on, prepend(sc::trailing<3>(in.images.shape()), n)};
    results<T> found;
    found.ranges = ranges.host();
    on.mask(images.in(), images.in().slice(0, 0), maps.in(), ranges.in(), picks.in(), rule, batch.view());
    found.masked = batch.host();
    on.mask(images.in(), background.in(), maps.in(), ranges.in(), picks.in(), rule, batch.view());
    found.blended = batch.host();

    held<Backend, T, 3> const weights{on, networks::drawn_tensor<T>(sc::extents<3>{I, K, 3}, 4)};
    held<Backend, T, 4> const sums{on, sc::extents<4>{I, 3, in.maps.extent(2), in.maps.extent(3)}};
    on.combine(maps.in(), weights.in(), sums.view());
    found.sums = sums.host();

    held<Backend, T, 4> const heat{on, sc::extents<4>{I, 3, in.images.extent(2), in.images.extent(3)}};
    held<Backend, sc::ops::range<T>, 2> const heat_ranges{on, sc::extents<2>{I, 3}};
    on.heatmap(merge_leading(sums.in()), sc::heatmap_rule{.axis = rule.axis}, merge_leading(heat.view()),
               merge_leading(heat_ranges.view()));
    found.heat = heat.host();
    on.heatmap(merge_leading(sums.in()), sc::heatmap_rule{.axis = rule.axis, .scale = sc::scaling::none},
               merge_leading(heat.view()), merge_leading(heat_ranges.view()));
    found.raw         = heat.host();
    found.heat_ranges = heat_ranges.host();
    sc::heatmap_rule shown{.relu               = sc::step_at::activation,
                           .activation_scale   = sc::scaling::min_max,
                           .activation_epsilon = 1e-7,
                           .axis               = rule.axis};
    on.heatmap(merge_leading(sums.in()), shown, merge_leading(heat.view()), merge_leading(heat_ranges.view()));
    found.scaled_first = heat.host();
    shown.size         = sc::step_at::activation;
    held<Backend, T, 4> const small{on, found.sums.shape()};
    on.heatmap(merge_leading(sums.in()), shown, merge_leading(small.view()), merge_leading(heat_ranges.view()));
    found.small = small.host();

    held<Backend, sc::ops::moments<T>, 2> const moments{on, sc::extents<2>{I, K}};
    on.moments(merge_leading(maps.in()), merge_leading(moments.view()));
    found.moments = moments.host();
    on.normalise(merge_leading(maps.view()), merge_leading(ranges.in()), rule);
    found.normalised = maps.host();
    return found;
}

template <class T, class Backend>
void check_masks_and_maps(Backend& on)
{
    sc::reference_backend reference;
    for (auto const& shape : cases::odd) {
        for (auto const axis : {sc::axis_rule::half_pixel, sc::axis_rule::align_corners}) {
            for (auto const extrema : {sc::extrema_of::resized, sc::extrema_of::activation}) {
                CAPTURE(std::string{shape.name});
                CAPTURE(static_cast<int>(axis));
                CAPTURE(static_cast<int>(extrema));
                sc::ops::mask_rule const rule{.axis = axis, .extrema = extrema, .epsilon = 1e-7};
                inputs<T> const in{shape};
                auto const expected = run(reference, in, rule);
                auto const found    = run(on, in, rule);
                for (sc::index_t i = 0; i < expected.ranges.size(); ++i) {  // extrema are samples: exact
                    CHECK(found.ranges.data()[i].lo == expected.ranges.data()[i].lo);
                    CHECK(found.ranges.data()[i].hi == expected.ranges.data()[i].hi);
                }
                check_close(found.masked, expected.masked, T(8));    // normalised before or after resizing
                check_close(found.blended, expected.blended, T(8));  // the same
                check_close(found.sums, expected.sums, T(8));        // one rounding per channel at most, 8 channels
                check_close(found.raw, expected.raw, T(16));         // of sums that differ
                check_close(found.heat, expected.heat, T(64));       // divided by their range
                check_close(found.scaled_first, expected.scaled_first, T(128));  // twice
                check_close(found.small, expected.small, T(128));                // the same
                check_close(found.normalised, expected.normalised, T(4));        // one division
                for (sc::index_t i = 0; i < expected.moments.size(); ++i) {
                    CHECK(found.moments.data()[i].mass == doctest::Approx(expected.moments.data()[i].mass).epsilon(1e-6));
                    CHECK(found.moments.data()[i].deviation ==
                          doctest::Approx(expected.moments.data()[i].deviation).epsilon(1e-6));
                }
            }
        }
    }
}

template <class T, class Backend>
void check_scores_and_weights(Backend& on)
{
    sc::reference_backend reference;
    auto const outputs = networks::drawn_tensor<T>(sc::extents<2>{5, 7}, 11);
    sc::tensor<sc::ops::pick, 1> const picks{{{5}}, {{1, 0}, {0, 2}, {1, 2}, {0, 0}, {1, 1}}};
    auto scored = [&](auto& backend, auto f, auto weighting, bool with_baseline, bool with_flat) {
        using B = std::remove_reference_t<decltype(backend)>;
        held<B, T, 2> const y{backend, outputs};
        held<B, sc::ops::pick, 1> const p{backend, picks};
        held<B, sc::index_t, 2> const targets{backend, sc::extents<2>{2, 2}};
        backend.top(y.in().slice(1, 2), targets.view());
        held<B, T, 3> const scores{backend, sc::tensor<T, 3>{{{2, 3, 2}}}}, weights{backend, sc::extents<3>{2, 3, 2}};
        backend.score(y.in(), f, p.in(), targets.in(), scores.view());
        using role      = sc::ops::channel_role;
        role const flat = with_flat ? role::zero_mask : role::left_out;
        held<B, role, 2> const roles{
            backend,
            sc::tensor<role, 2>{{{2, 3}}, {role::scored, flat, role::scored, role::scored, role::zero, role::scored}}};
        held<B, T, 2> const some{backend, networks::drawn_tensor<T>(sc::extents<2>{2, 2}, 12)};
        sc::const_view_on<B, T, 2> const none{};
        backend.weigh(scores.in(), roles.in(), with_baseline ? some.in() : none, with_flat ? some.in() : none, weighting,
                      weights.view());
        return std::tuple{targets.host(), scores.host(), weights.host()};
    };
    auto compare = [&](auto f, auto weighting) {
        for (bool const with_baseline : {false, true}) {
            for (bool const with_flat : {false, true}) {
                auto const [targets, scores, weights] = scored(on, f, weighting, with_baseline, with_flat);
                auto const [expected_targets, expected, expected_weights] =
                    scored(reference, f, weighting, with_baseline, with_flat);
                CHECK(std::equal(targets.begin(), targets.end(), expected_targets.begin()));
                check_close(scores, expected, T(4));            // exp and a sum of 7
                check_close(weights, expected_weights, T(16));  // the same again
            }
        }
    };
    compare(sc::probability{}, sc::raw_weights{});
    compare(sc::logit{}, sc::relu_weights{});
    compare(sc::sigmoid{}, sc::softmax_weights{});
}

template <class T, class Backend>
void check_nan_stays_visible(Backend& on)
{
    sc::tensor<T, 3> maps = networks::drawn_tensor<T>(sc::extents<3>{2, 9, 9}, 5);
    maps(0, 4, 7)         = std::numeric_limits<T>::quiet_NaN();
    maps(1, 0, 0)         = std::numeric_limits<T>::infinity();
    for (auto const size : {sc::extents<2>{36, 36}, sc::extents<2>{2, 2}}) {  // enlarged, and reduced past the bad value
        held<Backend, T, 3> const in{on, maps};
        held<Backend, sc::ops::range<T>, 1> const ranges{on, sc::extents<1>{2}};
        on.extrema(in.in(), size, sc::mask_rule{}, ranges.view());
        auto const found = ranges.host();
        CHECK_FALSE(found(0).finite());
        CHECK_FALSE(found(1).finite());
    }
}

template <class T, class Backend>
void check_pictures(Backend& on)
{
    sc::reference_backend reference;
    auto const images = networks::drawn_tensor<T>(sc::extents<4>{2, 3, 13, 10}, 6);
    auto painted      = [&](auto& backend, auto const& picture) {
        using B = std::remove_reference_t<decltype(backend)>;
        held<B, T, 4> const in{backend, images}, out{backend, images.shape()};
        picture.paint(backend, in.in(), out.view());
        return out.host();
    };
    auto compare = [&](auto const& picture) { check_close(painted(on, picture), painted(reference, picture), T(8)); };
    compare(sc::black{});
    compare(sc::constant{0.5, -1.0, 2.0});
    compare(sc::mean{});
    compare(sc::blurred{2});
    compare(sc::noise{3, 0.5});
}

/// Runs everything for float and double.
template <class Backend>
void check_backend(Backend& on)
{
    SUBCASE("masks and maps, float") { check_masks_and_maps<float>(on); }
    SUBCASE("masks and maps, double") { check_masks_and_maps<double>(on); }
    SUBCASE("scores and weights, float") { check_scores_and_weights<float>(on); }
    SUBCASE("scores and weights, double") { check_scores_and_weights<double>(on); }
    SUBCASE("NaN stays visible") { check_nan_stays_visible<float>(on); }
    SUBCASE("pictures") { check_pictures<float>(on); }
}

}  // namespace conformance
