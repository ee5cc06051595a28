// What the scorer does for all its clients: outputs of any shape, masks put on the activations, choices for one call, and
// calls that are cut off or made twice.
#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/scorecam.hpp>

#include <support/networks.hpp>

namespace sc = scorecam;

namespace {

/// The mean of channel c of an output (C, h, w): what a score of a segmentation reads.
struct mean_of_channel {
    template <class Row>
    auto operator()(Row row, sc::index_t c) const
    {
        auto const plane = row.shape[1] * row.shape[2];
        typename Row::value_type sum(0);
        for (sc::index_t p = 0; p < plane; ++p) { sum += row[c * plane + p]; }
        return sum / static_cast<typename Row::value_type>(plane);
    }
};

sc::tensor<float, 4> some_image(sc::image_shape shape, std::uint64_t seed = 5)
{
    return sc::testing::drawn_tensor<float>(sc::prepend(shape, 1), seed);
}

}  // namespace

TEST_CASE("outputs (n, C, h, w): a score reads rows with their shape, several questions from one set of forwards")
{
    networks::segmenter<float> model{{{3, 5}}};
    auto const image = some_image(model.input_shape());
    sc::reference_backend on;
    auto const found = sc::explain(on, model, image, sc::targets{0, 2}, sc::score_by{mean_of_channel{}}, sc::fixed_batch{2});
    CHECK(found.forwards == 1 + 2);
    REQUIRE(found.output_shape.axes == 3);
    CHECK(found.output_shape[0] == 3);
    CHECK(found.output_shape[2] == 5);
    CHECK(found.outputs.shape() == sc::extents<2>{1, 45});
    CHECK(found.further_outputs.empty());
    // y = (1 + c) m - c for the mean m over all cells, so that the scores of two questions know of each other
    for (sc::index_t k = 0; k < 2; ++k) { CHECK(found.scores(0, k, 1) == doctest::Approx(3 * found.scores(0, k, 0) - 2)); }

    CHECK_THROWS_WITH_AS(static_cast<void>(sc::explain(on, model, image, sc::score_by{mean_of_channel{}})),
                         "top classes are those of outputs (n, classes), and the model's are of the shape (3, 3, 5) for "
                         "each image; name targets, "
                         "which the score reads: target{0}",
                         sc::target_error);
    CHECK_THROWS_AS(static_cast<void>(sc::explain(on, model, image, sc::target{3}, sc::score_by{mean_of_channel{}})),
                    sc::target_error);
}

TEST_CASE("several named outputs: a score reads each, and the explanation keeps all")
{
    networks::two_outputs<float> model;
    auto const image = some_image(model.input_shape());
    sc::reference_backend on;
    auto const of_second = sc::score_by([](auto row, sc::index_t c) { return row.output(1)[c]; });
    auto const found     = sc::explain(on, model, image, sc::targets{0, 3}, of_second);
    CHECK(found.output_shape.axes == 2);
    REQUIRE(found.further_outputs.size() == 1);
    CHECK(found.further_outputs[0].name == "scores");
    CHECK(found.further_outputs[0].shape[0] == 4);
    for (sc::index_t m : {0, 1}) {
        // the only mask is the quarters themselves: its score is that of the image under it
        sc::tensor<float, 4> masked{image.shape()};
        auto const quarters = found.further_outputs[0].values;
        sc::tensor<float, 4> ones{image.shape()};
        std::fill_n(ones.data(), ones.size(), 1.F);
        CHECK(quarters.size() == 4);
        CHECK(std::isfinite(found.scores(0, 0, m)));
        CHECK(found.scores(0, 0, 0) != found.scores(0, 0, 1));
    }
    std::vector<float> const numbers_of_one{1, 2};
    sc::tensor_view<float const, 4> const seen = image;
    auto const outputs                         = model.forward(seen);
    CHECK(outputs.number_of("scores") == 1);
    CHECK(outputs.name(0) == "boxes");
    CHECK_THROWS_WITH_AS(static_cast<void>(outputs.number_of("boxs")),
                         "the model has no output 'boxs'; its outputs are boxes, scores", sc::option_error);
    CHECK(outputs.rows()[0].output(1)[3] == outputs.flat(1)(0, 3));
    auto const of_third = sc::score_by([](auto row, sc::index_t c) { return row.output(2)[c]; });
    CHECK_THROWS_AS(static_cast<void>(sc::explain(on, model, image, sc::target{0}, of_third)), sc::option_error);
    CHECK_THROWS_AS(static_cast<void>(sc::ops::row<float>{numbers_of_one.data(), 2}.output(1)), sc::option_error);
}

