// Input that leaves nothing to show, or that is wrong: a documented result or an error in words, never a NaN map.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include <scorecam/scorecam.hpp>

#include "support/networks.hpp"

namespace sc = scorecam;

namespace {

constexpr sc::image_shape input{2, 6, 8};

/// A linear network with the given activations.
networks::linear<float> with_activations(sc::tensor<float, 3> activations)
{
    return {input, networks::drawn_tensor<float>(sc::extents<2>{3, 96}, 1), std::move(activations)};
}
sc::tensor<float, 3> filled(sc::image_shape shape, float value)
{
    sc::tensor<float, 3> made{shape};
    std::fill_n(made.data(), made.size(), value);
    return made;
}
sc::tensor<float, 3> picture() { return networks::drawn_tensor<float>(input, 2); }

/// A model out of functions, each of which can be made wrong.
auto scripted(std::function<sc::tensor<float, 2>(sc::index_t)> outputs,
              std::function<sc::tensor<float, 4>(sc::index_t)> activations)
{
    return sc::make_model(
        input, [=](sc::tensor_view<float const, 4> batch) { return outputs(batch.extent(0)); },
        [=](sc::tensor_view<float const, 4> batch) {
            return std::pair{outputs(batch.extent(0)), activations(batch.extent(0))};
        });
}
sc::tensor<float, 2> good_outputs(sc::index_t n) { return networks::drawn_tensor<float>(sc::extents<2>{n, 3}, 3); }
sc::tensor<float, 4> good_activations(sc::index_t n) { return networks::drawn_tensor<float>(sc::extents<4>{n, 4, 3, 4}, 4); }

template <class Error, class F>
std::string text_of(F&& f)
{
    try {
        static_cast<void>(f());
    } catch (Error const& e) {
        return e.what();
    }
    FAIL("no error of the expected type was thrown");
    return {};
}
bool contains(std::string const& text, std::string const& part) { return text.find(part) != std::string::npos; }

bool all_zero(sc::tensor_view<float const, 2> map)
{
    return std::all_of(map.begin(), map.end(), [](float v) { return v == 0; });
}

/// Divides by the sum over all channels, those left out included.
struct sum_to_one {
    using kind                            = sc::kinds::weighting;
    static constexpr bool shift_invariant = false;
    template <class Row>
    [[nodiscard]] auto operator()(Row row) const
    {
        float sum = 0;
        for (sc::index_t k = 0; k < row.size(); ++k) { sum += row[k]; }
        return [row, sum](sc::index_t k) { return row[k] / sum; };
    }
};

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float infinite     = std::numeric_limits<float>::infinity();

}  // namespace

TEST_CASE("if all channels are flat there is nothing to mask with, and no mask is scored")
{
    auto model = with_activations(filled({5, 3, 4}, 0.1F));
    sc::reference_backend cpu;
    auto const found = sc::explain(cpu, model, picture().view());
    CHECK(found.status(0, 0) == sc::map_status::all_channels_flat);
    CHECK(found.flat_channels == 5);
    CHECK(found.forwards == 1);
    CHECK(all_zero(found.map()));
}

TEST_CASE("flat channels are skipped and counted; scored, they cost one forward together")
{
    auto activations = networks::drawn_tensor<float>(sc::image_shape{4, 3, 4}, 5);
    std::fill_n(activations.data(), 12, 0.5F);
    std::fill_n(activations.data() + 24, 12, 0.0F);
    auto model = with_activations(activations);
    sc::reference_backend cpu;

    auto const skipped = sc::explain(cpu, model, picture().view(), sc::target{0}, sc::logit{}, sc::softmax_weights{});
    CHECK(skipped.flat_channels == 2);
    CHECK(skipped.forwards == 3);
    CHECK(skipped.flat(0, 0) == 1);
    CHECK(skipped.weights(0, 0, 0) == 0);
    CHECK(skipped.weights(0, 1, 0) + skipped.weights(0, 3, 0) == doctest::Approx(1));

    auto const scored = sc::explain(cpu, model, picture().view(), sc::target{0}, sc::logit{}, sc::softmax_weights{},
                                    sc::flat_channels::scored);
    CHECK(scored.forwards == 4);
    CHECK(scored.scores(0, 0, 0) == 0);  // a linear network gives 0 for the zero image
    CHECK(scored.weights(0, 0, 0) == scored.weights(0, 2, 0));
    CHECK(scored.weights(0, 0, 0) > 0);
}

