// Insertion and deletion on pictures done by hand, and what holds for every map.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/metrics/insertion_deletion.hpp>
#include <scorecam/metrics/sanity.hpp>
#include <scorecam/reference.hpp>

#include "support/networks.hpp"

namespace sc = scorecam;
namespace mt = scorecam::metrics;

namespace {

// Two by two pixels, all 1; class 0 counts 0.4, 0.3, 0.2 and 0.1 for them, class 1 nothing.
networks::linear<double> counting_model()
{
    return {
        {1, 2, 2}, sc::tensor<double, 2>{{{2, 4}}, {0.4, 0.3, 0.2, 0.1, 0, 0, 0, 0}}, sc::tensor<double, 3>{{{1, 2, 2}}}};
}
sc::tensor<double, 3> const ones{{{1, 2, 2}}, {1, 1, 1, 1}};
sc::tensor<double, 2> const in_order{{{2, 2}}, {1, 0.75, 0.5, 0.25}};

void check_points(std::vector<double> const& got, std::vector<double> const& wanted)
{
    REQUIRE(got.size() == wanted.size());
    for (std::size_t i = 0; i < got.size(); ++i) { CHECK(got[i] == doctest::Approx(wanted[i]).epsilon(1e-12)); }
}

/// A protocol of one's own: half of the pixels, then all, or what it is told.
struct halves {
    static constexpr mt::ties tie_rule = mt::ties::earlier_first;
    std::vector<sc::index_t> at        = {0, 2, 4};
    [[nodiscard]] std::string name() const { return "halves"; }
    [[nodiscard]] std::vector<sc::index_t> counts(sc::index_t) const { return at; }
    [[nodiscard]] std::vector<double> x(std::vector<sc::index_t> const&) const { return {0, 0.5, 1}; }
    [[nodiscard]] sc::mean deleted_to() const { return {}; }
    [[nodiscard]] sc::noise inserted_into() const { return {}; }
};

/// Gives NaN for a picture without light.
struct blind_in_the_dark : networks::linear<double> {
    using networks::linear<double>::linear;
    sc::tensor_view<double const, 2> forward(sc::tensor_view<double const, 4> batch)
    {
        auto const outputs = networks::linear<double>::forward(batch);
        shown_             = sc::tensor<double, 2>{outputs.shape(), {outputs.begin(), outputs.end()}};
        for (auto& value : shown_.view()) { value = value == 0 ? std::numeric_limits<double>::quiet_NaN() : value; }
        return shown_;
    }

private:
    sc::tensor<double, 2> shown_;
};

}  // namespace

TEST_CASE("pixels go and come in the order of the map")
{
    sc::reference_backend cpu;
    auto model = counting_model();
    mt::torch_cam const each{4};  // a pixel at a time, to zeros

    auto const d = mt::deletion(cpu, model, ones.view(), in_order, each, sc::target{0}, sc::logit{});
    check_points(d.of().x, {0, 0.25, 0.5, 0.75, 1});
    check_points(d.of().scores, {1, 0.6, 0.3, 0.1, 0});
    CHECK(d.of().area.value == doctest::Approx(0.375));  // (0.8 + 0.45 + 0.2 + 0.05) / 4
    CHECK(d.of().area.metric == "deletion");
    CHECK(d.of().area.sound());

    auto const i = mt::insertion(cpu, model, ones.view(), in_order, each, sc::target{0}, sc::logit{});
    check_points(i.of().scores, {0, 0.4, 0.7, 0.9, 1});
    CHECK(i.of().area.value == doctest::Approx(0.625));
    CHECK(i.of().area.metric == "insertion");
    CHECK(i.of().area.protocol == "torch_cam (steps 4)");
}

