// Scores of rows with a shape, by hand: boxes, regions, embeddings, classes against their neighbours.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/scorecam.hpp>

#include <support/networks.hpp>

namespace sc = scorecam;

namespace {

using boxes_view = sc::tensor_view<sc::asked_box<float> const, 1>;

/// Numbers (rows, columns) or (C, h, w) of one image, and beside them a second output.
struct one_answer {
    std::vector<float> first, second;
    sc::ops::outputs<float> all;

    one_answer(std::vector<float> numbers, sc::ops::row_shape shape, std::vector<float> more = {},
               sc::ops::row_shape other = {})
        : first{std::move(numbers)}, second{std::move(more)}
    {
        all.each[0] = {first.data(), shape};
        all.each[1] = {second.data(), other};
        all.count   = second.empty() ? 1 : 2;
        all.images  = 1;
    }
    [[nodiscard]] sc::ops::row<float> row() const { return all[0]; }
};
sc::ops::row_shape shape_of(sc::index_t a, sc::index_t b) { return {{a, b}, 2}; }
sc::ops::row_shape shape_of(sc::index_t a, sc::index_t b, sc::index_t c) { return {{a, b, c}, 3}; }

}  // namespace

TEST_CASE("intersection over union, by hand")
{
    using box = sc::ops::box<double>;
    CHECK(overlap(box{0, 0, 4, 4}, box{2, 2, 6, 6}) == doctest::Approx(4.0 / 28));
    CHECK(overlap(box{0, 0, 4, 4}, box{0, 0, 4, 4}) == 1);
    CHECK(overlap(box{0, 0, 4, 4}, box{4, 0, 8, 4}) == 0);
    CHECK(overlap(box{0, 0, 4, 4}, box{5, 5, 8, 8}) == 0);
    CHECK(overlap(box{1, 1, 1, 1}, box{1, 1, 1, 1}) == 0);
    CHECK(overlap(box{4, 4, 0, 0}, box{0, 0, 4, 4}) == 0);  // inside out
}

TEST_CASE("D-RISE: the same three boxes in every layout give the largest IoU times class score")
{
    // boxes (0,0)-(4,4), (2,2)-(6,6), (10,10)-(12,14); scores of the two classes .9 .1, .2 .8, .6 .5; objectness 1, .5, .25
    std::vector<sc::asked_box<float>> const asked{
        {{0, 0, 4, 4}, 0}, {{0, 0, 4, 4}, 1}, {{10, 10, 12, 14}, 1}, {{20, 20, 21, 21}, 0}};
    boxes_view const questions{asked.data(), 4};
    auto const check = [&](one_answer const& answer, sc::ops::detection_layout layout, std::vector<double> const& wanted) {
        auto const reading = sc::box_score{questions, layout}(answer.row());
        for (std::size_t q = 0; q < wanted.size(); ++q) {
            CAPTURE(q);
            CHECK(double{reading(static_cast<sc::index_t>(q))} == doctest::Approx(wanted[q]));
        }
    };
    // The second box of class 1 lies at IoU 4/28 of the first: .8/7 = .114 is more than the first one's own .1.
    std::vector<double> const plain{.9, .8 / 7, .5, 0};
    check({{2, 2, 4, 4, .9F, .1F, 4, 4, 4, 4, .2F, .8F, 11, 12, 2, 4, .6F, .5F}, shape_of(3, 6)}, {}, plain);
    check({{0, 0, 4, 4, .9F, .1F, 2, 2, 6, 6, .2F, .8F, 10, 10, 12, 14, .6F, .5F}, shape_of(3, 6)},
          {.format = sc::ops::box_format::corners}, plain);
    check({{0, 0, 4, 4, .9F, .1F, 2, 2, 4, 4, .2F, .8F, 10, 10, 2, 4, .6F, .5F}, shape_of(3, 6)},
          {.format = sc::ops::box_format::corner}, plain);
    check({{0, 0, 4, 4, .9F, .1F, 2, 2, 6, 6, .2F, .8F, 10, 10, 14, 12, .6F, .5F}, shape_of(3, 6)},
          {.format = sc::ops::box_format::rows}, plain);
    check({{2, 4, 11, 2, 4, 12, 4, 4, 2, 4, 4, 4, .9F, .2F, .6F, .1F, .8F, .5F}, shape_of(6, 3)}, {.candidates_last = true},
          plain);
    check({{2, 2, 4, 4, 1, .9F, .1F, 4, 4, 4, 4, .5F, .2F, .8F, 11, 12, 2, 4, .25F, .6F, .5F}, shape_of(3, 7)},
          {.objectness = true}, {.9, .1, .125, 0});
    check(
        {{0, 0, 4, 4, 2, 2, 6, 6, 10, 10, 12, 14}, shape_of(3, 4), {0, .9F, .1F, 0, .2F, .8F, 0, .6F, .5F}, shape_of(3, 3)},
        {.format = sc::ops::box_format::corners, .scores_output = 1, .first_class = 1}, plain);
    check({{0, 0, 4, 4, .9F, 0, 2, 2, 6, 6, .8F, 1, 10, 10, 12, 14, .5F, 1, 0, 0, 4, 4, 0, -1}, shape_of(4, 6)},
          {.format = sc::ops::box_format::corners, .after_suppression = true}, plain);

    float const nan = std::numeric_limits<float>::quiet_NaN();
    one_answer const spoilt{{2, 2, 4, 4, nan, .1F, 4, 4, 4, 4, .2F, .8F}, shape_of(2, 6)};
    CHECK(std::isnan(sc::box_score{questions, {}}(spoilt.row())(0)));

    sc::ops::candidates<float> const two_outputs{
        one_answer{{0, 0, 4, 4}, shape_of(1, 4), {0, .9F, .1F}, shape_of(1, 3)}.row(),
        {.scores_output = 1, .first_class = 1}};
    CHECK(two_outputs.classes() == 2);
}