TEST_CASE("outputs whose shape changes from call to call are refused with both shapes")
{
    sc::index_t calls = 0;
    std::vector<float> numbers(64);
    auto const shaped = [&](sc::tensor_view<float const, 4> batch) {
        return sc::model_outputs<float>{
            sc::tensor_view<float const, 3>{numbers.data(), batch.extent(0), 2, calls++ == 0 ? 3 : 4}};
    };
    auto const capture = [&](sc::tensor_view<float const, 4> batch) {
        return std::pair{shaped(batch), sc::tensor_view<float const, 4>{batch.data(), batch.extent(0), 1, 4, 4}};
    };
    auto model       = sc::make_model(sc::image_shape{1, 4, 4}, shaped, capture);
    auto const image = some_image({{1, 4, 4}});
    sc::reference_backend on;
    CHECK_THROWS_WITH_AS(
        static_cast<void>(sc::explain(on, model, image, sc::target{0}, sc::logit{})),
        "the model's forward returned outputs of the shape (1, 2, 4) for a batch of (1, 1, 4, 4); it must return (1, "
        "2, 3) in every call",
        sc::shape_error);
}

TEST_CASE("masks on the activations: the rest of the network answers")
{
    networks::segmenter<double> model{{{3, 4}}};
    auto const image = sc::testing::drawn_tensor<double>(sc::prepend(model.input_shape(), 1), 9);
    sc::reference_backend on;
    auto const found =
        sc::explain(on, model, image, sc::target{1}, sc::score_by{mean_of_channel{}}, sc::place::tap, sc::fixed_batch{1});
    CHECK(found.forwards == 1 + 2);
    auto const seen = model.capture(sc::tensor_view<double const, 4>{image}).activations;
    for (sc::index_t k = 0; k < 2; ++k) {  // A∘s(A_k), of which the first channel is answered
        auto const* map  = seen[0][k].data();
        auto const range = sc::ops::range_of(map, 12);
        double mean      = 0;
        for (sc::index_t p = 0; p < 12; ++p) { mean += seen[0][0].data()[p] * sc::ops::min_max(map[p], range) / 12; }
        CHECK(found.scores(0, k, 0) == doctest::Approx(networks::segmenter<double>::logit(1, mean)));
    }
    networks::two_outputs<double> without;
    auto const small = sc::testing::drawn_tensor<double>(sc::prepend(without.input_shape(), 1), 9);
    CHECK_THROWS_AS(static_cast<void>(sc::explain(on, without, small, sc::target{0}, sc::logit{}, sc::place::tap)),
                    sc::option_error);
}

TEST_CASE("a third callable of make_model resumes")
{
    networks::segmenter<float> network{{{2, 2}}};
    auto model = sc::make_model(
        network.input_shape(), [&](sc::tensor_view<float const, 4> b) { return network.forward(b); },
        [&](sc::tensor_view<float const, 4> b) {
            auto const seen = network.capture(b);
            return std::pair{seen.outputs, seen.activations};
        },
        [&](sc::tensor_view<float const, 4> a) { return network.resume(a); });
    static_assert(sc::resumable_model<decltype(model)>);
    auto const image = some_image(network.input_shape());
    sc::reference_backend on;
    auto const made   = sc::explain(on, model, image, sc::target{0}, sc::score_by{mean_of_channel{}}, sc::place::tap);
    auto const direct = sc::explain(on, network, image, sc::target{0}, sc::score_by{mean_of_channel{}}, sc::place::tap);
    CHECK(std::equal(made.scores.begin(), made.scores.end(), direct.scores.begin()));
}