TEST_CASE("a shorter last step counts as RISE and as torch-cam count it")
{
    sc::reference_backend cpu;
    auto model = counting_model();
    // three pixels, then one: scores 1, 0.1, 0. RISE has them at 0, 1/2, 1: (1.1 + 0.1) / 4
    auto const even = mt::deletion(cpu, model, ones.view(), in_order, mt::rise{.step = 3}, sc::target{0}, sc::logit{});
    check_points(even.of().scores, {1, 0.1, 0});
    CHECK(even.of().area.value == doctest::Approx(0.3));
    // two pixels twice: 1, 0.3, 0
    auto const two = mt::deletion(cpu, model, ones.view(), in_order, mt::torch_cam{3}, sc::target{0}, sc::logit{});
    check_points(two.of().scores, {1, 0.3, 0});
    // torch-cam has the points where they are: of 20 pixels with 7 intervals, at 0, 3, ... 18 and 20 of 20
    auto const counts = mt::torch_cam{7}.counts(20);
    CHECK(counts == std::vector<sc::index_t>{0, 3, 6, 9, 12, 15, 18, 20});
    CHECK(mt::torch_cam{7}.x(counts)[6] == doctest::Approx(0.9));
    CHECK(mt::rise{}.counts(224 * 224).size() == 225);
}

TEST_CASE("the paper changes 1 % of the pixels at a time, or one, to a value")
{
    CHECK(mt::paper{}.counts(224 * 224).size() == 101);
    CHECK(mt::paper{}.counts(224 * 224)[1] == 502);  // 501.76
    CHECK(mt::paper{}.counts(4) == std::vector<sc::index_t>{0, 1, 2, 3, 4});
    CHECK(mt::paper{.step = 0.3}.counts(10) == std::vector<sc::index_t>{0, 3, 6, 9, 10});

    sc::reference_backend cpu;
    auto model    = counting_model();
    auto const to = mt::deletion(cpu, model, ones.view(), in_order, mt::paper{.fill = 2}, sc::target{0}, sc::logit{});
    check_points(to.of().scores, {1, 1.4, 1.7, 1.9, 2});
    CHECK(to.of().area.protocol == "paper (fill 2)");
    auto const from = mt::insertion(cpu, model, ones.view(), in_order, mt::paper{.fill = 2}, sc::target{0}, sc::logit{});
    check_points(from.of().scores, {2, 1.6, 1.3, 1.1, 1});
}

TEST_CASE("of equal values, the later pixel goes first with RISE and the earlier with the others")
{
    sc::reference_backend cpu;
    auto model = counting_model();
    sc::tensor<double, 2> const constant{{{2, 2}}, {0.5, 0.5, 0.5, 0.5}};
    auto const last = mt::deletion(cpu, model, ones.view(), constant, mt::rise{.step = 1}, sc::target{0}, sc::logit{});
    check_points(last.of().scores, {1, 0.9, 0.7, 0.4, 0});
    auto const first = mt::deletion(cpu, model, ones.view(), constant, mt::torch_cam{4}, sc::target{0}, sc::logit{});
    check_points(first.of().scores, {1, 0.6, 0.3, 0.1, 0});
    CHECK(first.of().area.why == mt::caveat::constant_map);
    CHECK(first.of().area.has_value());
    CHECK_FALSE(first.of().area.sound());
    sc::tensor<double, 2> const nothing{{{2, 2}}};
    CHECK(mt::insertion(cpu, model, ones.view(), nothing, mt::paper{}).of().area.why == mt::caveat::empty_map);
}

TEST_CASE("a constant map is at the level of chance where pixels count the same")
{
    sc::reference_backend cpu;
    auto const n = sc::index_t{36};
    networks::linear<double> model{
        {1, 6, 6}, sc::tensor<double, 2>{{{1, n}}, std::vector<double>(36, 1.0 / 36)}, sc::tensor<double, 3>{{{1, 2, 2}}}};
    sc::tensor<double, 3> image{{{1, 6, 6}}, std::vector<double>(36, 1)};
    sc::tensor<double, 2> const constant{{{6, 6}}, std::vector<double>(36, 0.4)};
    for (auto const& map : {constant, mt::random_map<double>(sc::extents<2>{6, 6}, 3)}) {
        CHECK(mt::deletion(cpu, model, image.view(), map, mt::torch_cam{}, sc::logit{}).of().area.value ==
              doctest::Approx(0.5));
        CHECK(mt::insertion(cpu, model, image.view(), map, mt::paper{}, sc::logit{}).of().area.value ==
              doctest::Approx(0.5));
    }
}

