#pragma once
// What every backend promises, checked against the reference on geometries that are easy to get wrong: as a list of
// findings.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <scorecam/backend.hpp>
#include <scorecam/batch_view.hpp>
#include <scorecam/policies/picture.hpp>
#include <scorecam/policies/rules.hpp>
#include <scorecam/policies/score.hpp>
#include <scorecam/policies/weighting.hpp>
#include <scorecam/reference.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/testing/cases.hpp>
#include <scorecam/testing/drawn.hpp>
#include <scorecam/testing/findings.hpp>
#include <scorecam/testing/held.hpp>

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
    tensor<T, rank> shifted;
    tensor<T, rank> mean;
    tensor<T, rank> sums;
    tensor<T, rank> heat;
    tensor<T, rank> raw;
    tensor<T, rank> scaled_first;
    tensor<T, rank> small;
    tensor<T, rank> normalised;
    tensor<ops::moments<T>, 2> moments;
};

template <class T, std::size_t SpatialRank, class Backend>
[[nodiscard]] seen<T, SpatialRank> run(recorder& log, Backend& on, scene<T, SpatialRank> const& in, ops::mask_rule rule)
{
    constexpr auto rank = SpatialRank + 2;
    using held_maps     = held<Backend, T, rank>;
    log.calls("allocate and from_host");
    auto const I = in.maps.extent(0), K = in.maps.extent(1);
    held_maps const images{on, in.images}, background{on, in.background}, maps{on, in.maps};
    held<Backend, ops::pick, 1> const picks{on, in.picks};
    held<Backend, ops::range<T>, 2> const ranges{on, extents<2>{I, K}};
    seen<T, SpatialRank> found;
    log.calls("extrema");
    on.extrema(merge_leading(maps.in()), in.high(), rule, merge_leading(ranges.view()));
    found.ranges = ranges.host();

    held_maps const batch{on, prepend(trailing<rank - 1>(in.images.shape()), in.picks.size())};
    log.calls("mask");
    on.mask(images.in(), images.in().slice(0, 0), masks_on<Backend, T, rank>{maps.in(), ranges.in(), rule}, picks.in(),
            batch.view());
    found.masked = batch.host();
    on.mask(images.in(), background.in(), masks_on<Backend, T, rank>{maps.in(), ranges.in(), rule}, picks.in(),
            batch.view());
    found.blended = batch.host();

    // the first image's maps for all images, each enlarged beyond them and cut out at another place
    std::vector<ops::shift<SpatialRank>> places(static_cast<std::size_t>(K));
    auto enlarged = in.high();
    for (std::size_t d = 0; d < SpatialRank; ++d) {
        enlarged[d] += 3;
        for (index_t k = 0; k < K; ++k) {
            places[static_cast<std::size_t>(k)].at[d] = static_cast<std::int32_t>((k + static_cast<index_t>(d)) % 4);
        }
    }
    held<Backend, ops::shift<SpatialRank>, 1> const shifts{on, tensor<ops::shift<SpatialRank>, 1>{{{K}}, places}};
    masks_on<Backend, T, rank> const cut_out{
        maps.in().slice(0, 1), ranges.in().slice(0, 1), rule, shifts.in(), enlarged};
    on.mask(images.in(), background.in(), cut_out, picks.in(), batch.view());
    found.shifted = batch.host();
    held<Backend, T, 3> const positive{on, drawn_tensor<T>(extents<3>{I, K, 3}, 5)};
    held_maps const mean{on, prepend(in.high(), I, 3)};
    on.average(cut_out, positive.in(), mean.view());
    found.mean = mean.host();

    held<Backend, T, 3> const weights{on, drawn_tensor<T>(extents<3>{I, K, 3}, 4)};
    held_maps const sums{on, prepend(in.low(), I, 3)};
    log.calls("combine");
    on.combine(maps.in(), weights.in(), sums.view());
    found.sums = sums.host();

    held<Backend, ops::range<T>, 2> const heat_ranges{on, extents<2>{I, 3}};
    auto const heatmap = [&](heatmap_rule how, extents<SpatialRank> size) {
        held_maps const heat{on, prepend(size, I, 3)};
        log.calls("heatmap");
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
    log.calls("moments");
    on.moments(merge_leading(maps.in()), merge_leading(moments.view()));
    found.moments = moments.host();
    log.calls("normalise");
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
template <class T>
[[nodiscard]] std::string shown(ops::range<T> r)
{
    return std::to_string(r.lo) + " to " + std::to_string(r.hi);
}
template <class T>
[[nodiscard]] std::string shown(ops::moments<T> m)
{
    return "mass " + std::to_string(m.mass) + ", deviation " + std::to_string(m.deviation);
}
template <class Number>
[[nodiscard]] std::string shown(Number n)
{
    return std::to_string(n);
}

/// Expects elements like those of `expected`.
template <class Tensor, class Alike = std::equal_to<>>
void expect_alike(recorder& log, std::string const& operation, Tensor const& found, Tensor const& expected, Alike alike = {})
{
    if (!log.expect(
            found.shape() == expected.shape(), operation, [&] { return "the shape " + to_string(expected.shape()); },
            [&] { return to_string(found.shape()); })) {
        return;
    }
    auto const differ = std::mismatch(found.begin(), found.end(), expected.begin(), alike);
    auto const where  = [&] { return " at element " + std::to_string(differ.first - found.begin()); };
    log.expect(
        differ.first == found.end(), operation, [&] { return shown(*differ.second) + where(); },
        [&] { return shown(*differ.first); });
}
/// Expects the reference's elements up to some ulps of the largest of them, or of 1 if all are smaller.
template <class T, std::size_t Rank>
void expect_close(recorder& log, std::string const& operation, tensor<T, Rank> const& found, tensor<T, Rank> const& expected,
                  T ulps)
{
    distance<T> const apart{found, expected};
    log.expect(
        apart.ulps <= ulps, operation,
        [&] { return "the reference's " + to_string(expected.shape()) + " up to " + std::to_string(ulps) + " ulps"; },
        [&] { return found.shape() == expected.shape() ? to_string(apart) : to_string(found.shape()); });
}
template <class Values>
void expect_all_0(recorder& log, std::string const& operation, Values const& values)
{
    log.expect(std::all_of(values.begin(), values.end(), [](auto v) { return v == 0; }), operation, "0 everywhere",
               "other values");
}

template <class T, std::size_t SpatialRank, class Backend>
void check_masks_and_maps(recorder& log, Backend& on)
{
    reference_backend reference;
    for (auto const& geometry : cases::odd<SpatialRank>()) {
        for (auto const axis : {axis_rule::half_pixel, axis_rule::align_corners}) {
            for (auto const extrema : {extrema_of::resized, extrema_of::activation}) {
                auto const here =
                    log.at(geometry.name + std::string{axis == axis_rule::half_pixel ? ", half-pixel" : ", align-corners"} +
                           (extrema == extrema_of::resized ? ", extrema of the resized map" : ", of the map"));
                ops::mask_rule const rule{.axis = axis, .extrema = extrema, .epsilon = 1e-7};
                scene<T, SpatialRank> const in{geometry};
                auto const expected = run(log, reference, in, rule);
                auto const found    = run(log, on, in, rule);
                expect_alike(log, "extrema", found.ranges, expected.ranges, same_range<T>);  // samples: exact
                expect_close(log, "mask", found.masked, expected.masked, T(8));  // normalised before or after resizing
                expect_close(log, "mask with a background", found.blended, expected.blended, T(8));  // the same
                expect_close(log, "mask, shifted", found.shifted, expected.shifted, T(8));     // the same
                expect_close(log, "average", found.mean, expected.mean, T(4096));  // divided by the masks' sum, which may be small
                expect_close(log, "combine", found.sums, expected.sums, T(8));  // one rounding per channel, 8 channels
                expect_close(log, "heatmap, not scaled", found.raw, expected.raw, T(16));  // of sums that differ
                expect_close(log, "heatmap", found.heat, expected.heat, T(64));            // divided by their range
                expect_close(log, "heatmap, scaled before it is resized", found.scaled_first, expected.scaled_first,
                             T(128));                                                                        // twice
                expect_close(log, "heatmap of the activations' size", found.small, expected.small, T(128));  // the same
                expect_close(log, "normalise", found.normalised, expected.normalised, T(4));                 // one division
                expect_alike(log, "moments", found.moments, expected.moments, close_moments<T>);
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
void check_batches(recorder& log, Backend& on)
{
    constexpr auto rank = SpatialRank + 2;
    using held_maps     = held<Backend, T, rank>;
    double const apart  = 2 * std::max(epsilon_of<U>(), 4 * static_cast<double>(std::numeric_limits<float>::epsilon()));
    auto const number   = [](U value) { return static_cast<double>(static_cast<float>(value)); };
    reference_backend reference;
    for (auto const& geometry : cases::odd<SpatialRank>()) {
        auto const here = log.at(geometry.name);
        scene<T, SpatialRank> const in{geometry};
        auto const expected = run(log, reference, in, mask_rule{});
        auto const shape    = expected.masked.shape();
        log.calls("allocate and from_host");
        held_maps const images{on, in.images}, background{on, in.background}, maps{on, in.maps};
        held<Backend, ops::pick, 1> const picks{on, in.picks};
        held<Backend, ops::range<T>, 2> const ranges{on, expected.ranges};
        held<Backend, U, rank> const memory{on, extents_in_memory(shape, Layout)};
        batch_view<U, rank, Layout, typename Backend::space_type> const batch{memory.view().data(), shape};
        auto const expect_in_it = [&](std::string const& operation, tensor<T, rank> const& wanted) {
            auto const seen = memory.host();
            auto const at   = strides_of(wanted.shape(), Layout);
            auto const* one = wanted.data();
            for (index_t b = 0; b < wanted.extent(0); ++b) {
                for (index_t c = 0; c < wanted.extent(1); ++c) {
                    for (index_t p = 0; p < in.high().size(); ++p) {
                        auto const found = number(seen.data()[at(b, c, p)]), exact = number(static_cast<U>(*one++));
                        bool const alike = std::abs(found - exact) <= apart;
                        auto const where = [&] {
                            return std::to_string(exact) + " at position " + std::to_string(p) + " of channel " +
                                   std::to_string(c) + " of image " + std::to_string(b);
                        };
                        if (!log.expect(alike, operation, where, [&] { return std::to_string(found); })) { return; }
                    }
                }
            }
        };
        log.calls("mask");
        on.mask(images.in(), images.in().slice(0, 0), masks_on<Backend, T, rank>{maps.in(), ranges.in()}, picks.in(), batch);
        expect_in_it("mask", expected.masked);
        on.mask(images.in(), background.in(), masks_on<Backend, T, rank>{maps.in(), ranges.in()}, picks.in(), batch);
        expect_in_it("mask with a background", expected.blended);
        tensor<T, rank> first{prepend(trailing<rank - 1>(shape), 1)};
        log.calls("copy");
        on.copy(images.in().slice(0, 1), decltype(batch){batch.data(), first.shape()});
        std::copy_n(in.images.data(), first.size(), first.data());
        expect_in_it("copy", first);
    }
}

/// Maps of one value: no contrast, so that nothing is divided by 0 and masks and maps are all 0.
template <class T, std::size_t SpatialRank, class Backend>
void check_flat_maps(recorder& log, Backend& on)
{
    for (auto const& geometry : cases::odd<SpatialRank>()) {
        auto const here = log.at(geometry.name);
        scene<T, SpatialRank> in{geometry};
        T const values[] = {T(0.3), T(0), T(-1.7)};
        auto const plane = in.low().size();
        for (index_t i = 0; i < in.maps.size(); ++i) { in.maps.data()[i] = values[i / plane % 3]; }
        auto const found = run(log, on, in, {});
        tensor<ops::range<T>, 2> expected{found.ranges.shape()};
        for (index_t i = 0; i < expected.size(); ++i) { expected.data()[i] = {values[i % 3], values[i % 3]}; }
        expect_alike(log, "extrema", found.ranges, expected, same_range<T>);
        expect_all_0(log, "mask", found.masked);
        expect_all_0(log, "normalise", found.normalised);
        tensor<T, SpatialRank + 2> behind{found.blended.shape()};  // all that is seen is the background
        for (index_t i = 0; i < behind.size(); ++i) { behind.data()[i] = in.background.data()[i % in.background.size()]; }
        expect_alike(log, "mask with a background", found.blended, behind);
        held<Backend, T, SpatialRank + 2> const sums{on, in.maps},
            heat{on, prepend(in.high(), in.maps.extent(0), in.maps.extent(1))};
        held<Backend, ops::range<T>, 2> const ranges{on, found.ranges.shape()};
        log.calls("heatmap");
        on.heatmap(merge_leading(sums.in()), heatmap_rule{}, merge_leading(heat.view()), merge_leading(ranges.view()));
        expect_all_0(log, "heatmap", heat.host());
    }
}

/// Channels of one value each have a sum of one value, to the last bit and wherever a position lies: an ulp between two
/// positions would be a map with contrast, which scaling makes a map with all of it.
template <class T, class Backend>
void check_constant_sums(recorder& log, Backend& on)
{
    reference_backend reference;
    auto const check = [&](extents<2> plane, index_t K, index_t M) {
        auto const here =
            log.at(std::to_string(K) + " channels of " + to_string(plane) + ", " + std::to_string(M) + " targets");
        tensor<T, 4> maps{prepend(plane, 1, K)};
        for (index_t k = 0; k < K; ++k) {
            std::fill_n(maps.data() + k * plane.size(), plane.size(), std::abs(drawn<T>(5, k)));
        }
        auto const weights = drawn_tensor<T>(extents<3>{1, K, M}, 9);
        auto const sums_on = [&](auto& backend) {
            using B = std::remove_reference_t<decltype(backend)>;
            log.calls("combine");
            held<B, T, 4> const a{backend, maps}, sums{backend, prepend(plane, 1, M)};
            held<B, T, 3> const w{backend, weights};
            backend.combine(a.in(), w.in(), sums.view());
            return sums.host();
        };
        auto const sums = sums_on(on);
        expect_close(log, "combine", sums, sums_on(reference), T(K));  // one rounding per channel
        for (index_t m = 0; m < M; ++m) {
            auto const map      = sums.view()[0][m];
            auto const [lo, hi] = std::minmax_element(map.begin(), map.end());
            log.expect(*lo == *hi, "combine", "one value at all positions",
                       [&lo = lo, &hi = hi] { return std::to_string(*lo) + " to " + std::to_string(*hi); });
        }
    };
    for (index_t M = 1; M <= 5; ++M) {
        for (auto const& plane :
             {extents<2>{1, 1}, extents<2>{1, 2}, extents<2>{2, 5}, extents<2>{3, 3}, extents<2>{5, 3}, extents<2>{4, 4},
              extents<2>{3, 7}, extents<2>{5, 5}, extents<2>{9, 7}, extents<2>{5, 13}, extents<2>{13, 13}}) {
            for (index_t const K : {1, 2, 3, 8, 13, 40}) { check(plane, K, M); }
        }
        for (auto const& plane : {extents<2>{1, 7}, extents<2>{7, 7}}) {
            for (index_t const K : {8, 13, 512, 2048}) { check(plane, K, M); }
        }
    }
}

template <class T, class Backend>
void check_memory(recorder& log, Backend& on)
{
    log.calls("allocate, from_host and copy");
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
    log.expect(std::equal(joined.data(), joined.data() + 30, first.data() + 3), "from_host and copy",
               "elements 3 to 32 of the first array, as they were when from_host was called", "others");
    log.expect(std::equal(joined.data() + 30, joined.data() + 37, second.data()), "from_host and copy",
               "elements 0 to 6 of the second array, as they were when from_host was called", "others");
    expect_alike(log, "copy", a.host(), second);
    {
        held<Backend, T, 1> const short_lived{on, first};
        on.wait();
        on.copy(short_lived.in(), c.view());
    }
    held<Backend, T, 1> const in_its_place{on, second};
    expect_alike(log, "allocate and copy", c.host(), first);  // freed after the copy, in queue order
}

/// The largest first; among equals the lower index.
template <class T, class Backend>
void check_top(recorder& log, Backend& on)
{
    held<Backend, T, 2> const outputs{on, tensor<T, 2>{{{3, 5}}, {1, 3, 3, 2, 3, 0, 0, 0, 0, 0, -4, -1, -3, -1, -2}}};
    index_t const all[] = {1, 2, 4, 3, 0, 0, 1, 2, 3, 4, 1, 3, 4, 2, 0};
    for (index_t const wanted : {1, 2, 5}) {
        auto const here = log.at("the " + std::to_string(wanted) + " largest of 5");
        held<Backend, index_t, 2> const targets{on, extents<2>{3, wanted}};
        log.calls("top");
        on.top(outputs.in(), targets.view());
        tensor<index_t, 2> expected{extents<2>{3, wanted}};
        for (index_t i = 0; i < expected.size(); ++i) { expected.data()[i] = all[i / wanted * 5 + i % wanted]; }
        expect_alike(log, "top", targets.host(), expected);
    }
}

template <class T, class Backend>
void check_scores_and_weights(recorder& log, Backend& on)
{
    reference_backend reference;
    auto const outputs = drawn_tensor<T>(extents<2>{5, 7}, 11);
    tensor<ops::pick, 1> const picks{{{5}}, {{1, 0}, {0, 2}, {1, 2}, {0, 0}, {1, 1}}};
    auto scored = [&](auto& backend, auto f, auto weighting, bool with_baseline, bool with_flat) {
        using B = std::remove_reference_t<decltype(backend)>;
        held<B, T, 2> const y{backend, outputs};
        held<B, ops::pick, 1> const p{backend, picks};
        held<B, index_t, 2> const targets{backend, extents<2>{2, 2}};
        log.calls("top");
        backend.top(y.in().slice(1, 2), targets.view());
        held<B, T, 3> const scores{backend, tensor<T, 3>{{{2, 3, 2}}}}, weights{backend, extents<3>{2, 3, 2}};
        log.calls("score");
        backend.score(outputs_on<B, T>{y.in()}, f, p.in(), targets.in(), scores.view());
        using role      = ops::channel_role;
        role const flat = with_flat ? role::zero_mask : role::left_out;
        held<B, role, 2> const roles{
            backend, tensor<role, 2>{{{2, 3}}, {role::scored, flat, role::scored, role::scored, role::zero, role::scored}}};
        held<B, T, 2> const some{backend, drawn_tensor<T>(extents<2>{2, 2}, 12)};
        const_view_on<B, T, 2> const none{};
        log.calls("weigh");
        backend.weigh(scores.in(), roles.in(), with_baseline ? some.in() : none, with_flat ? some.in() : none, weighting,
                      weights.view());
        return std::tuple{targets.host(), scores.host(), weights.host()};
    };
    auto compare = [&](char const* names, auto f, auto weighting) {
        for (bool const with_baseline : {false, true}) {
            for (bool const with_flat : {false, true}) {
                auto const here = log.at(names + std::string{with_baseline ? ", with a baseline" : ""} +
                                         (with_flat ? ", with a flat channel" : ""));
                auto const [targets, scores, weights] = scored(on, f, weighting, with_baseline, with_flat);
                auto const [expected_targets, expected, expected_weights] =
                    scored(reference, f, weighting, with_baseline, with_flat);
                expect_alike(log, "top", targets, expected_targets);
                expect_close(log, "score", scores, expected, T(4));            // exp and a sum of 7
                expect_close(log, "weigh", weights, expected_weights, T(16));  // the same again
            }
        }
    };
    compare("probability, raw weights", probability{}, raw_weights{});
    compare("logit, ReLU of the weights", logit{}, relu_weights{});
    compare("sigmoid, softmax of the weights", sigmoid{}, softmax_weights{});
}

/// NaN and infinity in activations and sums: the extrema are not finite, also where resizing passes over the bad value.
template <class T, class Backend>
void check_nan_in_maps(recorder& log, Backend& on)
{
    tensor<T, 3> maps = drawn_tensor<T>(extents<3>{2, 9, 9}, 5);
    maps(0, 4, 7)     = std::numeric_limits<T>::quiet_NaN();
    maps(1, 0, 0)     = std::numeric_limits<T>::infinity();
    held<Backend, T, 3> const in{on, maps}, heat{on, extents<3>{2, 36, 36}};
    held<Backend, ops::range<T>, 1> const ranges{on, extents<1>{2}};
    auto const expect_not_finite = [&](std::string const& operation) {
        auto const found = ranges.host();
        for (index_t i = 0; i < 2; ++i) {
            log.expect(!found(i).finite(), operation, i == 0 ? "NaN in the range" : "infinity in the range",
                       [&] { return shown(found(i)); });
        }
    };
    for (auto const size : {extents<2>{36, 36}, extents<2>{2, 2}}) {
        auto const here = log.at("a map of (9, 9) resized to " + to_string(size));
        log.calls("extrema");
        on.extrema(in.in(), size, mask_rule{}, ranges.view());
        expect_not_finite("extrema");
    }
    log.calls("heatmap");
    on.heatmap(in.in(), heatmap_rule{}, heat.view(), ranges.view());
    expect_not_finite("heatmap");
}

/// A NaN among the outputs is a NaN of that row's scores, and of no other row's.
template <class T, class Backend>
void check_nan_in_scores(recorder& log, Backend& on)
{
    auto outputs  = drawn_tensor<T>(extents<2>{3, 4}, 13);
    outputs(1, 2) = std::numeric_limits<T>::quiet_NaN();
    held<Backend, T, 2> const y{on, outputs};
    held<Backend, ops::pick, 1> const picks{on, tensor<ops::pick, 1>{{{3}}, {{0, 0}, {0, 1}, {0, 2}}}};
    held<Backend, index_t, 2> const targets{on, tensor<index_t, 2>{{{1, 2}}, {2, 0}}};
    held<Backend, T, 3> const scores{on, extents<3>{1, 3, 2}};
    auto const check = [&](char const* name, auto f, bool spreads) {
        auto const here = log.at(name);
        log.calls("score");
        on.score(outputs_on<Backend, T>{y.in()}, f, picks.in(), targets.in(), scores.view());
        auto const found = scores.host();
        for (index_t k = 0; k < 3; ++k) {
            for (index_t m = 0; m < 2; ++m) {
                bool const nan = k == 1 && (m == 0 || spreads);  // of class 2, or of a sum over all classes
                T const score  = found(0, k, m);
                log.expect(
                    nan ? std::isnan(score) : std::isfinite(score), "score",
                    [&] { return (nan ? "NaN for row " : "a number for row ") + std::to_string(k); },
                    [&] { return std::to_string(score); });
            }
        }
    };
    check("probability", probability{}, true);
    check("logit", logit{}, false);
    check("sigmoid", sigmoid{}, false);
}

template <std::size_t SpatialRank, class T, class Backend>
void check_pictures(recorder& log, Backend& on)
{
    reference_backend reference;
    auto const images = drawn_tensor<T>(prepend(trailing<SpatialRank>(extents<3>{5, 13, 10}), 2, 3), 6);
    auto painted      = [&](auto& backend, auto const& picture) {
        using B = std::remove_reference_t<decltype(backend)>;
        held<B, T, SpatialRank + 2> const in{backend, images}, out{backend, images.shape()};
        log.calls("paint");
        picture.paint(backend, in.in(), out.view());
        return out.host();
    };
    auto compare = [&](char const* name, auto const& picture) {
        auto const here = log.at(name);
        expect_close(log, "paint", painted(on, picture), painted(reference, picture), T(8));
    };
    compare("black", black{});
    compare("constant", constant{0.5, -1.0, 2.0});
    compare("mean", mean{});
    compare("blurred", blurred{2});
    compare("noise", noise{3, 0.5});
}

template <class Backend, class T, class U>
concept takes_batch_views =
    scorecam::detail::backend_makes_batches<Backend, T, 4,
                                            batch_view<U, 4, layout::channels_last, typename Backend::space_type>>;

template <class T, class Backend>
void check_operations(recorder& log, Backend& on)
{
    log.always_at(std::is_same_v<T, float> ? "float" : "double");
    log.check("masks and maps of signals are the reference's", [&] { check_masks_and_maps<T, 1>(log, on); });
    log.check("masks and maps of images are the reference's", [&] { check_masks_and_maps<T, 2>(log, on); });
    log.check("masks and maps of volumes are the reference's", [&] { check_masks_and_maps<T, 3>(log, on); });
    log.check("flat maps mask everything, in signals", [&] { check_flat_maps<T, 1>(log, on); });
    log.check("flat maps mask everything, in images", [&] { check_flat_maps<T, 2>(log, on); });
    log.check("flat maps mask everything, in volumes", [&] { check_flat_maps<T, 3>(log, on); });
    log.check("a sum of constant channels is constant", [&] { check_constant_sums<T>(log, on); });
    if constexpr (takes_batch_views<Backend, T, T>) {
        log.check("batches with channels last are the reference's", [&] {
            check_batches<T, T, layout::channels_last, 1>(log, on);
            check_batches<T, T, layout::channels_last, 2>(log, on);
            check_batches<T, T, layout::channels_last, 3>(log, on);
        });
    }
    log.check("memory is copied, reused and freed in order", [&] { check_memory<T>(log, on); });
    log.check("of equal outputs the first is the top one", [&] { check_top<T>(log, on); });
    log.check("scores and weights are the reference's", [&] { check_scores_and_weights<T>(log, on); });
    log.check("NaN in maps stays visible", [&] { check_nan_in_maps<T>(log, on); });
    log.check("NaN in outputs stays visible in the scores", [&] { check_nan_in_scores<T>(log, on); });
    log.check("pictures of signals are the reference's", [&] { check_pictures<1, T>(log, on); });
    log.check("pictures of images are the reference's", [&] { check_pictures<2, T>(log, on); });
    log.check("pictures of volumes are the reference's", [&] { check_pictures<3, T>(log, on); });
}

}  // namespace detail

/// Where a backend breaks a promise, nowhere if it is right: every operation is compared with the reference's, for signals,
/// images and volumes, in float and, if the backend has it, double. Does not throw; what the backend throws is a finding.
template <class Backend>
[[nodiscard]] std::vector<finding> backend_findings(Backend& on, announcement const& announce = {})
{
    static_assert(check_backend<Backend, float>());
    detail::recorder log{announce};
    detail::check_operations<float>(log, on);
    if constexpr (backend<Backend, double>) { detail::check_operations<double>(log, on); }
    return std::move(log).findings();
}

/// The same for batches of images of elements U, made from images of T: half for a model whose batch_value_type that is.
template <class U, class T = float, class Backend>
[[nodiscard]] std::vector<finding> batch_findings(Backend& on, announcement const& announce = {})
{
    static_assert(detail::takes_batch_views<Backend, T, U>,
                  "scorecam: the backend's mask and copy do not take a batch_view of these elements");
    detail::recorder log{announce};
    log.check("batches of other elements are the reference's",
              [&] { detail::check_batches<T, U, layout::channels_first, 2>(log, on); });
    log.check("batches of other elements with channels last are the reference's",
              [&] { detail::check_batches<T, U, layout::channels_last, 2>(log, on); });
    return std::move(log).findings();
}

}  // namespace scorecam::testing