TEST_CASE("masks that are no activations are checked before they are used")
{
    networks::seeded<float> model{{{1, 8, 8}}, {{4, 4, 4}}, 3, 1};
    auto const image = some_image(model.input_shape());
    sc::reference_backend on;
    auto const explained = [&](sc::mask_list<float> list, sc::estimate how = sc::estimate::weighted_mean) {
        return sc::explain(on, model, image, sc::target{0}, sc::given_masks<float>{std::move(list)}, how);
    };
    sc::tensor<float, 3> ones{{{2, 2, 2}}, {1, 0, 0, 1, 0, 1, 1, 0}};
    CHECK(explained({ones}).forwards == 3);
    auto too_large             = ones;
    too_large.data()[3]        = 2;
    auto const is_option_error = [&](sc::mask_list<float> list) {
        CHECK_THROWS_AS(static_cast<void>(explained(std::move(list))), sc::option_error);
    };
    is_option_error({too_large});
    too_large.data()[3] = std::nanf("");
    is_option_error({too_large});
    is_option_error({ones, {{{0, 0}}, {{3, 0}}}, {{10, 10}}});
    CHECK_THROWS_AS(static_cast<void>(explained({ones, {{{0, 0}}}, {{10, 10}}})), sc::shape_error);
    CHECK_THROWS_AS(static_cast<void>(explained({ones}, sc::estimate::weighted_sum)), sc::option_error);
    CHECK_THROWS_AS(static_cast<void>(sc::explain(on, model, image, sc::conventions::rise{{.number = 0}})),
                    sc::option_error);
    CHECK_THROWS_AS(static_cast<void>(sc::explain(on, model, image, sc::conventions::rise{{.cells = 9}})), sc::option_error);
}

TEST_CASE("targets, progress and stopping are of a call, on an explainer that is kept")
{
    networks::seeded<float> model{{{1, 8, 8}}, {{6, 4, 4}}, 3, 1};
    auto const image = some_image(model.input_shape());
    sc::reference_backend on;
    sc::explainer explain{on, model, sc::target{0}, sc::fixed_batch{2}};
    auto const standing = explain(image);
    CHECK(standing.targets(0, 0) == 0);

    std::vector<sc::index_t> heard;
    auto const once = explain(image, sc::targets{2, 1}, [&](sc::index_t done, sc::index_t) { heard.push_back(done); });
    CHECK(once.targets.shape() == sc::extents<2>{1, 2});
    CHECK(once.targets(0, 1) == 1);
    CHECK(heard.size() > 2);
    auto const told = heard.size();

    std::stop_source stop;
    stop.request_stop();
    CHECK_THROWS_AS(static_cast<void>(explain(image, stop.get_token())), sc::cancelled);
    CHECK_THROWS_AS(static_cast<void>(explain(image, sc::stop_when{stop.get_token()}, sc::target{1})), sc::cancelled);
    auto const after = explain(image);
    CHECK(heard.size() == told);
    CHECK(after.targets(0, 0) == 0);
    CHECK(std::equal(after.maps.begin(), after.maps.end(), standing.maps.begin()));
    CHECK(after.forwards == standing.forwards);
}

TEST_CASE("an explainer that is at work is not entered again, neither by another thread nor by what it calls")
{
    networks::seeded<float> model{{{1, 8, 8}}, {{6, 4, 4}}, 3, 1};
    auto const image = some_image(model.input_shape());
    sc::reference_backend on;
    sc::explainer explain{on, model};
    std::optional<std::string> said;
    auto const again = [&](sc::index_t, sc::index_t) {
        std::thread other{[&] {
            try {
                static_cast<void>(explain(image));
            } catch (sc::option_error const& e) {
                said = e.what();
            }
        }};
        other.join();
    };
    auto const found = explain(image, again);
    REQUIRE(said.has_value());
    CHECK(said->find("at work already") != std::string::npos);
    CHECK(found.status(0, 0) == sc::map_status::meaningful);
    CHECK_NOTHROW(static_cast<void>(explain(image)));  // left again
}