TEST_CASE("a map that is zero after ReLU is zero, and says so")
{
    auto model = scripted(
        [](sc::index_t n) { return sc::tensor<float, 2>{{{n, 1}}, std::vector<float>(static_cast<std::size_t>(n), 1.0F)}; },
        [](sc::index_t n) {
            auto a = good_activations(n);
            std::transform(a.begin(), a.end(), a.data(), [](float v) { return std::abs(v); });
            return a;
        });
    sc::reference_backend cpu;
    auto const found =
        sc::explain(cpu, model, picture().view(), sc::logit{}, sc::baseline{sc::black{}});  // C = 1 - 1 everywhere
    CHECK(found.status(0, 0) == sc::map_status::nothing_positive);
    CHECK(all_zero(found.map()));
}

TEST_CASE("one channel, one position, activations larger than the input, and no square anywhere give finite maps")
{
    sc::reference_backend cpu;
    for (auto const shape :
         {sc::image_shape{1, 3, 4}, sc::image_shape{3, 1, 1}, sc::image_shape{3, 1, 5}, sc::image_shape{4, 17, 23}}) {
        auto model       = with_activations(networks::drawn_tensor<float>(shape, 6));
        auto const found = sc::explain(cpu, model, picture().view(), sc::fixed_batch{100});
        CAPTURE(to_string(shape));
        CHECK(std::all_of(found.maps.begin(), found.maps.end(), [](float v) { return v >= 0 && v <= 1; }));
        bool const flat = shape[1] * shape[2] == 1;
        CHECK((found.status(0, 0) == sc::map_status::all_channels_flat) == flat);
    }
}

TEST_CASE("activations that differ only where a smaller input does not look are flat")
{
    auto activations     = filled({1, 24, 32}, 0.0F);
    activations(0, 0, 0) = 1.0F;  // resized to 6 × 8 no sample touches it
    auto model           = with_activations(activations);
    sc::reference_backend cpu;
    auto const found = sc::explain(cpu, model, picture().view());
    CHECK(found.flat_channels == 1);
    CHECK(all_zero(found.map()));
}

TEST_CASE("NaN and infinity are errors that say where")
{
    sc::reference_backend cpu;
    auto const image = picture();
    SUBCASE("in the outputs")
    {
        auto model = scripted(
            [](sc::index_t n) {
                auto y  = good_outputs(n);
                y(0, 1) = not_a_number;
                return y;
            },
            good_activations);
        auto const text = text_of<sc::non_finite_error>([&] { return sc::explain(cpu, model, image.view()); });
        CHECK(contains(text, "image 0"));
    }
    SUBCASE("in the activations")
    {
        for (float const bad : {not_a_number, infinite, -infinite}) {
            auto model      = scripted(good_outputs, [bad](sc::index_t n) {
                auto a        = good_activations(n);
                a(0, 2, 1, 1) = bad;
                return a;
            });
            auto const text = text_of<sc::non_finite_error>([&] { return sc::explain(cpu, model, image.view()); });
            CHECK(contains(text, "channel 2"));
        }
    }
    SUBCASE("in a score")
    {
        auto model = scripted(
            [calls = 0](sc::index_t n) mutable {
                auto y = good_outputs(n);
                if (++calls > 1) { y(n - 1, 0) = infinite; }
                return y;
            },
            good_activations);
        auto const text = text_of<sc::non_finite_error>(
            [&] { return sc::explain(cpu, model, image.view(), sc::target{0}, sc::logit{}, sc::fixed_batch{2}); });
        CHECK(contains(text, "channel 3"));
        CHECK(contains(text, "class 0"));
    }
    SUBCASE("minus infinity for a class that is switched off is allowed")
    {
        auto model = scripted(
            [](sc::index_t n) {
                auto y = good_outputs(n);
                for (sc::index_t i = 0; i < n; ++i) { y(i, 2) = -infinite; }
                return y;
            },
            good_activations);
        CHECK(sc::explain(cpu, model, image.view(), sc::target{0}).scores(0, 0, 0) > 0);
    }
}