TEST_CASE("regions: the mean or the sum of a class's probability over some cells")
{
    // two classes, 1 x 3 cells: logits 0 0 1 and 0 2 1
    one_answer const answer{{0, 0, 1, 0, 2, 1}, shape_of(2, 1, 3)};
    std::vector<unsigned char> const inside{1, 1, 0, 0, 1, 0};
    std::vector<sc::index_t> const classes{1, 0};
    sc::region_score<float> score{{inside.data(), 2, 1, 3}, {classes.data(), 2}};
    double const p = 1 / (1 + std::exp(-2.0));
    CHECK(double{score(answer.row())(0)} == doctest::Approx((0.5 + p) / 2));
    CHECK(double{score(answer.row())(1)} == doctest::Approx(1 - p));
    score.mean = false;
    CHECK(double{score(answer.row())(0)} == doctest::Approx(0.5 + p));
    score.values = sc::cell_values::sigmoids;
    CHECK(double{score(answer.row())(0)} == doctest::Approx(0.5 + p));
    CHECK(double{score(answer.row())(1)} == doctest::Approx(0.5));
    score.values = sc::cell_values::probabilities;
    CHECK(double{score(answer.row())(0)} == doctest::Approx(2));

    sc::region_score<float> const wrong{{inside.data(), 2, 3, 1}, {classes.data(), 2}};
    CHECK_THROWS_WITH_AS(static_cast<void>(wrong(answer.row())),
                         "regions of the shape (3, 1) were given for outputs (2, 1, 3) of one image; give regions of the "
                         "last two extents of outputs (C, h, w)",
                         sc::shape_error);

    sc::tensor_view<float const, 3> const outputs{answer.first.data(), 2, 1, 3};
    auto const region = sc::predicted_region(outputs, 1);
    CHECK(std::vector<unsigned char>(region.begin(), region.end()) == std::vector<unsigned char>{0, 1, 0});
    CHECK_THROWS_AS(static_cast<void>(sc::predicted_region(outputs, 2)), sc::target_error);
}