TEST_CASE("a convention chosen at run time is that convention")
{
    networks::seeded<float> model{{{1, 8, 8}}, {{6, 4, 4}}, 3, 1};
    auto const image = some_image(model.input_shape());
    sc::reference_backend on;
    using either    = std::variant<sc::conventions::official, sc::conventions::torch_cam>;
    auto const same = [&](either chosen, auto wanted) {
        auto const a = sc::explain(on, model, image, sc::target{1}, chosen);
        auto const b = sc::explain(on, model, image, sc::target{1}, wanted);
        return std::equal(a.maps.begin(), a.maps.end(), b.maps.begin()) && a.forwards == b.forwards;
    };
    CHECK(same(sc::conventions::official{}, sc::conventions::official{}));
    CHECK(same(sc::conventions::torch_cam{}, sc::conventions::torch_cam{}));
    CHECK_FALSE(same(sc::conventions::torch_cam{}, sc::conventions::official{}));
    CHECK(sc::explain(on, model, image, either{sc::conventions::torch_cam{}}, sc::fixed_batch{1}).batch_size == 1);
}

TEST_CASE("a null view is refused at once")
{
    networks::seeded<float> model{{{1, 8, 8}}, {{6, 4, 4}}, 3, 1};
    sc::reference_backend on;
    CHECK_THROWS_AS(static_cast<void>(sc::explain(on, model, sc::tensor_view<float const, 3>{nullptr, 1, 8, 8})),
                    sc::shape_error);
}

TEST_CASE("more groups than numbers fit into are as many as there are channels")
{
    networks::seeded<float> model{{{1, 8, 8}}, {{6, 4, 4}}, 3, 1};
    auto const image = some_image(model.input_shape());
    sc::reference_backend on;
    CHECK(sc::explain(on, model, image, sc::channel_groups{9223372036854775807}).channels() == 6);
}

namespace {

/// The mean of masks times scores, and what it was told.
struct mean_on_host {
    using kind = sc::kinds::estimate;
    sc::index_t* images;
    template <class T, std::size_t R>
    [[nodiscard]] sc::estimated<T, R> from(sc::evidence<T, R> const& seen) const
    {
        ++*images;
        CHECK(seen.outputs.size() == 0);
        auto const grid = sc::trailing<R>(seen.masks.shape());
        sc::estimated<T, R> made{sc::tensor<T, R + 1>{sc::prepend(grid, seen.targets.size())}};
        for (sc::index_t n = 0; n < seen.scores.extent(0); ++n) {
            for (sc::index_t m = 0; m < seen.targets.size(); ++m) {
                for (sc::index_t p = 0; p < grid.size(); ++p) {
                    made.maps.data()[m * grid.size() + p] += seen.scores(n, m) * seen.masks[n].data()[p];
                }
            }
        }
        return made;
    }
};

}  // namespace

TEST_CASE("an estimate on the host is made of each image's own evidence")
{
    networks::seeded<double> model{{{1, 8, 8}}, {{6, 4, 4}}, 3, 1};
    auto const images = sc::testing::drawn_tensor<double>(sc::extents<4>{{2, 1, 8, 8}}, 5);
    sc::reference_backend on;
    sc::index_t seen = 0;
    sc::mask_rule const as_is{.extrema = sc::extrema_of::activation};
    auto const wanted = sc::explain(on, model, images, sc::targets{2, 1}, sc::summand::masks, as_is);
    auto const found  = sc::explain(on, model, images, sc::targets{2, 1}, mean_on_host{&seen}, as_is);
    CHECK(seen == 2);
    REQUIRE(found.activation_maps.shape() == wanted.activation_maps.shape());
    for (sc::index_t i = 0; i < found.activation_maps.size();
         ++i) {  // the masks are the activations, the weights their scores
        CHECK(found.activation_maps.data()[i] == doctest::Approx(wanted.activation_maps.data()[i]));
    }
    CHECK(found.forwards == wanted.forwards);  // it asks for no others
    CHECK(found.cell_values.size() == 0);
    CHECK_THROWS_AS(static_cast<void>(sc::explain(on, model, images, mean_on_host{&seen}, sc::uniform_weights{})),
                    sc::option_error);
    CHECK_THROWS_AS(
        static_cast<void>(sc::explain(on, model, images, mean_on_host{&seen}, sc::random_grids{.number = 4, .cells = 3})),
        sc::option_error);
}

