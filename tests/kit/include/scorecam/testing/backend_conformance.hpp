#pragma once
// What every backend promises, checked against the reference on geometries that are easy to get wrong.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/backend.hpp>
#include <scorecam/batch_view.hpp>
#include <scorecam/policies/rules.hpp>
#include <scorecam/policies/picture.hpp>
#include <scorecam/reference.hpp>
#include <scorecam/policies/score.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/testing/cases.hpp>
#include <scorecam/testing/checks.hpp>
#include <scorecam/testing/drawn.hpp>
#include <scorecam/policies/weighting.hpp>

namespace scorecam::testing {

namespace detail {

/// One geometry as all backends see it: two images, one background, and activations of which the last channel is flat.
template <class T, std::size_t SpatialRank>
struct scene {
    static constexpr std::size_t rank = SpatialRank + 2;
    tensor<T, rank> images;
    tensor<T, rank> background;
    tensor<T, rank> maps;
    tensor<ops::pick, 1> picks;

    explicit scene(cases::geometry<SpatialRank> const& c)
        : images{drawn_tensor<T>(prepend(c.image, 2), 1)}, background{drawn_tensor<T>(prepend(c.image, 1), 2)},
          maps{drawn_tensor<T>(prepend(c.activation, 2), 3)}
    {
        auto const low = trailing<SpatialRank>(c.activation).size();
        std::fill_n(maps.data() + (maps.size() - low), low, T(0.3));
        std::vector<ops::pick> all;
        for (index_t k = c.activation[0]; k-- > 0;) {
            all.push_back({static_cast<std::int32_t>(k % 2), static_cast<std::int32_t>(k)});
        }
        picks = {{{static_cast<index_t>(all.size())}}, all};
    }
    [[nodiscard]] extents<SpatialRank> low() const { return trailing<SpatialRank>(maps.shape()); }
    [[nodiscard]] extents<SpatialRank> high() const { return trailing<SpatialRank>(images.shape()); }
};

/// All results of the operations on masks and maps on one backend.
template <class T, std::size_t SpatialRank>
struct seen {
    static constexpr std::size_t rank = SpatialRank + 2;
    tensor<ops::range<T>, 2> ranges;
    tensor<T, rank> masked;
    tensor<T, rank> blended;
    tensor<T, rank> sums;
    tensor<T, rank> heat;
    tensor<T, rank> raw;
    tensor<T, rank> scaled_first;
    tensor<T, rank> small;
    tensor<T, rank> normalised;
    tensor<ops::moments<T>, 2> moments;
};

template <class T, std::size_t SpatialRank, class Backend>
[[nodiscard]] seen<T, SpatialRank> run(Backend& on, scene<T, SpatialRank> const& in, ops::mask_rule rule)
{
    constexpr auto rank = SpatialRank + 2;
    using held_maps     = held<Backend, T, rank>;
    auto const I = in.maps.extent(0), K = in.maps.extent(1);
    held_maps const images{on, in.images}, background{on, in.background}, maps{on, in.maps};
    held<Backend, ops::pick, 1> const picks{on, in.picks};
    held<Backend, ops::range<T>, 2> const ranges{on, extents<2>{I, K}};
    seen<T, SpatialRank> found;
    on.extrema(merge_leading(maps.in()), in.high(), rule, merge_leading(ranges.view()));
    found.ranges = ranges.host();

    held_maps const batch{on, prepend(trailing<rank - 1>(in.images.shape()), in.picks.size())};
    on.mask(images.in(), images.in().slice(0, 0), masks_on<Backend, T, rank>{maps.in(), ranges.in(), rule}, picks.in(),
            batch.view());
    found.masked = batch.host();
    on.mask(images.in(), background.in(), masks_on<Backend, T, rank>{maps.in(), ranges.in(), rule}, picks.in(),
            batch.view());
    found.blended = batch.host();

    held<Backend, T, 3> const weights{on, drawn_tensor<T>(extents<3>{I, K, 3}, 4)};
    held_maps const sums{on, prepend(in.low(), I, 3)};
    on.combine(maps.in(), weights.in(), sums.view());
    found.sums = sums.host();

    held<Backend, ops::range<T>, 2> const heat_ranges{on, extents<2>{I, 3}};
    auto const heatmap = [&](heatmap_rule how, extents<SpatialRank> size) {
        held_maps const heat{on, prepend(size, I, 3)};
        on.heatmap(merge_leading(sums.in()), how, merge_leading(heat.view()), merge_leading(heat_ranges.view()));
        return heat.host();
    };
    heatmap_rule shown{
        .relu = step_at::activation, .activation_scale = scaling::min_max, .activation_epsilon = 1e-7, .axis = rule.axis};
    found.heat         = heatmap({.axis = rule.axis}, in.high());
    found.raw          = heatmap({.axis = rule.axis, .scale = scaling::none}, in.high());
    found.scaled_first = heatmap(shown, in.high());
    shown.size         = step_at::activation;
    found.small        = heatmap(shown, in.low());

    held<Backend, ops::moments<T>, 2> const moments{on, extents<2>{I, K}};
    on.moments(merge_leading(maps.in()), merge_leading(moments.view()));
    found.moments = moments.host();
    on.normalise(merge_leading(maps.view()), merge_leading(ranges.in()), rule);
    found.normalised = maps.host();
    return found;
}

template <class T>
[[nodiscard]] bool same_range(ops::range<T> a, ops::range<T> b)
{
    return a.lo == b.lo && a.hi == b.hi;
}
template <class T>
[[nodiscard]] bool close_moments(ops::moments<T> a, ops::moments<T> b)
{
    auto const close = [](T x, T y) { return std::abs(x - y) <= T(1e-6) * (1 + std::abs(y)); };
    return close(a.mass, b.mass) && close(a.deviation, b.deviation);
}
template <class Tensor, class Alike = std::equal_to<>>
[[nodiscard]] bool all_alike(Tensor const& a, Tensor const& b, Alike alike = {})
{
    return a.shape() == b.shape() && std::equal(a.begin(), a.end(), b.begin(), alike);
}

template <class T, std::size_t SpatialRank, class Backend>
void check_masks_and_maps(Backend& on)
{
    reference_backend reference;
    for (auto const& geometry : cases::odd<SpatialRank>()) {
        for (auto const axis : {axis_rule::half_pixel, axis_rule::align_corners}) {
            for (auto const extrema : {extrema_of::resized, extrema_of::activation}) {
                auto const name = geometry.name +
                                  std::string{axis == axis_rule::half_pixel ? ", half-pixel" : ", align-corners"} +
                                  (extrema == extrema_of::resized ? ", extrema of the resized map" : ", of the map");
                DOCTEST_INFO(name);
                ops::mask_rule const rule{.axis = axis, .extrema = extrema, .epsilon = 1e-7};
                scene<T, SpatialRank> const in{geometry};
                auto const expected = run(reference, in, rule);
                auto const found    = run(on, in, rule);
                DOCTEST_CHECK_MESSAGE(all_alike(found.ranges, expected.ranges, same_range<T>), "extrema");  // samples: exact
                check_close(found.masked, expected.masked, T(8));    // normalised before or after resizing
                check_close(found.blended, expected.blended, T(8));  // the same
                check_close(found.sums, expected.sums, T(8));        // one rounding per channel at most, 8 channels
                check_close(found.raw, expected.raw, T(16));         // of sums that differ
                check_close(found.heat, expected.heat, T(64));       // divided by their range
                check_close(found.scaled_first, expected.scaled_first, T(128));  // twice
                check_close(found.small, expected.small, T(128));                // the same
                check_close(found.normalised, expected.normalised, T(4));        // one division
                DOCTEST_CHECK_MESSAGE(all_alike(found.moments, expected.moments, close_moments<T>), "moments");
            }
        }
    }
}

/// 1 and the next number of type U, as far as they are apart.
template <class U>
[[nodiscard]] double epsilon_of()
{
    double step = 1;
    while (static_cast<double>(static_cast<float>(static_cast<U>(static_cast<float>(1 + step / 2)))) > 1) { step /= 2; }
    return step;
}

/// Masked images in a batch of elements U in the order `Layout`: those of the reference, converted, in their places.
template <class T, class U, layout Layout, std::size_t SpatialRank, class Backend>
void check_batches(Backend& on)
{
    constexpr auto rank = SpatialRank + 2;
    using held_maps     = held<Backend, T, rank>;
    double const apart  = 2 * std::max(epsilon_of<U>(), 4 * static_cast<double>(std::numeric_limits<float>::epsilon()));
    auto const number   = [](U value) { return static_cast<double>(static_cast<float>(value)); };
    reference_backend reference;
    for (auto const& geometry : cases::odd<SpatialRank>()) {
        DOCTEST_INFO(std::string{geometry.name});
        scene<T, SpatialRank> const in{geometry};
        auto const expected = run(reference, in, mask_rule{});
        auto const shape    = expected.masked.shape();
        held_maps const images{on, in.images}, background{on, in.background}, maps{on, in.maps};
        held<Backend, ops::pick, 1> const picks{on, in.picks};
        held<Backend, ops::range<T>, 2> const ranges{on, expected.ranges};
        held<Backend, U, rank> const memory{on, extents_in_memory(shape, Layout)};
        batch_view<U, rank, Layout, typename Backend::space_type> const batch{memory.view().data(), shape};
        auto const holds = [&](tensor<T, rank> const& wanted) {
            auto const seen = memory.host();
            auto const at   = strides_of(wanted.shape(), Layout);
            auto const* one = wanted.data();
            bool alike      = true;
            for (index_t b = 0; b < wanted.extent(0); ++b) {
                for (index_t c = 0; c < wanted.extent(1); ++c) {
                    for (index_t p = 0; p < in.high().size(); ++p) {
                        auto const found = number(seen.data()[at(b, c, p)]), exact = number(static_cast<U>(*one++));
                        alike = alike && std::abs(found - exact) <= apart;
                    }
                }
            }
            return alike;
        };
        on.mask(images.in(), images.in().slice(0, 0), masks_on<Backend, T, rank>{maps.in(), ranges.in()}, picks.in(), batch);
        DOCTEST_CHECK_MESSAGE(holds(expected.masked), "masked");
        on.mask(images.in(), background.in(), masks_on<Backend, T, rank>{maps.in(), ranges.in()}, picks.in(), batch);
        DOCTEST_CHECK_MESSAGE(holds(expected.blended), "blended");
        tensor<T, rank> first{prepend(trailing<rank - 1>(shape), 1)};
        on.copy(images.in().slice(0, 1), decltype(batch){batch.data(), first.shape()});
        std::copy_n(in.images.data(), first.size(), first.data());
        DOCTEST_CHECK_MESSAGE(holds(first), "copied");
    }
}

/// Maps of one value: no contrast, so that nothing is divided by 0 and masks and maps are all 0.
template <class T, std::size_t SpatialRank, class Backend>
void check_flat_maps(Backend& on)
{
    for (auto const& geometry : cases::odd<SpatialRank>()) {
        DOCTEST_INFO(std::string{geometry.name});
        scene<T, SpatialRank> in{geometry};
        T const values[] = {T(0.3), T(0), T(-1.7)};
        auto const plane = in.low().size();
        for (index_t i = 0; i < in.maps.size(); ++i) { in.maps.data()[i] = values[i / plane % 3]; }
        auto const found = run(on, in, {});
        tensor<ops::range<T>, 2> expected{found.ranges.shape()};
        for (index_t i = 0; i < expected.size(); ++i) { expected.data()[i] = {values[i % 3], values[i % 3]}; }
        DOCTEST_CHECK_MESSAGE(all_alike(found.ranges, expected, same_range<T>), "extrema");
        auto const all_0 = [](auto const& map) { return std::all_of(map.begin(), map.end(), [](T v) { return v == 0; }); };
        DOCTEST_CHECK(all_0(found.masked));
        DOCTEST_CHECK(all_0(found.normalised));
        tensor<T, SpatialRank + 2> behind{found.blended.shape()};  // all that is seen is the background
        for (index_t i = 0; i < behind.size(); ++i) { behind.data()[i] = in.background.data()[i % in.background.size()]; }
        DOCTEST_CHECK(all_alike(found.blended, behind));
        held<Backend, T, SpatialRank + 2> const sums{on, in.maps},
            heat{on, prepend(in.high(), in.maps.extent(0), in.maps.extent(1))};
        held<Backend, ops::range<T>, 2> const ranges{on, found.ranges.shape()};
        on.heatmap(merge_leading(sums.in()), heatmap_rule{}, merge_leading(heat.view()), merge_leading(ranges.view()));
        DOCTEST_CHECK(all_0(heat.host()));
    }
}

template <class T, class Backend>
void check_memory(Backend& on)
{
    extents<1> const size{37};
    auto const first = drawn_tensor<T>(size, 21), second = drawn_tensor<T>(size, 22);
    held<Backend, T, 1> const a{on, size}, b{on, size}, c{on, size};
    {
        auto reused = first;
        on.from_host(reused.data(), a.view());
        reused = second;  // without a wait
        on.from_host(reused.data(), b.view());
        std::fill_n(reused.data(), reused.size(), T(9));
    }
    on.copy(a.in().slice(3, 30), c.view().slice(0, 30));
    on.copy(b.in().slice(0, 7), c.view().slice(30, 7));
    on.copy(b.in(), a.view());  // after it was copied itself
    auto const joined = c.host();
    DOCTEST_CHECK(std::equal(joined.data(), joined.data() + 30, first.data() + 3));
    DOCTEST_CHECK(std::equal(joined.data() + 30, joined.data() + 37, second.data()));
    auto const overwritten = a.host();
    DOCTEST_CHECK(all_alike(overwritten, second));
    {
        held<Backend, T, 1> const short_lived{on, first};
        on.wait();
        on.copy(short_lived.in(), c.view());
    }
    held<Backend, T, 1> const in_its_place{on, second};
    auto const kept = c.host();
    DOCTEST_CHECK(all_alike(kept, first));  // freed after the copy, in queue order
}

/// The largest first; among equals the lower index.
template <class T, class Backend>
void check_top(Backend& on)
{
    held<Backend, T, 2> const outputs{on, tensor<T, 2>{{{3, 5}}, {1, 3, 3, 2, 3, 0, 0, 0, 0, 0, -4, -1, -3, -1, -2}}};
    index_t const expected[] = {1, 2, 4, 3, 0, 0, 1, 2, 3, 4, 1, 3, 4, 2, 0};
    for (index_t const wanted : {1, 2, 5}) {
        DOCTEST_CAPTURE(wanted);
        held<Backend, index_t, 2> const targets{on, extents<2>{3, wanted}};
        on.top(outputs.in(), targets.view());
        auto const found = targets.host();
        for (index_t i = 0; i < found.size(); ++i) {
            DOCTEST_CHECK(found.data()[i] == expected[i / wanted * 5 + i % wanted]);
        }
    }
}

template <class T, class Backend>
void check_scores_and_weights(Backend& on)
{
    reference_backend reference;
    auto const outputs = drawn_tensor<T>(extents<2>{5, 7}, 11);
    tensor<ops::pick, 1> const picks{{{5}}, {{1, 0}, {0, 2}, {1, 2}, {0, 0}, {1, 1}}};
    auto scored = [&](auto& backend, auto f, auto weighting, bool with_baseline, bool with_flat) {
        using B = std::remove_reference_t<decltype(backend)>;
        held<B, T, 2> const y{backend, outputs};
        held<B, ops::pick, 1> const p{backend, picks};
        held<B, index_t, 2> const targets{backend, extents<2>{2, 2}};
        backend.top(y.in().slice(1, 2), targets.view());
        held<B, T, 3> const scores{backend, tensor<T, 3>{{{2, 3, 2}}}}, weights{backend, extents<3>{2, 3, 2}};
        backend.score(outputs_on<B, T>{y.in()}, f, p.in(), targets.in(), scores.view());
        using role      = ops::channel_role;
        role const flat = with_flat ? role::zero_mask : role::left_out;
        held<B, role, 2> const roles{
            backend, tensor<role, 2>{{{2, 3}}, {role::scored, flat, role::scored, role::scored, role::zero, role::scored}}};
        held<B, T, 2> const some{backend, drawn_tensor<T>(extents<2>{2, 2}, 12)};
        const_view_on<B, T, 2> const none{};
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
                DOCTEST_CHECK(std::equal(targets.begin(), targets.end(), expected_targets.begin()));
                check_close(scores, expected, T(4));            // exp and a sum of 7
                check_close(weights, expected_weights, T(16));  // the same again
            }
        }
    };
    compare(probability{}, raw_weights{});
    compare(logit{}, relu_weights{});
    compare(sigmoid{}, softmax_weights{});
}