TEST_CASE("embeddings: the cosine to each")
{
    one_answer const answer{{3, 4}, {{2}, 1}};
    std::vector<float> const others{3, 4, -30, -40, 4, -3, 0, 0, 1, 0};
    sc::cosine_to<float> const score{{others.data(), 5, 2}};
    auto const reading = score(answer.row());
    std::vector<double> const wanted{1, -1, 0, 0, 0.6};
    for (sc::index_t q = 0; q < 5; ++q) {
        CHECK(double{reading(q)} == doctest::Approx(wanted[static_cast<std::size_t>(q)]));
    }
    sc::cosine_to<float> const wrong{{others.data(), 2, 5}};
    CHECK_THROWS_WITH_AS(
        static_cast<void>(wrong(answer.row())),
        "embeddings of 5 numbers were given for outputs (2) of one image; give as many numbers as the model's outputs have",
        sc::shape_error);
}

TEST_CASE("classes: a direction, and a contrast to the nearest ones")
{
    std::vector<float> const logits{5, 1, 4, 4.5F, 7};
    sc::ops::row<float> const row{logits.data(), 5};
    CHECK(sc::value{}(row)(2) == 4);
    CHECK(sc::value{-1}(row)(2) == -4);
    CHECK(double{sc::contrast{{2, 3, 4}}(row)(0)} == doctest::Approx(5 - 0.6 * (4 + 4.5 + 7) / 3));
    CHECK(double{sc::contrast{{1}, 1}(row)(0)} == doctest::Approx(4));
    CHECK(sc::nearest_classes(sc::tensor_view<float const, 1>{logits.data(), 5}, 0) == std::vector<sc::index_t>{3, 2, 4});
    CHECK(sc::nearest_classes(sc::tensor_view<float const, 1>{logits.data(), 5}, 2, 1) == std::vector<sc::index_t>{3});
    CHECK_THROWS_AS(static_cast<void>(sc::nearest_classes(sc::tensor_view<float const, 1>{logits.data(), 5}, 5)),
                    sc::target_error);
    CHECK_THROWS_AS(static_cast<void>(sc::nearest_classes(sc::tensor_view<float const, 1>{logits.data(), 5}, 0, 5)),
                    sc::option_error);
    CHECK_THROWS_AS(static_cast<void>(sc::contrast{{5}}(row)), sc::target_error);
    CHECK_THROWS_AS(static_cast<void>(sc::contrast{std::vector<sc::index_t>{}}), sc::option_error);
}

TEST_CASE("a score with questions of its own: all are asked, or those that are named, from one set of forwards")
{
    networks::segmenter<float> model{{{3, 5}}};
    auto const image = sc::testing::drawn_tensor<float>(sc::prepend(model.input_shape(), 1), 5);
    sc::reference_backend on;
    std::vector<unsigned char> inside(4 * 15, 1);  // more regions than the outputs have channels
    std::vector<sc::index_t> const classes{0, 1, 2, 0};
    sc::region_score<float> const score{{inside.data(), 4, 3, 5}, {classes.data(), 4}};
    auto const all = sc::explain(on, model, image, score);
    CHECK(all.forwards == 1 + 2);
    CHECK(all.scores.extent(2) == 4);
    for (sc::index_t k = 0; k < all.channels(); ++k) {
        CHECK(all.scores(0, k, 3) == all.scores(0, k, 0));
        CHECK(double{all.scores(0, k, 0)} + double{all.scores(0, k, 1)} + double{all.scores(0, k, 2)} == doctest::Approx(1));
    }
    auto const last = sc::explain(on, model, image, score, sc::target{3});
    CHECK(last.scores.extent(2) == 1);
    CHECK(last.scores(0, 0, 0) == all.scores(0, 0, 3));
    CHECK_THROWS_AS(static_cast<void>(sc::explain(on, model, image, score, sc::target{4})), sc::target_error);
    CHECK_THROWS_WITH_AS(static_cast<void>(sc::explain(on, model, image, sc::box_score<float>{})),
                         "the score was given nothing to ask about; give it one box, region or embedding, or more",
                         sc::option_error);
}