TEST_CASE(
    "a fitted map: several images and classes are as each alone, with and without activations, and on a kept explainer")
{
    networks::seeded<double> model{{{1, 8, 8}}, {{6, 4, 4}}, 3, 1};
    auto const images = sc::testing::drawn_tensor<double>(sc::extents<4>{{2, 1, 8, 8}}, 5);
    sc::reference_backend on;
    for (sc::index_t const cells : {0, 5}) {
        sc::conventions::fitted const how{.masks = 12, .cells = cells};
        sc::explainer explain{on, model, how, sc::fixed_batch{5}};
        auto const both = explain(images, sc::targets{2, 1});
        CHECK(both.forwards == 2 + 24 + 1);
        CHECK((both.activation_bytes > 0) == (cells == 0));
        sc::index_t const side = cells == 0 ? 4 : cells;
        CHECK(both.activation_maps.shape() == sc::extents<4>{{2, 2, side, side}});
        CHECK(both.cell_deviations.shape() == both.activation_maps.shape());
        for (sc::index_t i : {0, 1}) {
            for (sc::index_t m : {0, 1}) {
                auto const one  = explain(images.view()[i], sc::target{m == 0 ? 2 : 1});
                auto const same = both.map(i, m);
                CHECK(std::equal(one.maps.begin(), one.maps.end(), same.begin()));
                auto const fresh = sc::explain(on, model, images.view()[i], sc::target{m == 0 ? 2 : 1}, how);
                CHECK(std::equal(one.maps.begin(), one.maps.end(), fresh.maps.begin()));
            }
        }
        for (double const bar : both.cell_deviations) { CHECK(bar > 0); }
    }
    auto const refuses = [&](auto... policies) {
        CHECK_THROWS_AS(static_cast<void>(sc::explain(on, model, images, policies...)), sc::option_error);
    };
    refuses(sc::conventions::fitted{.masks = 13});
    refuses(sc::conventions::fitted{.masks = 0});
    refuses(sc::conventions::fitted{.cells = -1});
    refuses(sc::conventions::fitted{.masks = 4}, sc::fitted{.orders = 0});
    refuses(sc::conventions::fitted{.masks = 4}, sc::fitted{.noise = 0});
    refuses(sc::conventions::fitted{.masks = 4}, sc::estimate::weighted_sum);
}