TEST_CASE("wrong shapes are errors with both shapes in the text")
{
    sc::reference_backend cpu;
    auto const image = picture();
    SUBCASE("of the image")
    {
        auto model      = scripted(good_outputs, good_activations);
        auto const text = text_of<sc::shape_error>([&] { return sc::explain(cpu, model, filled({3, 6, 8}, 1).view()); });
        CHECK(contains(text, "(1, 3, 6, 8)"));
        CHECK(contains(text, "(2, 6, 8)"));
    }
    SUBCASE("of the outputs")
    {
        auto model      = scripted([](sc::index_t n) { return good_outputs(n + 1); }, good_activations);
        auto const text = text_of<sc::shape_error>([&] { return sc::explain(cpu, model, image.view()); });
        CHECK(contains(text, "(2, 3)"));
        CHECK(contains(text, "(1, 2, 6, 8)"));
    }
    SUBCASE("of outputs that change between calls")
    {
        auto model = scripted(
            [calls = 0](sc::index_t n) mutable {
                return networks::drawn_tensor<float>(sc::extents<2>{n, ++calls > 2 ? 4 : 3}, 3);
            },
            good_activations);
        auto const text =
            text_of<sc::shape_error>([&] { return sc::explain(cpu, model, image.view(), sc::fixed_batch{1}); });
        CHECK(contains(text, "(1, 4)"));
        CHECK(contains(text, "(1, 3)"));
    }
    SUBCASE("of the activations")
    {
        auto model      = scripted(good_outputs, [](sc::index_t n) { return good_activations(n + 2); });
        auto const text = text_of<sc::shape_error>([&] { return sc::explain(cpu, model, image.view()); });
        CHECK(contains(text, "(3, 4, 3, 4)"));
    }
    SUBCASE("of activations without channels")
    {
        auto model = scripted(good_outputs, [](sc::index_t n) { return sc::tensor<float, 4>{{{n, 0, 3, 4}}}; });
        CHECK(contains(text_of<sc::shape_error>([&] { return sc::explain(cpu, model, image.view()); }), "(1, 0, 3, 4)"));
    }
    SUBCASE("of a given picture")
    {
        auto model       = scripted(good_outputs, good_activations);
        auto const other = filled({2, 6, 7}, 1);
        auto const text  = text_of<sc::shape_error>(
            [&] { return sc::explain(cpu, model, image.view(), sc::baseline{sc::given{other.view()}}); });
        CHECK(contains(text, "(2, 6, 7)"));
        CHECK(contains(text, "(2, 6, 8)"));
    }
}

TEST_CASE("targets that do not exist or do not fit are errors that name the range")
{
    auto model = scripted(good_outputs, good_activations);
    sc::reference_backend cpu;
    auto const image   = picture();
    auto const explain = [&](auto target) {
        return text_of<sc::target_error>([&] { return sc::explain(cpu, model, image.view(), target); });
    };
    CHECK(contains(explain(sc::target{3}), "0 to 2"));
    CHECK(contains(explain(sc::target{-1}), "-1"));
    CHECK(contains(explain(sc::top{4}), "1 to 3"));
    CHECK(contains(explain(sc::top{0}), "1 to 3"));
    CHECK(contains(explain(sc::targets{std::vector<sc::index_t>{}}), "empty"));
    CHECK(contains(explain(sc::targets_per_image{{{1}, {2}}}), "one list per image"));
    CHECK(contains(text_of<sc::target_error>([&] {
                       auto const two = networks::drawn_tensor<float>(sc::extents<4>{2, 2, 6, 8}, 1);
                       return sc::explain(cpu, model, two.view(), sc::targets_per_image{{{1}, {2, 0}}});
                   }),
                   "same number"));
}

TEST_CASE("options outside their range are errors that name the range")
{
    auto model = scripted(good_outputs, good_activations);
    sc::reference_backend cpu;
    auto const image   = picture();
    auto const explain = [&](auto option) {
        return text_of<sc::option_error>([&] { return sc::explain(cpu, model, image.view(), option); });
    };
    CHECK(contains(explain(sc::fixed_batch{0}), "1 or more"));
    CHECK(contains(explain(sc::bounded_batch{10}), "384 bytes"));  // one input is 2·6·8·4
    CHECK(contains(explain(sc::baseline{sc::blurred{0}}), "positive"));
    CHECK(contains(explain(sc::baseline{sc::constant{1, 2, 3}}), "2 channels"));
}

TEST_CASE("progress counts masked images, from 0 to all of them")
{
    auto model = scripted(good_outputs, good_activations);
    sc::reference_backend cpu;
    std::vector<std::pair<sc::index_t, sc::index_t>> heard;
    static_cast<void>(sc::explain(cpu, model, picture().view(), sc::fixed_batch{3},
                                  sc::on_progress{[&](auto done, auto total) { heard.emplace_back(done, total); }}));
    CHECK(heard == decltype(heard){{0, 4}, {3, 4}, {4, 4}});
}

TEST_CASE("a requested stop is answered before the next batch")
{
    auto model = scripted(good_outputs, good_activations);
    sc::reference_backend cpu;
    std::stop_source stop;
    auto const text = text_of<sc::cancelled>([&] {
        return sc::explain(cpu, model, picture().view(), sc::fixed_batch{1}, sc::stop_when{stop.get_token()},
                           sc::on_progress{[&](auto done, auto) {
                               if (done == 2) { stop.request_stop(); }
                           }});
    });
    CHECK(contains(text, "2 of 4"));
}

