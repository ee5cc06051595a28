// The energy-based pointing game, the pointing game and the overlap, on pictures small enough to do by hand.
#include <algorithm>
#include <limits>

#include <doctest/doctest.h>

#include <scorecam/metrics/localisation.hpp>
#include <scorecam/metrics/sanity.hpp>
#include <scorecam/tensor.hpp>

namespace sc = scorecam;
namespace mt = scorecam::metrics;

namespace {

// rows 0 1 2 3 | 4 5 6 7 | 8 9 10 11: the sum is 66, the largest value is at (2, 3)
sc::tensor<float, 2> counting()
{
    sc::tensor<float, 2> map{{{3, 4}}};
    for (sc::index_t p = 0; p < 12; ++p) { map.data()[p] = static_cast<float>(p) / 11; }
    return map;
}
sc::tensor<float, 2> filled(float value)
{
    sc::tensor<float, 2> map{{{3, 4}}};
    std::fill_n(map.data(), 12, value);
    return map;
}
sc::tensor_view<float const, 2> view(sc::tensor<float, 2> const& map) { return map; }

}  // namespace

TEST_CASE("the energy in a box is its share of the map's sum, rows before columns")
{
    auto const map = counting();
    // rows 1 and 2, columns 0 and 1: 4 + 5 + 8 + 9 = 26 of 66
    auto const found = mt::energy_pointing_game(view(map), mt::box{sc::extents<2>{1, 0}, sc::extents<2>{3, 2}});
    CHECK(found.value == doctest::Approx(26.0 / 66).epsilon(1e-6));
    CHECK(found.metric == "energy_pointing_game");
    CHECK(found.protocol == "paper");
    CHECK(found.why == mt::caveat::none);

    // x from 1 to 3, y from 0 to 2: 1 + 2 + 5 + 6 = 14. The authors' script takes x for rows and y for columns, and so has
    // rows 1 and 2, columns 0 and 1: the 26 of above.
    CHECK(mt::energy_pointing_game(view(map), mt::box_xyxy(1, 0, 3, 2)).value == doctest::Approx(14.0 / 66).epsilon(1e-6));
    CHECK(mt::energy_pointing_game(view(map), mt::box_xyxy(0, 0, 4, 3)).value == doctest::Approx(1));
}

TEST_CASE("boxes are united, not added, and a mask is the same region")
{
    auto const map = counting();
    mt::boxes<2> const two{{mt::box_xyxy(0, 0, 2, 1), mt::box_xyxy(1, 0, 4, 1)}};  // row 0 from 0 to 2 and from 1 to 4
    CHECK(mt::energy_pointing_game(view(map), two).value == doctest::Approx(6.0 / 66).epsilon(1e-6));

    sc::tensor<unsigned char, 2> mask{{{3, 4}}};
    std::fill_n(mask.data(), 4, static_cast<unsigned char>(1));
    CHECK(mt::energy_pointing_game(view(map), mt::region_mask{mask.view()}).value ==
          doctest::Approx(6.0 / 66).epsilon(1e-6));
}

TEST_CASE("a constant map has the share of chance and an empty one has none")
{
    auto const box = mt::box_xyxy(0, 0, 2, 2);  // 4 of 12 pixels
    CHECK(mt::energy_pointing_game(view(filled(0.3F)), box).value == doctest::Approx(4.0 / 12).epsilon(1e-6));
    CHECK(mt::iou(view(filled(0.3F)), box).value == doctest::Approx(4.0 / 12));

    auto const empty = filled(0);
    for (auto const& found :
         {mt::energy_pointing_game(view(empty), box), mt::pointing_game(view(empty), box), mt::iou(view(empty), box)}) {
        CAPTURE(found.metric);
        CHECK_FALSE(found.has_value());
        CHECK(found.why == mt::caveat::empty_map);
    }
    auto const pointed = mt::pointing_game(view(filled(0.3F)), box);
    CHECK_FALSE(pointed.has_value());
    CHECK(pointed.why == mt::caveat::constant_map);
    CHECK(to_string(pointed) == "pointing_game (inside): undefined, constant map");
}

TEST_CASE("an empty box has no value")
{
    auto const map   = counting();
    auto const empty = mt::box_xyxy(2, 1, 2, 3);
    for (auto const& found : {mt::energy_pointing_game(view(map), empty), mt::pointing_game(view(map), empty),
                              mt::iou(view(map), empty), mt::iou(view(map), mt::boxes<2>{{}})}) {
        CHECK_FALSE(found.has_value());
        CHECK(found.why == mt::caveat::empty_region);
    }
}