TEST_CASE("a fitted map of scores of any kind")
{
    networks::seeded<double> model{{{1, 8, 8}}, {{6, 4, 4}}, 3, 1};
    auto const image = sc::testing::drawn_tensor<double>(sc::extents<4>{{1, 1, 8, 8}}, 5);
    sc::reference_backend on;
    sc::conventions::fitted const how{.masks = 40, .part = sc::fitted_part::linear};
    auto const of     = [&](auto score) { return sc::explain(on, model, image, sc::target{1}, how, score); };
    auto const logit  = of(sc::logit{});
    auto const own    = of(sc::score_by([](auto row, sc::index_t c) { return row[c]; }));
    auto const chance = of(sc::probability{});
    auto const yes_no = of(sc::sigmoid{});
    for (sc::index_t i = 0; i < logit.cell_values.size(); ++i) {  // each is of the logit, which the weights are of
        CHECK(own.cell_values.data()[i] == doctest::Approx(logit.cell_values.data()[i]));
        CHECK(chance.cell_values.data()[i] == doctest::Approx(logit.cell_values.data()[i]));
        CHECK(yes_no.cell_values.data()[i] == doctest::Approx(logit.cell_values.data()[i]));
    }
    // a model that ends in a softmax: its probabilities are read as such, so that the map is that of their logarithms
    networks::seeded<double> before{{{1, 8, 8}}, {{6, 4, 4}}, 3, 1};
    std::vector<double> rows;
    auto const ending_in = [&](bool logarithm) {
        auto const forward = [&, logarithm](sc::tensor_view<double const, 4> batch) {
            auto const seen = before.forward(batch);
            rows.assign(static_cast<std::size_t>(batch.extent(0) * 3), 0);
            for (sc::index_t n = 0; n < batch.extent(0); ++n) {
                auto const chances = sc::probability{}(sc::ops::row<double>{seen.data() + 3 * n, 3});
                for (sc::index_t c = 0; c < 3; ++c) {
                    rows[static_cast<std::size_t>(3 * n + c)] = logarithm ? std::log(chances(c)) : chances(c);
                }
            }
            return sc::tensor_view<double const, 2>{rows.data(), batch.extent(0), 3};
        };
        return sc::make_model<double>(before.input_shape(), forward, [&, forward](sc::tensor_view<double const, 4> batch) {
            auto const answer = forward(batch);  // in memory of its own: what is captured is valid until the next call
            return std::pair{answer, before.capture(batch).activations};
        });
    };
    auto const whole = [&](bool logarithm, auto score) {
        auto network = ending_in(logarithm);
        return sc::explain(on, network, image, sc::target{1}, sc::conventions::fitted{40, sc::fitted_part::shapley}, score);
    };
    auto const wanted = whole(true, sc::probability{}), found = whole(false, sc::logit{});
    for (sc::index_t i = 0; i < found.maps.size(); ++i) {
        CHECK(found.maps.data()[i] == doctest::Approx(wanted.maps.data()[i]));
    }
}

TEST_CASE("a black box of one callable is explained by masks that need no activations")
{
    networks::seeded<float> network{{{1, 8, 8}}, {{6, 4, 4}}, 3, 1};
    auto model =
        sc::make_model(network.input_shape(), [&](sc::tensor_view<float const, 4> b) { return network.forward(b); });
    auto const image = some_image(network.input_shape());
    sc::reference_backend on;
    sc::conventions::fitted const how{.masks = 20, .cells = 4};
    auto const found  = sc::explain(on, model, image, sc::target{1}, how);
    auto const wanted = sc::explain(on, network, image, sc::target{1}, how);
    CHECK(std::equal(found.maps.begin(), found.maps.end(), wanted.maps.begin()));
    CHECK(found.status(0, 0) == sc::map_status::meaningful);
    CHECK(found.forwards == 22);
    CHECK_THROWS_AS(static_cast<void>(sc::explain(on, model, image)), sc::option_error);
    CHECK_THROWS_AS(static_cast<void>(sc::explain(on, model, image, sc::conventions::fitted{.masks = 20})),
                    sc::option_error);
}