TEST_CASE_TEMPLATE("insertion and deletion of the inverted map are each other's reverse", Protocol, mt::paper, mt::torch_cam)
{
    sc::reference_backend cpu;
    networks::seeded<float> model{{3, 10, 12}, {6, 5, 6}, 4, 11};
    auto const image = networks::drawn_tensor<float>(sc::image_shape{3, 10, 12}, 12);
    auto map         = mt::random_map<float>(sc::extents<2>{10, 12}, 13);
    auto inverted    = map;
    for (auto& value : inverted.view()) { value = 1 - value; }
    Protocol const protocol{};
    auto const come = mt::insertion(cpu, model, image.view(), map, protocol).of().scores;
    auto gone       = mt::deletion(cpu, model, image.view(), inverted, protocol).of().scores;
    std::reverse(gone.begin(), gone.end());
    CHECK(come == gone);  // bit for bit: the same pictures
}

TEST_CASE("of a linear score, insertion and deletion add up to the whole, and no map beats the perfect one")
{
    sc::reference_backend cpu;
    sc::image_shape const shape{2, 7, 9};
    auto const weights = networks::drawn_tensor<double>(sc::extents<2>{2, shape.size()}, 21);
    networks::linear<double> model{shape, weights, sc::tensor<double, 3>{{{1, 2, 2}}}};
    auto const image = networks::drawn_tensor<double>(shape, 22);
    sc::tensor<double, 2> perfect{{{7, 9}}};  // what each pixel adds to the score
    double whole = 0;
    for (sc::index_t p = 0; p < shape.size(); ++p) {
        perfect.data()[p % 63] += weights(0, p) * image.data()[p];
        whole += weights(0, p) * image.data()[p];
    }
    mt::torch_cam const each{63};
    auto const deleted = [&](auto const& map) {
        return mt::deletion(cpu, model, image.view(), map, each, sc::target{0}, sc::logit{}).of().area.value;
    };
    auto const inserted = [&](auto const& map) {
        return mt::insertion(cpu, model, image.view(), map, each, sc::target{0}, sc::logit{}).of().area.value;
    };
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        auto const random = mt::random_map<double>(sc::extents<2>{7, 9}, seed);
        CHECK(deleted(random) + inserted(random) == doctest::Approx(whole).epsilon(1e-12));
        CHECK(deleted(perfect) < deleted(random));
        CHECK(inserted(perfect) > inserted(random));
    }
}

TEST_CASE("only the order of the map matters, and the batch does not")
{
    sc::reference_backend cpu;
    networks::seeded<float> model{{3, 10, 12}, {6, 5, 6}, 4, 11};
    auto const image = networks::drawn_tensor<float>(sc::image_shape{3, 10, 12}, 12);
    auto const map   = mt::random_map<float>(sc::extents<2>{10, 12}, 13);
    auto cubed       = map;
    for (auto& value : cubed.view()) { value = 5 * value * value * value + 2; }
    mt::rise const protocol{.step = 7};
    auto const wanted = mt::insertion(cpu, model, image.view(), map, protocol).of().scores;
    CHECK(mt::insertion(cpu, model, image.view(), cubed, protocol).of().scores == wanted);
    for (sc::index_t const size : {1, 3, 100}) {
        CHECK(mt::insertion(cpu, model, image.view(), map, protocol, sc::fixed_batch{size}).of().scores == wanted);
    }
}

