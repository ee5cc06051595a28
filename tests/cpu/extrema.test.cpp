// A backend may find the extrema of a resized map without resizing it: held against a scan of every sample.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/cpu/backend.hpp>
#include <scorecam/scorecam.hpp>

#include "support/networks.hpp"

namespace sc = scorecam;

namespace {

template <class T>
using ranges = sc::tensor<sc::ops::range<T>, 1>;

/// What is done with `size` numbers in [-1, 1) to make a map of them.
template <class T>
struct content {
    char const* name;
    void (*make)(T* map, sc::index_t size);
};

/// Maps with a contrast that is far from rounding, or with none.
template <class T>
std::vector<content<T>> const ordinary{
    {"noise", [](T*, sc::index_t) {}},
    {"after a ReLU", [](T* m, sc::index_t n) { std::transform(m, m + n, m, [](T v) { return std::max(v, T(0)); }); }},
    {"negative", [](T* m, sc::index_t n) { std::transform(m, m + n, m, [](T v) { return v - 2; }); }},
    {"far from 0", [](T* m, sc::index_t n) { std::transform(m, m + n, m, [](T v) { return v + 1000; }); }},
    {"five levels", [](T* m, sc::index_t n) { std::transform(m, m + n, m, [](T v) { return std::round(2 * v); }); }},
    {"constant", [](T* m, sc::index_t n) { std::fill(m, m + n, *m); }},
    {"spike in the first corner", [](T* m, sc::index_t n) { std::fill(m + 1, m + n, T(-1)); }},
    {"spike in the last corner", [](T* m, sc::index_t n) { std::fill(m, m + n - 1, T(-1)); }},
    {"dip in the last corner", [](T* m, sc::index_t n) { std::fill(m, m + n - 1, T(1)); }},
};

/// Maps that differ by about 16 ulp.
template <class T>
std::vector<content<T>> const nearly_constant{
    {"few ulp",
     [](T* m, sc::index_t n) {
         std::transform(m, m + n, m, [](T v) { return 1 + 8 * std::numeric_limits<T>::epsilon() * v; });
     }},
};

/// One map of each content, all of the same extents.
template <class T, std::size_t Rank>
sc::tensor<T, Rank + 1> maps_of(std::vector<content<T>> const& contents, sc::extents<Rank> low, std::uint64_t seed)
{
    auto maps = networks::drawn_tensor<T>(prepend(low, static_cast<sc::index_t>(contents.size())), seed);
    for (std::size_t n = 0; n < contents.size(); ++n) {
        contents[n].make(maps.data() + static_cast<sc::index_t>(n) * low.size(), low.size());
    }
    return maps;
}

struct backends {
    sc::reference_backend reference;
    sc::cpu::backend one_thread{1};
    sc::cpu::backend several{3};
};

template <class T, std::size_t Rank, class Backend>
ranges<T> extrema(Backend& on, sc::tensor<T, Rank> const& maps, sc::extents<Rank - 1> high, sc::mask_rule rule)
{
    ranges<T> found{sc::extents<1>{maps.extent(0)}};
    on.extrema(maps.view(), high, rule, found.view());
    return found;
}

/// The extrema of all samples, each calculated by the one formula of ops/resize.hpp.
template <class T, std::size_t Rank>
ranges<T> scanned(sc::tensor<T, Rank> const& maps, sc::extents<Rank - 1> high, sc::axis_rule axis)
{
    auto const low = sc::trailing<Rank - 1>(maps.shape());
    ranges<T> found{sc::extents<1>{maps.extent(0)}};
    for (sc::index_t n = 0; n < maps.extent(0); ++n) {
        std::vector<T> samples;
        for (sc::index_t p = 0; p < high.size(); ++p) {
            sc::extents<Rank - 1> at{};
            sc::index_t rest = p;
            for (std::size_t d = Rank - 1; d-- > 0; rest /= high[d]) { at[d] = rest % high[d]; }
            samples.push_back(sc::ops::resized(maps.data() + n * low.size(), low, high, axis, at));
        }
        auto const [lo, hi] = std::minmax_element(samples.begin(), samples.end());
        found(n)            = {*lo, *hi};
    }
    return found;
}

/// A size of 1 to `largest`, drawn for a seed.
template <std::size_t Rank>
sc::extents<Rank> drawn_size(sc::index_t largest, std::uint64_t seed)
{
    sc::extents<Rank> size{};
    for (std::size_t d = 0; d < Rank; ++d) {
        auto const drawn = sc::ops::mix(seed * Rank + d) % static_cast<std::uint64_t>(largest);
        size[d]          = 1 + static_cast<sc::index_t>(drawn);
    }
    return size;
}

/// Calls check(found, expected, name of the content) for the maps of many geometries, of up to low to up to high samples an
/// axis, enlarged and reduced, with both rules of sampling and on all backends.
template <class T, std::size_t Rank, class Check>
void for_many(std::vector<content<T>> const& contents, sc::index_t largest_low, sc::index_t largest_high, Check const& check)
{
    backends on;
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
        auto const low  = drawn_size<Rank>(largest_low, 2 * seed);
        auto const high = drawn_size<Rank>(largest_high, 2 * seed + 1);
        auto const maps = maps_of<T, Rank>(contents, low, seed);
        CAPTURE(to_string(low));
        CAPTURE(to_string(high));
        for (auto const axis : {sc::axis_rule::half_pixel, sc::axis_rule::align_corners}) {
            CAPTURE(static_cast<int>(axis));
            auto const expected = scanned(maps, high, axis);
            sc::mask_rule const rule{.axis = axis};
            for (auto const& found : {extrema(on.reference, maps, high, rule), extrema(on.one_thread, maps, high, rule),
                                      extrema(on.several, maps, high, rule)}) {
                for (std::size_t n = 0; n < contents.size(); ++n) {
                    CAPTURE(std::string{contents[n].name});
                    auto const at = static_cast<sc::index_t>(n);
                    check(found(at), expected(at));
                }
            }
        }
    }
}