TEST_CASE("the pointing game looks at the first of the largest values")
{
    auto map = counting();
    CHECK(mt::pointing_game(view(map), mt::box_xyxy(3, 2, 4, 3)).value == 1);
    CHECK(mt::pointing_game(view(map), mt::box_xyxy(0, 0, 4, 2)).value == 0);
    map(0, 1) = 1;  // as large as (2, 3), and earlier
    CHECK(mt::pointing_game(view(map), mt::box_xyxy(3, 2, 4, 3)).value == 0);
    CHECK(mt::pointing_game(view(map), mt::box_xyxy(1, 0, 2, 1)).value == 1);
}

TEST_CASE("TorchRay's margin is a distance below the tolerance")
{
    auto const map = counting();                // the point is (2, 3)
    auto const box = mt::box_xyxy(0, 0, 1, 1);  // (0, 0): sqrt(13) = 3.606 away
    CHECK(mt::pointing_game(view(map), box, mt::torchray{}).value == 1);
    CHECK(mt::pointing_game(view(map), box, mt::torchray{3.7}).value == 1);
    CHECK(mt::pointing_game(view(map), box, mt::torchray{3.5}).value == 0);
    auto const beside = mt::box_xyxy(3, 0, 4, 1);  // (0, 3): 2 away, which is not below 2
    CHECK(mt::pointing_game(view(map), beside, mt::torchray{2}).value == 0);
    CHECK(mt::pointing_game(view(map), beside, mt::torchray{2}).protocol == "torchray (tolerance 2)");
    CHECK(mt::pointing_game(view(map), beside, mt::torchray{}).protocol == "torchray");
    CHECK_THROWS_WITH_AS(static_cast<void>(mt::pointing_game(view(map), beside, mt::torchray{0})),
                         doctest::Contains("nothing hits"), sc::option_error);
}

TEST_CASE("the overlap is of pixels at or above the threshold")
{
    auto const map = counting();
    // 0.5 of the largest, 1: from 6/11 on, so 6 to 11, six pixels. The box has 5 6 7, 9 10 11: five of them; the union is 7.
    auto const box = mt::box_xyxy(1, 1, 4, 3);
    CHECK(mt::iou(view(map), box, mt::fraction_of_max{0.5}).value == doctest::Approx(5.0 / 7));
    CHECK(mt::iou(view(map), box, mt::at_least{10.0 / 11}).value == doctest::Approx(2.0 / 6));
    CHECK(mt::iou(view(map), box).protocol == "fraction_of_max 0.2");
    // exactly at the threshold: half of 1 is 0.5
    auto half  = filled(0.25F);
    half(0, 0) = 0.5F;
    half(2, 3) = 1;
    CHECK(mt::iou(view(half), mt::box_xyxy(0, 0, 1, 1), mt::fraction_of_max{0.5}).value == doctest::Approx(1.0 / 2));
    CHECK(mt::iou(view(half), mt::box_xyxy(0, 0, 1, 1), mt::at_least{1}).value == 0);
    CHECK_THROWS_WITH_AS(static_cast<void>(mt::iou(view(map), box, mt::fraction_of_max{0})), doctest::Contains("above 0"),
                         sc::option_error);
}

TEST_CASE("AUROC counts the pairs in which the object's value is larger, and half of the ties")
{
    auto const map = counting();
    // 4 5 8 9 against 0 1 2 3 6 7 10 11: 4 and 5 are above four each, 8 and 9 above six each: 20 of 32
    mt::box const where{sc::extents<2>{1, 0}, sc::extents<2>{3, 2}};
    auto const found = mt::auroc(view(map), where);
    CHECK(found.value == doctest::Approx(20.0 / 32));
    CHECK(found.metric == "auroc");
    auto re_toned = map;
    for (auto& value : re_toned.view()) { value = value * value * value; }  // another contrast, the same order
    CHECK(mt::auroc(view(re_toned), where).value == found.value);
    CHECK(mt::auroc(view(filled(0.5F)), where).value == doctest::Approx(0.5));
    CHECK(mt::auroc(view(filled(0)), where).why == mt::caveat::empty_map);
    CHECK(mt::auroc(view(map), mt::box_xyxy(0, 0, 4, 3)).why == mt::caveat::empty_region);  // nothing beside it
    CHECK(mt::auroc(view(map), mt::box_xyxy(1, 1, 1, 1)).why == mt::caveat::empty_region);
    auto ties  = filled(0);
    ties(0, 0) = ties(0, 1) = 1;  // one inside of two, one beside of ten: 9 won, 1 + 9 tied: (9 + 10/2)/20
    CHECK(mt::auroc(view(ties), mt::box_xyxy(1, 0, 3, 1)).value == doctest::Approx(14.0 / 20));
}

