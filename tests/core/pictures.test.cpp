// The pictures to compare with, element by element, against closed forms.
#include <cmath>
#include <numeric>

#include <doctest/doctest.h>

#include <scorecam/scorecam.hpp>

#include "support/networks.hpp"

namespace sc = scorecam;

namespace {

template <class Picture>
sc::tensor<double, 4> painted(Picture const& picture, sc::tensor<double, 4> const& images)
{
    sc::reference_backend cpu;
    sc::tensor<double, 4> out{images.shape()};
    picture.paint(cpu, images.view(), out.view());
    return out;
}
sc::tensor<double, 4> const images = networks::drawn_tensor<double>(sc::extents<4>{2, 3, 8, 11}, 1);

}  // namespace

TEST_CASE("black is 0 and a constant is itself, per channel or for all")
{
    for (auto const v : painted(sc::black{}, images)) { CHECK(v == 0); }
    for (auto const v : painted(sc::constant{0.25}, images)) { CHECK(v == 0.25); }
    auto const colour = painted(sc::constant{1, 2, 3}, images);
    CHECK(colour(1, 0, 7, 10) == 1);
    CHECK(colour(0, 2, 0, 0) == 3);
}

TEST_CASE("the mean is each image's and each channel's own")
{
    auto const mean = painted(sc::mean{}, images);
    for (sc::index_t i = 0; i < 2; ++i) {
        for (sc::index_t c = 0; c < 3; ++c) {
            auto const plane = images[i][c];
            double const sum = std::accumulate(plane.begin(), plane.end(), 0.0);
            CHECK(mean(i, c, 5, 5) == doctest::Approx(sum / 88).epsilon(1e-14));
            CHECK(mean(i, c, 0, 10) == mean(i, c, 5, 5));
        }
    }
}

TEST_CASE("blur spreads a point as a Gaussian, keeps its sum and leaves a constant alone")
{
    sc::tensor<double, 4> point{{{1, 1, 41, 41}}};
    point(0, 0, 20, 20) = 1;
    auto const spread   = painted(sc::blurred{3}, point);
    CHECK(spread(0, 0, 20, 23) / spread(0, 0, 20, 20) == doctest::Approx(std::exp(-0.5)).epsilon(1e-12));
    CHECK(spread(0, 0, 23, 20) == spread(0, 0, 20, 23));
    CHECK(spread(0, 0, 17, 17) / spread(0, 0, 20, 20) == doctest::Approx(std::exp(-1.0)).epsilon(1e-12));
    CHECK(std::accumulate(spread.begin(), spread.end(), 0.0) == doctest::Approx(1).epsilon(1e-12));

    auto const constant = painted(sc::blurred{5}, painted(sc::constant{1, 2, 3}, images));
    for (auto const v : constant[0][1]) { CHECK(v == doctest::Approx(2).epsilon(1e-12)); }
}

TEST_CASE("edges are reflected without repeating them, as often as needed")
{
    using sc::ops::reflect;
    CHECK(reflect(-1, 4) == 1);
    CHECK(reflect(-3, 4) == 3);
    CHECK(reflect(4, 4) == 2);
    CHECK(reflect(-7, 4) == 1);
    CHECK(reflect(13, 4) == 1);
    CHECK(reflect(-5, 1) == 0);
}

TEST_CASE("noise depends on its seed, is the same for every image, and is Gaussian")
{
    sc::tensor<double, 4> const large{{{2, 3, 100, 100}}};
    auto const noise = painted(sc::noise{7, 2.0}, large);
    auto const again = painted(sc::noise{7, 2.0}, large);
    auto const other = painted(sc::noise{8, 2.0}, large);
    CHECK(std::equal(noise.begin(), noise.end(), again.begin()));
    CHECK_FALSE(std::equal(noise.begin(), noise.end(), other.begin()));
    CHECK(noise(0, 1, 2, 3) == noise(1, 1, 2, 3));
    double sum = 0, squares = 0, within = 0;
    for (auto const v : noise[0]) {
        sum += v;
        squares += v * v;
        within += std::abs(v) < 2 ? 1 : 0;
    }
    CHECK(std::abs(sum / 30000) < 0.06);                              // five standard errors: 5·2/√30000
    CHECK(squares / 30000 == doctest::Approx(4).epsilon(0.05));       // as many of the variance
    CHECK(within / 30000 == doctest::Approx(0.6827).epsilon(0.025));  // within one deviation
}

TEST_CASE("a given picture is used as it is")
{
    auto const mine = networks::drawn_tensor<double>(sc::image_shape{3, 8, 11}, 5);
    auto const out  = painted(sc::given{mine.view()}, images);
    CHECK(std::equal(mine.begin(), mine.end(), out[0].begin()));
    CHECK(std::equal(mine.begin(), mine.end(), out[1].begin()));
}