/// NaN and infinity in activations and sums: the extrema are not finite, also where resizing passes over the bad value.
template <class T, class Backend>
void check_nan_in_maps(Backend& on)
{
    tensor<T, 3> maps = drawn_tensor<T>(extents<3>{2, 9, 9}, 5);
    maps(0, 4, 7)     = std::numeric_limits<T>::quiet_NaN();
    maps(1, 0, 0)     = std::numeric_limits<T>::infinity();
    held<Backend, T, 3> const in{on, maps}, heat{on, extents<3>{2, 36, 36}};
    held<Backend, ops::range<T>, 1> const ranges{on, extents<1>{2}};
    auto const check_not_finite = [&] {
        auto const found = ranges.host();
        DOCTEST_CHECK_FALSE(found(0).finite());
        DOCTEST_CHECK_FALSE(found(1).finite());
    };
    for (auto const size : {extents<2>{36, 36}, extents<2>{2, 2}}) {
        on.extrema(in.in(), size, mask_rule{}, ranges.view());
        check_not_finite();
    }
    on.heatmap(in.in(), heatmap_rule{}, heat.view(), ranges.view());
    check_not_finite();
}

/// A NaN among the outputs is a NaN of that row's scores, and of no other row's.
template <class T, class Backend>
void check_nan_in_scores(Backend& on)
{
    auto outputs  = drawn_tensor<T>(extents<2>{3, 4}, 13);
    outputs(1, 2) = std::numeric_limits<T>::quiet_NaN();
    held<Backend, T, 2> const y{on, outputs};
    held<Backend, ops::pick, 1> const picks{on, tensor<ops::pick, 1>{{{3}}, {{0, 0}, {0, 1}, {0, 2}}}};
    held<Backend, index_t, 2> const targets{on, tensor<index_t, 2>{{{1, 2}}, {2, 0}}};
    held<Backend, T, 3> const scores{on, extents<3>{1, 3, 2}};
    auto const check = [&](auto f, bool spreads) {
        on.score(outputs_on<Backend, T>{y.in()}, f, picks.in(), targets.in(), scores.view());
        auto const found = scores.host();
        DOCTEST_CHECK(std::isnan(found(0, 1, 0)));
        DOCTEST_CHECK(std::isnan(found(0, 1, 1)) == spreads);
        for (index_t const k : {0, 2}) { DOCTEST_CHECK((std::isfinite(found(0, k, 0)) && std::isfinite(found(0, k, 1)))); }
    };
    check(probability{}, true);  // the sum has all classes
    check(logit{}, false);
    check(sigmoid{}, false);
}