TEST_CASE("the overlap at the object's area marks as many pixels as the object has")
{
    auto const map = counting();
    // the four largest are row 2; the box has two of them: 2 of 6
    auto const found = mt::iou_at_area(view(map), mt::box{sc::extents<2>{1, 0}, sc::extents<2>{3, 2}});
    CHECK(found.value == doctest::Approx(2.0 / 6));
    CHECK(found.metric == "iou");
    CHECK(found.protocol == "object_area");
    CHECK(mt::iou_at_area(view(map), mt::box_xyxy(0, 2, 4, 3)).value == 1);
    CHECK(mt::iou_at_area(view(map), mt::box_xyxy(0, 0, 4, 1)).value == 0);
    CHECK(mt::iou_at_area(view(filled(1)), mt::box_xyxy(0, 0, 4, 1)).value == 1);  // of ties the first
    CHECK(mt::iou_at_area(view(filled(0)), mt::box_xyxy(0, 0, 4, 1)).why == mt::caveat::empty_map);
}

TEST_CASE("a map that is the mask is perfect, and a random one is near chance")
{
    sc::extents<2> const size{60, 80};
    sc::tensor<float, 2> perfect{size};
    auto const box = mt::box{sc::extents<2>{10, 20}, sc::extents<2>{40, 60}};  // 1200 of 4800: a quarter
    for (sc::index_t y = 10; y < 40; ++y) {
        for (sc::index_t x = 20; x < 60; ++x) { perfect(y, x) = 1; }
    }
    CHECK(mt::energy_pointing_game(view(perfect), box).value == 1);
    CHECK(mt::pointing_game(view(perfect), box).value == 1);
    CHECK(mt::iou(view(perfect), box, mt::at_least{}).value == 1);

    auto const random = mt::random_map<float>(size, 5);
    CHECK(mt::energy_pointing_game(view(random), box).value == doctest::Approx(0.25).epsilon(0.05));
    // half of all pixels are marked, half of the box among them: 600 / (2400 + 600)
    CHECK(mt::iou(view(random), box, mt::at_least{}).value == doctest::Approx(0.2).epsilon(0.1));
}

TEST_CASE("signals and volumes have boxes too")
{
    sc::tensor<double, 1> signal{sc::extents<1>{4}, {1, 2, 3, 4}};
    CHECK(mt::energy_pointing_game(sc::tensor_view<double const, 1>{signal}, mt::box{sc::extents<1>{2}, sc::extents<1>{4}})
              .value == doctest::Approx(0.7));
    sc::tensor<double, 3> volume{sc::extents<3>{2, 1, 2}, {1, 2, 3, 4}};
    auto const corner = mt::box{sc::extents<3>{1, 0, 1}, sc::extents<3>{2, 1, 2}};
    CHECK(mt::pointing_game(sc::tensor_view<double const, 3>{volume}, corner).value == 1);
    CHECK(mt::energy_pointing_game(sc::tensor_view<double const, 3>{volume}, corner).value == doctest::Approx(0.4));
}

TEST_CASE("wrong regions and maps are refused in words")
{
    auto map = counting();
    CHECK_THROWS_WITH_AS(static_cast<void>(mt::energy_pointing_game(view(map), mt::box_xyxy(0, 0, 5, 1))),
                         doctest::Contains("does not lie in a map of the size (3, 4)"), sc::option_error);
    CHECK_THROWS_AS(static_cast<void>(mt::iou(view(map), mt::box_xyxy(2, 0, 1, 1))), sc::option_error);
    sc::tensor<unsigned char, 2> mask{{{4, 3}}};
    CHECK_THROWS_WITH_AS(static_cast<void>(mt::pointing_game(view(map), mt::region_mask{mask.view()})),
                         doctest::Contains("(4, 3)"), sc::shape_error);
    map(1, 1) = -1;
    CHECK_THROWS_WITH_AS(static_cast<void>(mt::energy_pointing_game(view(map), mt::box_xyxy(0, 0, 1, 1))),
                         doctest::Contains("negative"), sc::option_error);
    map(1, 1) = std::numeric_limits<float>::quiet_NaN();
    CHECK_THROWS_AS(static_cast<void>(mt::pointing_game(view(map), mt::box_xyxy(0, 0, 1, 1))), sc::non_finite_error);
}