TEST_CASE("masks that hide, copy, single out or take away are refused where they mean nothing")
{
    networks::segmenter<double> model{{{3, 4}}};
    auto const image = sc::testing::drawn_tensor<double>(sc::prepend(model.input_shape(), 1), 9);
    sc::reference_backend on;
    auto const explained = [&](auto... policies) {
        static_cast<void>(sc::explain(on, model, image, sc::target{1}, sc::score_by{mean_of_channel{}}, policies...));
    };
    auto const refuses = [&](auto... policies) { CHECK_THROWS_AS(explained(policies...), sc::option_error); };
    CHECK_NOTHROW(explained(sc::channel_ablation{}, sc::place::tap));
    refuses(sc::channel_ablation{});
    refuses(sc::channel_ablation{}, sc::place::tap, sc::estimate::weighted_mean);
    refuses(sc::channel_ablation{}, sc::place::tap, sc::fitted{});
    refuses(sc::scaled_activations{}, sc::fitted{});
    refuses(sc::scaled_activations{.number = 0});
    refuses(sc::noisy_activations{.number = -1});
    refuses(sc::noisy_activations{.deviation = -1});
    refuses(sc::patches{.size = 0}, sc::estimate::weighted_mean);
    refuses(sc::patches{.size = 2, .stride = 3}, sc::estimate::weighted_mean);
    refuses(sc::patches{.size = 2, .stride = 1});  // without activations there is no sum of them
    CHECK_NOTHROW(explained(sc::patches{.size = 2, .stride = 1}, sc::estimate::weighted_mean));
    CHECK_NOTHROW(explained(sc::single_cells{}, sc::weights_in_place{}));
    CHECK_THROWS_AS(explained(sc::patches{.size = 2, .stride = 1}, sc::weights_in_place{}), sc::shape_error);
    CHECK_THROWS_AS(static_cast<void>(sc::single_cells{}.make<float>(sc::extents<2>{65, 64})), sc::option_error);
    CHECK_THROWS_AS(static_cast<void>(sc::patches{.size = 1, .stride = 1}.make<float>(sc::extents<2>{224, 224})),
                    sc::option_error);
    networks::two_outputs<double> without;
    auto const small = sc::testing::drawn_tensor<double>(sc::prepend(without.input_shape(), 1), 9);
    CHECK_THROWS_WITH_AS(static_cast<void>(sc::explain(on, without, small, sc::target{0}, sc::conventions::recipro_cam{})),
                         doctest::Contains("has no resume(activations)"), sc::option_error);
}

TEST_CASE("a mask that hides shows what the opposite one lets through")
{
    networks::seeded<double> model{{{1, 8, 8}}, {{6, 4, 4}}, 3, 1};
    auto const image = sc::testing::drawn_tensor<double>(sc::extents<4>{{1, 1, 8, 8}}, 5);
    sc::reference_backend on;
    sc::tensor<double, 3> const maps{{{2, 2, 2}}, {1, 0, 0, 0.5, 0, 0.25, 1, 0}};
    auto opposite = maps;
    for (auto& value : opposite.view()) { value = 1 - value; }
    auto const scores = [&](sc::tensor<double, 3> const& of, sc::mask_sense sense) {
        sc::given_masks<double> const given{{of, {}, {}, sense}};
        return sc::explain(on, model, image, sc::target{1}, given, sc::estimate::weighted_mean, sc::background<sc::mean>{})
            .scores;
    };
    auto const hiding = scores(maps, sc::mask_sense::hides), showing = scores(opposite, sc::mask_sense::shows);
    for (sc::index_t k : {0, 1}) { CHECK(hiding(0, k, 0) == doctest::Approx(showing(0, k, 0))); }
    CHECK(hiding(0, 0, 0) != doctest::Approx(scores(maps, sc::mask_sense::shows)(0, 0, 0)));
}

TEST_CASE("several images and concurrent calls make no difference to copies of activations")
{
    networks::seeded<double> model{{{1, 8, 8}}, {{6, 4, 4}}, 3, 1};
    auto const images = sc::testing::drawn_tensor<double>(sc::extents<4>{{2, 1, 8, 8}}, 5);
    sc::reference_backend on;
    for (int i : {0, 1}) {
        auto const both =
            sc::explain(on, model, images, sc::targets{1, 2}, sc::conventions::ss_cam{{.number = 3, .deviation = 0.5}});
        auto const one  = sc::explain(on, model, images.view()[i], sc::targets{1, 2},
                                      sc::conventions::ss_cam{{.number = 3, .deviation = 0.5}}, sc::fixed_batch{5});
        auto const same = both.maps.view()[i];
        for (sc::index_t p = 0; p < same.size(); ++p) { CHECK(one.maps.data()[p] == doctest::Approx(same.data()[p])); }
    }
}