template <std::size_t SpatialRank, class T, class Backend>
void check_pictures(Backend& on)
{
    reference_backend reference;
    auto const images = drawn_tensor<T>(prepend(trailing<SpatialRank>(extents<3>{5, 13, 10}), 2, 3), 6);
    auto painted      = [&](auto& backend, auto const& picture) {
        using B = std::remove_reference_t<decltype(backend)>;
        held<B, T, SpatialRank + 2> const in{backend, images}, out{backend, images.shape()};
        picture.paint(backend, in.in(), out.view());
        return out.host();
    };
    auto compare = [&](auto const& picture) { check_close(painted(on, picture), painted(reference, picture), T(8)); };
    compare(black{});
    compare(constant{0.5, -1.0, 2.0});
    compare(mean{});
    compare(blurred{2});
    compare(noise{3, 0.5});
}

template <class Backend, class T, class U>
concept takes_batch_views =
    scorecam::detail::backend_makes_batches<Backend, T, 4,
                                            batch_view<U, 4, layout::channels_last, typename Backend::space_type>>;

template <class T, class Backend>
void check_operations(Backend& on)
{
    DOCTEST_INFO(std::string{std::is_same_v<T, float> ? "of float" : "of double"});
    named("masks and maps of signals are the reference's", [&] { check_masks_and_maps<T, 1>(on); });
    named("masks and maps of images are the reference's", [&] { check_masks_and_maps<T, 2>(on); });
    named("masks and maps of volumes are the reference's", [&] { check_masks_and_maps<T, 3>(on); });
    named("flat maps mask everything, in signals", [&] { check_flat_maps<T, 1>(on); });
    named("flat maps mask everything, in images", [&] { check_flat_maps<T, 2>(on); });
    named("flat maps mask everything, in volumes", [&] { check_flat_maps<T, 3>(on); });
    if constexpr (takes_batch_views<Backend, T, T>) {
        named("batches with channels last are the reference's", [&] {
            check_batches<T, T, layout::channels_last, 1>(on);
            check_batches<T, T, layout::channels_last, 2>(on);
            check_batches<T, T, layout::channels_last, 3>(on);
        });
    }
    named("memory is copied, reused and freed in order", [&] { check_memory<T>(on); });
    named("of equal outputs the first is the top one", [&] { check_top<T>(on); });
    named("scores and weights are the reference's", [&] { check_scores_and_weights<T>(on); });
    named("NaN in maps stays visible", [&] { check_nan_in_maps<T>(on); });
    named("NaN in outputs stays visible in the scores", [&] { check_nan_in_scores<T>(on); });
    named("pictures of signals are the reference's", [&] { check_pictures<1, T>(on); });
    named("pictures of images are the reference's", [&] { check_pictures<2, T>(on); });
    named("pictures of volumes are the reference's", [&] { check_pictures<3, T>(on); });
}

}  // namespace detail

/// Checks, inside a doctest test case, what a backend promises: every operation against the reference, for signals, images
/// and volumes, in float and, if the backend has it, double. A failed check is named by the promise it is about.
template <class Backend>
void check_backend_conformance(Backend& on)
{
    static_assert(check_backend<Backend, float>());
    detail::check_operations<float>(on);
    if constexpr (backend<Backend, double>) { detail::check_operations<double>(on); }
}

/// The same for batches of images of elements U, made from images of T: half for a model whose batch_value_type that is.
template <class U, class T = float, class Backend>
void check_batches_of(Backend& on)
{
    static_assert(detail::takes_batch_views<Backend, T, U>,
                  "scorecam: the backend's mask and copy do not take a batch_view of these elements");
    named("batches of other elements are the reference's",
          [&] { detail::check_batches<T, U, layout::channels_first, 2>(on); });
    named("batches of other elements with channels last are the reference's",
          [&] { detail::check_batches<T, U, layout::channels_last, 2>(on); });
}

}  // namespace scorecam::testing