auto const equal = [](auto found, auto expected) {
    CHECK(found.lo == expected.lo);
    CHECK(found.hi == expected.hi);
};

/// Between neighbours interpolation is affine, but its rounding is not: where it is all there is, a sample in between can
/// be the largest.
auto const one_ulp_of_1_apart = [](auto found, auto expected) {
    constexpr auto ulp = std::numeric_limits<decltype(found.lo)>::epsilon();
    CHECK(std::abs(found.lo - expected.lo) <= ulp);
    CHECK(std::abs(found.hi - expected.hi) <= ulp);
};

}  // namespace

TEST_CASE_TEMPLATE("the extrema of resized maps are those of all samples, to the last bit", T, float, double)
{
    SUBCASE("signals") { for_many<T, 1>(ordinary<T>, 20, 100, equal); }
    SUBCASE("images") { for_many<T, 2>(ordinary<T>, 12, 30, equal); }
    SUBCASE("volumes") { for_many<T, 3>(ordinary<T>, 5, 10, equal); }
}

TEST_CASE_TEMPLATE("where maps differ by a few ulp, extrema are to the last bit in one dimension, to one ulp in more", T,
                   float, double)
{
    SUBCASE("signals") { for_many<T, 1>(nearly_constant<T>, 20, 100, equal); }
    SUBCASE("images") { for_many<T, 2>(nearly_constant<T>, 12, 30, one_ulp_of_1_apart); }
    SUBCASE("volumes") { for_many<T, 3>(nearly_constant<T>, 5, 10, one_ulp_of_1_apart); }
}

TEST_CASE_TEMPLATE("a constant map is flat at its value, whatever its size becomes", T, float, double)
{
    backends on;
    using limits = std::numeric_limits<T>;
    for (T const value : {T(0), T(0.1), T(-7.3), T(1e6), limits::denorm_min(), limits::max(), limits::lowest()}) {
        CAPTURE(value);
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
            auto const low  = drawn_size<2>(12, 2 * seed);
            auto const high = drawn_size<2>(30, 2 * seed + 1);
            sc::tensor<T, 3> maps{prepend(low, 1)};
            std::fill_n(maps.data(), maps.size(), value);
            for (auto const axis : {sc::axis_rule::half_pixel, sc::axis_rule::align_corners}) {
                for (auto const& found : {extrema(on.reference, maps, high, {.axis = axis}),
                                          extrema(on.one_thread, maps, high, {.axis = axis}), scanned(maps, high, axis)}) {
                    CHECK(found(0).lo == value);
                    CHECK(found(0).flat());
                }
            }
        }
    }
}

TEST_CASE_TEMPLATE("a map whose samples miss its contrast is flat at the size it is resized to, and not as captured", T,
                   float, double)
{
    backends on;
    sc::tensor<T, 3> const cross{{{1, 3, 3}}, {4, 1, 4, 1, 0, 1, 4, 1, 4}};  // 1 x 1 shows the centre
    for (auto const of : {sc::extrema_of::resized, sc::extrema_of::activation}) {
        sc::mask_rule const rule{.extrema = of};
        for (auto const& found : {extrema(on.reference, cross, sc::extents<2>{1, 1}, rule),
                                  extrema(on.one_thread, cross, sc::extents<2>{1, 1}, rule)}) {
            CHECK(found(0).lo == 0);
            CHECK(found(0).hi == (of == sc::extrema_of::resized ? 0 : 4));
        }
    }
}