TEST_CASE("several maps of several images share their batches, and are what each is by itself")
{
    sc::reference_backend cpu;
    sc::image_shape const shape{1, 6, 8};
    networks::linear<float> model{shape, networks::drawn_tensor<float>(sc::extents<2>{4, 48}, 1),
                                  sc::tensor<float, 3>{{{1, 2, 2}}}};
    auto const images = networks::drawn_tensor<float>(sc::extents<4>{3, 1, 6, 8}, 2);
    auto const maps   = networks::drawn_tensor<float>(sc::extents<4>{3, 2, 6, 8}, 3);
    sc::targets_per_image const classes{{{0, 1}, {2, 3}, {1, 0}}};
    mt::torch_cam const protocol{5};  // 5 intervals of 10 pixels: 5 pictures each, the image itself is known

    auto const all = mt::insertion(cpu, model, images.view(), maps.view(), protocol, classes, sc::fixed_batch{8});
    CHECK(all.spent.forwards == 3 + 3 * 2 * 5);
    CHECK(all.spent.batches == 1 + 4);  // 3, and 30 in eights
    CHECK(all.spent.batch_size == 8);
    CHECK(model.largest_batch == 8);
    // one batch, the rankings, and lists; far from 30 pictures
    CHECK(all.spent.peak_bytes < 8 * 48 * 4 + 6 * 48 * 4 + 1000);
    for (sc::index_t i = 0; i < 3; ++i) {
        for (sc::index_t m = 0; m < 2; ++m) {
            auto const c   = classes.classes_of_image[static_cast<std::size_t>(i)][static_cast<std::size_t>(m)];
            auto const one = mt::insertion(cpu, model, images[i], maps[i][m], protocol, sc::target{c});
            CHECK(all.of(i, m).scores == one.of().scores);
            CHECK(all.of(i, m).area.value == one.of().area.value);
        }
    }
}

TEST_CASE("RISE's background is each image's own")
{
    sc::reference_backend cpu;
    networks::seeded<float> model{{3, 12, 12}, {6, 6, 6}, 4, 31};
    auto const images = networks::drawn_tensor<float>(sc::extents<4>{2, 3, 12, 12}, 32);
    auto const maps   = networks::drawn_tensor<float>(sc::extents<3>{2, 12, 12}, 33);
    auto const all    = mt::insertion(cpu, model, images.view(), maps.view(), mt::rise{.step = 30});
    for (sc::index_t i = 0; i < 2; ++i) {
        CHECK(all.of(i).scores == mt::insertion(cpu, model, images[i], maps[i], mt::rise{.step = 30}).of().scores);
    }
    CHECK(all.of(0).scores.front() != all.of(1).scores.front());
}

TEST_CASE_TEMPLATE("signals and volumes are deleted as pictures are", Model, networks::seeded<double, 1>,
                   networks::seeded<double, 3>)
{
    constexpr std::size_t R = sc::spatial_rank_of<Model>;
    sc::extents<R + 1> input{}, activation{};
    for (std::size_t d = 0; d <= R; ++d) { input[d] = d == 0 ? 2 : 6, activation[d] = 3; }
    Model model{input, activation, 3, 41};
    sc::reference_backend cpu;
    auto const image = networks::drawn_tensor<double>(input, 42);
    auto const map   = mt::random_map<double>(sc::trailing<R>(input), 43);
    auto inverted    = map;
    for (auto& value : inverted.view()) { value = 1 - value; }
    mt::torch_cam const protocol{24};  // 216 positions in nines, 6 one by one: the same counts from both ends
    auto const come = mt::insertion(cpu, model, image.view(), map, protocol).of().scores;
    auto gone       = mt::deletion(cpu, model, image.view(), inverted, protocol).of().scores;
    std::reverse(gone.begin(), gone.end());
    CHECK(come == gone);
    CHECK(mt::insertion(cpu, model, image.view(), map, mt::rise{.step = 2}).of().scores.back() == come.back());
}

