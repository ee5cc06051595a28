// The reference backend against formulas written down a second time, and the conformance suite on itself.
#include <doctest/doctest.h>

#include <scorecam/ops/resize.hpp>
#include <scorecam/scorecam.hpp>
#include <scorecam/testing/backend_conformance.hpp>

#include "support/deferred_backend.hpp"

namespace sc = scorecam;

TEST_CASE("the reference backend conforms")
{
    sc::reference_backend on;
    sc::testing::check_backend_conformance(on);
}

TEST_CASE("a backend that works later conforms")
{
    deferred::queue queue;
    deferred::backend on{queue};
    sc::testing::check_backend_conformance(on);
}

TEST_CASE("half-pixel resizing doubles a row as PyTorch and OpenCV do")
{
    double const map[]      = {0, 4};
    double const expected[] = {0, 1, 3, 4};  // samples at -0.25 (clamped), 0.25, 0.75, 1.25 (clamped)
    for (sc::index_t x = 0; x < 4; ++x) {
        CHECK(sc::ops::resized(map, sc::extents<1>{2}, sc::extents<1>{4}, sc::axis_rule::half_pixel, sc::extents<1>{x}) ==
              expected[x]);
    }
}

TEST_CASE("align-corners resizing keeps the first and the last value")
{
    double const map[]      = {1, 3, 11};
    double const expected[] = {1, 2, 3, 7, 11};
    for (sc::index_t x = 0; x < 5; ++x) {
        CHECK(sc::ops::resized(map, sc::extents<1>{3}, sc::extents<1>{5}, sc::axis_rule::align_corners, sc::extents<1>{x}) ==
              expected[x]);
    }
}

TEST_CASE("bilinear resizing of a product is the product of linear resizings, and trilinear likewise")
{
    double const a[] = {1, 5, 2}, b[] = {3, -1}, c[] = {2, 7, 4, 4};
    auto const at = [](double const* row, sc::index_t in, sc::index_t out, sc::index_t i) {
        return sc::ops::resized(row, sc::extents<1>{in}, sc::extents<1>{out}, sc::axis_rule::half_pixel, sc::extents<1>{i});
    };
    double volume[24];
    for (int i = 0; i < 24; ++i) { volume[i] = a[i / 8] * b[i / 4 % 2] * c[i % 4]; }
    for (sc::index_t z = 0; z < 7; ++z) {
        for (sc::index_t y = 0; y < 5; ++y) {
            for (sc::index_t x = 0; x < 6; ++x) {
                double const found = sc::ops::resized(volume, sc::extents<3>{3, 2, 4}, sc::extents<3>{7, 5, 6},
                                                      sc::axis_rule::half_pixel, sc::extents<3>{z, y, x});
                CHECK(found == doctest::Approx(at(a, 3, 7, z) * at(b, 2, 5, y) * at(c, 4, 6, x)).epsilon(1e-13));
            }
        }
    }
}
