// Boxes out of maps, by hand.
#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/metrics/objects.hpp>

namespace sc = scorecam;
namespace mt = scorecam::metrics;

TEST_CASE("parts that touch are one object, the one of largest mass first")
{
    float const none = std::numeric_limits<float>::quiet_NaN();
    sc::tensor<float, 2> const map{{{4, 5}}, {.9F,  .6F, 0,   0,   .5F,  //
                                              0,    .1F, 0,   .8F, .7F,  //
                                              0,    0,   .6F, 0,   .6F,  //
                                              none, 0,   0,   0,   1}};
    auto const found = mt::objects_above(map.view(), .5F);
    REQUIRE(found.size() == 3);  // corners do not touch
    CHECK(found[0].positions == std::vector<sc::index_t>{4, 8, 9, 14, 19});
    CHECK(found[0].box.first == sc::extents<2>{0, 3});
    CHECK(found[0].box.last == sc::extents<2>{4, 5});
    CHECK(double{found[0].mass} == doctest::Approx(3.6));
    CHECK(found[0].peak == 1);
    CHECK(found[1].positions == std::vector<sc::index_t>{0, 1});
    CHECK(found[2].box.first == sc::extents<2>{2, 2});
    CHECK(found[2].box.last == sc::extents<2>{3, 3});
    CHECK(mt::objects_above(map.view(), 1.5F).empty());
    CHECK(mt::objects_above(map.view(), .1F)[1].positions == std::vector<sc::index_t>{0, 1, 6});
    CHECK_THROWS_AS(static_cast<void>(mt::objects_above(map.view(), 0.0F)), sc::option_error);
    CHECK_THROWS_AS(static_cast<void>(mt::objects_above(map.view(), none)), sc::option_error);
}

TEST_CASE("signals and volumes have objects, too")
{
    sc::tensor<double, 1> const signal{{{6}}, {1, 1, 0, .4, .9, .4}};
    auto const found = mt::objects_above(signal.view(), .3);
    REQUIRE(found.size() == 2);
    CHECK(found[0].box.first[0] == 0);
    CHECK(found[1].box.last[0] == 6);
    sc::tensor<double, 3> volume{{{2, 2, 2}}};
    volume(0, 1, 1) = volume(1, 1, 1) = 1;
    CHECK(mt::objects_above(sc::as_const(volume.view()), .5)[0].positions == std::vector<sc::index_t>{3, 7});
}

TEST_CASE("Otsu's threshold parts two groups of values")
{
    std::vector<float> values(100, .1F);
    for (std::size_t i = 0; i < 20; ++i) { values[i] = i % 2 == 0 ? .8F : 1; }
    sc::tensor<float, 2> const map{{{10, 10}}, values};
    float const threshold = mt::otsu_threshold(map.view());
    CHECK(threshold > .1F);
    CHECK(threshold <= .8F);
    CHECK(mt::objects_above(map.view(), threshold)[0].positions.size() == 20);
    CHECK(mt::otsu_threshold(sc::as_const(sc::tensor<float, 2>{{{3, 3}}}.view())) == 0);
}