TEST_CASE("wrong maps, targets and options are refused in words")
{
    sc::reference_backend cpu;
    auto model = counting_model();
    sc::tensor<double, 2> const small{{{1, 2}}};
    CHECK_THROWS_WITH_AS(static_cast<void>(mt::deletion(cpu, model, ones.view(), small, mt::rise{})),
                         doctest::Contains("(1, 1, 1, 2) for images of the shape (1, 1, 2, 2)"), sc::shape_error);
    sc::tensor<double, 3> const two{{{2, 2, 2}}};
    CHECK_THROWS_AS(static_cast<void>(mt::deletion(cpu, model, ones.view(), two, mt::rise{})), sc::shape_error);
    CHECK_THROWS_WITH_AS(static_cast<void>(mt::deletion(cpu, model, ones.view(), in_order, mt::rise{}, sc::targets{0, 1})),
                         doctest::Contains("2 targets per image for 1 maps"), sc::target_error);
    CHECK_THROWS_AS(static_cast<void>(mt::deletion(cpu, model, ones.view(), in_order, mt::rise{}, sc::target{2})),
                    sc::target_error);
    CHECK_THROWS_AS(static_cast<void>(mt::deletion(cpu, model, ones.view(), in_order, mt::rise{.step = 0})),
                    sc::option_error);
    CHECK_THROWS_AS(static_cast<void>(mt::deletion(cpu, model, ones.view(), in_order, mt::torch_cam{0})), sc::option_error);
    CHECK_THROWS_AS(static_cast<void>(mt::deletion(cpu, model, ones.view(), in_order, mt::paper{.step = 0})),
                    sc::option_error);
    auto broken  = in_order;
    broken(0, 0) = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS_AS(static_cast<void>(mt::deletion(cpu, model, ones.view(), broken, mt::rise{})), sc::non_finite_error);
    sc::tensor<double, 3> const bad{{{1, 2, 2}}, {1, 1, std::numeric_limits<double>::infinity(), 1}};
    CHECK_THROWS_AS(static_cast<void>(mt::deletion(cpu, model, bad.view(), in_order, mt::rise{})), sc::non_finite_error);
}

TEST_CASE("a protocol of one's own is a type, and is looked at")
{
    sc::reference_backend cpu;
    auto model = counting_model();
    sc::tensor<double, 3> const image{{{1, 2, 2}}, {4, 2, 1, 1}};  // of mean 2
    auto const d = mt::deletion(cpu, model, image.view(), in_order, halves{}, sc::target{0}, sc::logit{}).of();
    check_points(d.scores, {2.5, 1.7, 2});  // 4 2 1 1, then 2 2 1 1, then 2 2 2 2, times 0.4 0.3 0.2 0.1
    CHECK(d.area.protocol == "halves");
    for (auto const& wrong : std::vector<std::vector<sc::index_t>>{{0, 2, 3}, {1, 2, 4}, {0, 2, 2, 4}, {0, 4}, {}}) {
        CHECK_THROWS_WITH_AS(static_cast<void>(mt::deletion(cpu, model, image.view(), in_order, halves{wrong})),
                             doctest::Contains("counts from 0 to all 4"), sc::option_error);
    }
}

TEST_CASE("NaN from the model is seen, whichever picture it comes from")
{
    sc::reference_backend cpu;
    blind_in_the_dark model{sc::image_shape{1, 2, 2}, sc::tensor<double, 2>{{{1, 4}}, {0.4, 0.3, 0.2, 0.1}},
                            sc::tensor<double, 3>{{{1, 2, 2}}}};
    CHECK_THROWS_WITH_AS(static_cast<void>(mt::deletion(cpu, model, ones.view(), in_order, mt::paper{})),
                         doctest::Contains("a perturbed image is NaN"), sc::non_finite_error);
    CHECK_THROWS_WITH_AS(
        static_cast<void>(mt::insertion(cpu, model, sc::tensor<double, 3>{{{1, 2, 2}}}, in_order, mt::paper{})),
        doctest::Contains("outputs for image 0 contain NaN"), sc::non_finite_error);
}