TEST_CASE("a model's largest batch is respected, and its own input buffer is used")
{
    struct picky {
        using value_type = float;
        using space_type = sc::host_space;
        networks::linear<float> inner;
        std::vector<float> own;
        sc::index_t foreign = 0;

        [[nodiscard]] sc::image_shape input_shape() const { return input; }
        [[nodiscard]] sc::index_t max_batch() const { return 3; }
        sc::tensor_view<float, 4> input_buffer(sc::index_t n)
        {
            own.resize(static_cast<std::size_t>(3 * input.size()));
            return {own.data(), prepend(input, n)};
        }
        sc::tensor_view<float const, 2> forward(sc::tensor_view<float const, 4> batch)
        {
            foreign += batch.data() == own.data() ? 0 : 1;
            return inner.forward(batch);
        }
        sc::captured<float> capture(sc::tensor_view<float const, 4> batch) { return inner.capture(batch); }
    };
    picky model{with_activations(networks::drawn_tensor<float>(sc::image_shape{8, 3, 4}, 7)), {}};
    auto plain = with_activations(networks::drawn_tensor<float>(sc::image_shape{8, 3, 4}, 7));
    sc::reference_backend cpu;
    auto const found    = sc::explain(cpu, model, picture().view(), sc::fixed_batch{64}, sc::baseline{sc::black{}});
    auto const expected = sc::explain(cpu, plain, picture().view(), sc::fixed_batch{64}, sc::baseline{sc::black{}});
    CHECK(model.inner.largest_batch == 3);
    CHECK(model.foreign == 0);
    CHECK(plain.largest_batch == 8);
    CHECK(std::equal(found.maps.begin(), found.maps.end(), expected.maps.begin()));
    CHECK(found.peak_bytes < expected.peak_bytes);
}

TEST_CASE("an image inside the model's input buffer is refused: masks would be written over it")
{
    struct bound {
        using value_type = float;
        using space_type = sc::host_space;
        networks::linear<float> inner;
        std::vector<float> own = std::vector<float>(static_cast<std::size_t>(8 * input.size()), 0.5F);

        [[nodiscard]] sc::image_shape input_shape() const { return input; }
        sc::tensor_view<float, 4> input_buffer(sc::index_t n) { return {own.data(), prepend(input, n)}; }
        sc::tensor_view<float const, 2> forward(sc::tensor_view<float const, 4> batch) { return inner.forward(batch); }
        sc::captured<float> capture(sc::tensor_view<float const, 4> batch) { return inner.capture(batch); }
    };
    bound model{with_activations(networks::drawn_tensor<float>(sc::image_shape{8, 3, 4}, 7))};
    sc::reference_backend cpu;
    auto const text = text_of<sc::option_error>([&] { return sc::explain(cpu, model, model.input_buffer(2)[1]); });
    CHECK(contains(text, "pass a copy"));
}

TEST_CASE("a shape that is not fixed, and elements that do not fill their shape, are errors")
{
    auto model = sc::make_model(
        sc::image_shape{3, -1, -1}, [](sc::tensor_view<float const, 4>) { return sc::tensor<float, 2>{}; },
        [](sc::tensor_view<float const, 4>) { return std::pair{sc::tensor<float, 2>{}, sc::tensor<float, 4>{}}; });
    sc::reference_backend cpu;
    CHECK(contains(text_of<sc::shape_error>([&] { return sc::explain(cpu, model, picture().view()); }), "(3, -1, -1)"));
    CHECK(contains(text_of<sc::shape_error>([] { return sc::tensor<float, 2>{{{4, 4}}, {1, 2, 3}}; }), "3 elements"));
}

TEST_CASE("numbers that are not numbers are refused wherever they are given")
{
    auto model = scripted(good_outputs, good_activations);
    sc::reference_backend cpu;
    auto const image   = picture();
    auto const explain = [&](auto option) {
        return text_of<sc::option_error>([&] { return sc::explain(cpu, model, image.view(), option); });
    };
    CHECK(contains(explain(sc::background{sc::constant{static_cast<double>(not_a_number)}}), "finite"));
    CHECK(contains(explain(sc::baseline{sc::noise{1, static_cast<double>(not_a_number)}}), "finite"));
    CHECK(contains(explain(sc::baseline{sc::blurred{1e300}}), "10000"));
    CHECK(contains(explain(sc::mask_rule{.epsilon = static_cast<double>(not_a_number)}), "epsilon"));
    CHECK(contains(explain(sc::mask_rule{.epsilon = -1}), "epsilon"));
    auto bad       = picture();
    bad.data()[17] = not_a_number;
    CHECK(contains(text_of<sc::non_finite_error>([&] { return sc::explain(cpu, model, bad.view()); }), "images"));
}

TEST_CASE("a weighting that does not pass over channels left out is found out")
{
    auto activations = networks::drawn_tensor<float>(sc::image_shape{4, 3, 4}, 5);
    std::fill_n(activations.data(), 12, 0.0F);
    auto model = with_activations(activations);
    sc::reference_backend cpu;
    CHECK(contains(text_of<sc::non_finite_error>([&] { return sc::explain(cpu, model, picture().view(), sum_to_one{}); }),
                   "takes_part"));
}
