// Explaining with some of the forwards: what was scored is true, what was not is told, and all of them give the exact map.
#include <algorithm>
#include <cmath>
#include <stop_token>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/budget/explain.hpp>
#include <scorecam/cpu/backend.hpp>
#include <scorecam/scorecam.hpp>

#include "support/deferred_backend.hpp"
#include "support/networks.hpp"

namespace sc     = scorecam;
namespace budget = scorecam::budget;

namespace {

constexpr sc::image_shape input{3, 24, 28};
constexpr sc::image_shape activation{150, 6, 7};
auto const image = networks::drawn_tensor<float>(input, 22);

networks::seeded<float> network(sc::image_shape shape = activation) { return {input, shape, 5, 41}; }

template <class A, class B>
bool same(A const& a, B const& b)
{
    return a.shape() == b.shape() && std::equal(a.begin(), a.end(), b.begin());
}

}  // namespace

TEST_CASE("with all channels it is Score-CAM's own map, to the last bit and from the same forwards")
{
    auto model = network();
    sc::cpu::backend cpu;
    auto const expected = sc::explain(cpu, model, image.view(), sc::targets{1, 3}, sc::baseline{sc::mean{}});
    for (budget::limit const& how :
         {budget::limit{budget::exact{}}, budget::limit{budget::forwards{150}}, budget::limit{budget::forwards{9999}}}) {
        auto const found = budget::explain(cpu, model, image.view(), how, sc::targets{1, 3}, sc::baseline{sc::mean{}});
        CHECK(same(found.maps, expected.maps));
        CHECK(same(found.weights, expected.weights));
        CHECK(same(found.scores, expected.scores));
        CHECK(found.forwards == expected.forwards);
        CHECK(found.is_exact);
        CHECK(*std::max_element(found.deviations.begin(), found.deviations.end()) == 0);
        CHECK(*std::max_element(found.predicted_error.begin(), found.predicted_error.end()) == 0);
    }
}

TEST_CASE("channels that were scored carry their true score, the others one that is near it and says how near")
{
    auto model = network();
    sc::cpu::backend cpu;
    auto const expected = sc::explain(cpu, model, image.view(), sc::target{1});
    auto const found    = budget::explain(cpu, model, image.view(), budget::forwards{40}, sc::target{1});
    CHECK(found.scored_channels == 40);
    CHECK(found.forwards == 40 + 2);  // the image and the zero image
    CHECK_FALSE(found.is_exact);
    double const mean = [&] {
        double sum = 0;
        for (auto const score : expected.scores) { sum += static_cast<double>(score) / 150; }
        return sum;
    }();
    int scored     = 0;
    double imputed = 0, at_the_mean = 0;
    for (sc::index_t k = 0; k < 150; ++k) {
        auto const apart = std::abs(found.scores(0, k, 0) - expected.scores(0, k, 0));
        if (found.scored(0, k) == 1 && found.flat(0, k) == 0) {
            CHECK(apart == 0);
            CHECK(found.deviations(0, k, 0) == 0);
            ++scored;
        } else if (found.flat(0, k) == 0) {
            CHECK(found.deviations(0, k, 0) > 0);
            imputed += static_cast<double>(apart);
            at_the_mean += std::abs(static_cast<double>(expected.scores(0, k, 0)) - mean);
        }
    }
    CHECK(scored == 40);
    CHECK(imputed < 0.5 * at_the_mean);
    CHECK(found.predicted_error(0, 0) > 0);
    CHECK(found.certified_error(0, 0) <= 1);
}

TEST_CASE("channels can be chosen in one batch, before any is scored")
{
    auto model = network();
    sc::cpu::backend cpu;
    auto const at_once = [](sc::index_t n) { return budget::forwards{n, budget::probes::non_adaptive}; };
    auto const exact   = sc::explain(cpu, model, image.view(), sc::target{1});
    budget::explainer explain{cpu, model, sc::target{1}, sc::fixed_batch{40}};
    auto const found = explain(image.view(), at_once(40));
    CHECK(found.scored_channels == 40);
    CHECK(found.batches == 2 + 1);  // the image, the zero image and one batch
    // What is chosen does not depend on what is seen: another class, the same channels.
    CHECK(same(budget::explain(cpu, model, image.view(), at_once(40), sc::target{2}).scored, found.scored));
    CHECK_FALSE(same(budget::explain(cpu, model, image.view(), budget::forwards{40}, sc::target{1}).scored, found.scored));
    for (sc::index_t k = 0; k < 150; ++k) {
        if (found.scored(0, k) == 1 && found.flat(0, k) == 0) { CHECK(found.scores(0, k, 0) == exact.scores(0, k, 0)); }
    }
    CHECK(explain.more(at_once(60)).scored_channels == 60);
    CHECK(same(explain.more(at_once(999)).maps, exact.maps));
}

TEST_CASE("an explanation goes on from where it was, up to the exact map")
{
    auto model = network();
    sc::cpu::backend cpu;
    auto const expected = sc::explain(cpu, model, image.view(), sc::targets{0, 2});
    budget::explainer explain{cpu, model, sc::targets{0, 2}};
    auto const at_once = explain(image.view(), budget::forwards{48});
    auto const first   = explain(image.view(), budget::forwards{16});
    auto const second  = explain.more(budget::forwards{48});
    CHECK(first.scored_channels == 16);
    CHECK(same(second.maps, at_once.maps));
    CHECK(second.forwards == at_once.forwards);
    CHECK(same(explain.more(budget::forwards{20}).maps, second.maps));  // that much was done already
    auto const whole = explain.more(budget::exact{});
    CHECK(whole.is_exact);
    CHECK(same(whole.maps, expected.maps));
    CHECK(same(whole.scores, expected.scores));
    CHECK(whole.forwards == expected.forwards + 1);  // the zero image
    CHECK(same(explain(image.view(), budget::forwards{48}).maps, at_once.maps));
}

TEST_CASE("a tolerance is kept by the predicted error, or everything is scored")
{
    auto model = network();
    sc::cpu::backend cpu;
    budget::explainer explain{cpu, model, sc::target{1}};
    sc::index_t before = 0;
    for (double const error : {0.5, 0.2, 0.05, 0.001}) {
        auto const found = explain(image.view(), budget::tolerance{error});
        CHECK((found.is_exact || static_cast<double>(found.predicted_error(0, 0)) <= error));
        CHECK(found.scored_channels >= before);
        before = found.scored_channels;
    }
    CHECK(before > 32);

    auto few = network({12, 6, 7});
    CHECK(budget::explain(cpu, few, image.view(), budget::tolerance{0.5}).is_exact);  // nothing to save
}

TEST_CASE("it works with other conventions, and with weights that need no score")
{
    auto model = network();
    sc::cpu::backend cpu;
    std::apply(
        [&](auto const&... convention) {
            auto const check = [&](auto const& one) {
                CAPTURE(one.name);
                auto const found = budget::explain(cpu, model, image.view(), budget::forwards{32}, sc::top{2}, one);
                CHECK(std::all_of(found.maps.begin(), found.maps.end(), [](float v) { return std::isfinite(v); }));
                CHECK(std::all_of(found.predicted_error.begin(), found.predicted_error.end(),
                                  [](float v) { return v >= 0 && v <= 1; }));
            };
            (check(convention), ...);
        },
        std::tuple{sc::conventions::paper{}, sc::conventions::torch_cam{}, sc::conventions::group_cam{}});
    auto const uniform = budget::explain(cpu, model, image.view(), budget::forwards{32}, sc::conventions::uniform{});
    CHECK(uniform.is_exact);
    CHECK(uniform.forwards == 1);
}

TEST_CASE("the same seed gives the same bits, on the host with any number of callers and on a device")
{
    auto model = network();
    sc::cpu::backend cpu;
    auto const expected = budget::explain(cpu, model, image.view(), budget::forwards{48}, sc::top{2});
    CHECK(same(budget::explain(cpu, model, image.view(), budget::forwards{48}, sc::top{2}).maps, expected.maps));
    CHECK(same(budget::explain(cpu, model, image.view(), budget::forwards{48}, sc::top{2}, sc::fixed_batch{3}).maps,
               expected.maps));

    sc::reference_backend reference;
    auto const on_host = budget::explain(reference, model, image.view(), budget::forwards{48}, sc::top{2});
    deferred::queue queue;
    deferred::backend device{queue};
    deferred::model<networks::seeded<float>> device_model{model, 5, activation, 16, queue};
    auto memory = device.allocate<float>(image.size());
    device.from_host(image.data(), sc::tensor_view<float, 3, deferred::space>{memory.data(), input});
    sc::tensor_view<float const, 3, deferred::space> const moved{memory.data(), input};
    auto const on_device = budget::explain(device, device_model, moved, budget::forwards{48}, sc::top{2});
    CHECK(same(on_device.maps, on_host.maps));
    CHECK(same(on_device.predicted_error, on_host.predicted_error));
}

TEST_CASE("efforts out of range, and going on from nothing, are refused in words")
{
    auto model = network();
    sc::cpu::backend cpu;
    budget::explainer explain{cpu, model};
    CHECK_THROWS_WITH_AS(static_cast<void>(explain.more(budget::exact{})),
                         "there is nothing to go on with; explain an image first", sc::option_error);
    CHECK_THROWS_WITH_AS(static_cast<void>(explain(image.view(), budget::forwards{0})),
                         "a budget of 0 forwards was given; give 1 or more", sc::option_error);
    CHECK_THROWS_AS(static_cast<void>(explain(image.view(), budget::tolerance{0})), sc::option_error);
    CHECK_THROWS_AS(static_cast<void>(explain(image.view(), budget::tolerance{std::nan("")})), sc::option_error);
}

TEST_CASE("what was cut off is not gone on with, and the next explanation is as good as any")
{
    struct breaking : networks::seeded<float> {
        using networks::seeded<float>::seeded;
        int left = 1000;  // forwards until it breaks
        sc::tensor_view<float const, 2> forward(sc::tensor_view<float const, 4> batch)
        {
            if (--left < 0) { throw sc::model_error{"the network broke"}; }
            return networks::seeded<float>::forward(batch);
        }
    };
    breaking model{input, activation, 5, 41};
    sc::cpu::backend cpu;
    auto const exact = sc::explain(cpu, model, image.view(), sc::target{1});
    budget::explainer explain{cpu, model, sc::target{1}, sc::fixed_batch{4}};
    model.left = 6;
    CHECK_THROWS_AS(static_cast<void>(explain(image.view(), budget::forwards{40})), sc::model_error);
    model.left = 1000;
    CHECK_THROWS_WITH_AS(static_cast<void>(explain.more(budget::exact{})),
                         "there is nothing to go on with; explain an image first", sc::option_error);

    auto const some = explain(image.view(), budget::forwards{20});
    CHECK(some.scored_channels == 20);
    model.left = 2;
    CHECK_THROWS_AS(static_cast<void>(explain.more(budget::exact{})), sc::model_error);
    model.left = 1000;
    CHECK_THROWS_AS(static_cast<void>(explain.more(budget::exact{})), sc::option_error);
    CHECK(same(explain(image.view(), budget::exact{}).maps, exact.maps));

    std::stop_source stop;
    auto const stopping = [&](sc::index_t done, sc::index_t) {
        done >= 6 ? static_cast<void>(stop.request_stop()) : void();
    };
    CHECK_THROWS_AS(static_cast<void>(explain(image.view(), budget::exact{}, stopping, stop.get_token())), sc::cancelled);
    CHECK_THROWS_AS(static_cast<void>(explain.more(budget::exact{})), sc::option_error);
    CHECK(same(explain(image.view(), budget::exact{}).maps, exact.maps));
    CHECK_THROWS_AS(static_cast<void>(explain.more(budget::forwards{0})), sc::option_error);  // asks for nothing that can be
    CHECK(explain.more(budget::exact{}).is_exact);
}

TEST_CASE("scores with questions of their own, over outputs of any shape: the probes without masks are read as every row is")
{
    networks::segmenter<float> model{{{6, 7}}};
    auto const picture = networks::drawn_tensor<float>(model.input_shape(), 8);
    sc::cpu::backend cpu;
    std::vector<unsigned char> inside(2 * 42, 1);
    std::fill(inside.begin(), inside.begin() + 20, static_cast<unsigned char>(0));
    std::vector<sc::index_t> const classes{2, 1};
    sc::region_score<float> const score{{inside.data(), 2, 6, 7}, {classes.data(), 2}};
    auto const expected = sc::explain(cpu, model, picture.view(), score);
    auto const one      = budget::explain(cpu, model, picture.view(), budget::forwards{1}, score);
    CHECK_FALSE(one.is_exact);
    CHECK(one.targets.extent(1) == 2);
    for (sc::index_t m = 0; m < 2; ++m) {
        sc::index_t const k = one.scored(0, 0) != 0 ? 0 : 1;
        CHECK(one.scores(0, k, m) == expected.scores(0, k, m));
        CHECK(one.scores(0, 1 - k, m) > 0);  // between what the whole picture and nothing of it score, which are no 0
        CHECK(one.scores(0, 1 - k, m) < 1);
    }
    CHECK(same(budget::explain(cpu, model, picture.view(), budget::exact{}, score).maps, expected.maps));
}

namespace {

/// Answers that are so many times as large.
class loud : public networks::seeded<float> {
public:
    explicit loud(float times) : networks::seeded<float>{network()}, times_{times} {}

    auto forward(sc::tensor_view<float const, 4> batch) { return louder(networks::seeded<float>::forward(batch)); }
    auto capture(sc::tensor_view<float const, 4> batch)
    {
        auto const seen = networks::seeded<float>::capture(batch);
        return sc::captured<float>{louder(seen.outputs.flat()), seen.activations};
    }

private:
    sc::tensor_view<float const, 2> louder(sc::tensor_view<float const, 2> outputs)
    {
        outputs_ = sc::tensor<float, 2>{outputs.shape(), {outputs.begin(), outputs.end()}};
        for (sc::index_t i = 0; i < outputs_.size(); ++i) { outputs_.data()[i] *= times_; }
        return outputs_;
    }

    float times_;
    sc::tensor<float, 2> outputs_;
};

}  // namespace

TEST_CASE("the scale of activations does not matter, and near overflow there is the error of explain, or one that is true")
{
    sc::cpu::backend cpu;
    auto usual           = network();
    auto const at_one    = budget::explain(cpu, usual, image.view(), budget::forwards{40}, sc::target{1});
    auto const as_it_was = [&](auto const& found) {
        CHECK(found.predicted_error.data()[0] == doctest::Approx(at_one.predicted_error.data()[0]).epsilon(1e-3));
        for (sc::index_t p = 0; p < found.maps.size(); ++p) {
            CHECK(std::abs(found.maps.data()[p] - at_one.maps.data()[p]) < 1e-4F);
        }
    };
    for (float const scale : {1e-36F, 1e-30F, 1e30F, 1e35F}) {
        CAPTURE(scale);
        auto model             = network();
        model.activation_scale = scale;
        as_it_was(budget::explain(cpu, model, image.view(), budget::forwards{40}, sc::target{1}));
    }
    for (float const times : {1e3F, 1e10F, 1e30F, 1e37F}) {
        CAPTURE(times);
        loud model{times};
        for (sc::index_t const target : {0, 1, 2, 3, 4}) {
            auto const exact = sc::explain(cpu, model, image.view(), sc::target{target});
            auto const found = budget::explain(cpu, model, image.view(), budget::forwards{40}, sc::target{target});
            CHECK(found.predicted_error.data()[0] >= 0);  // not NaN
            if (exact.status(0, 0) != sc::map_status::meaningful && found.status(0, 0) == sc::map_status::meaningful) {
                CHECK(found.predicted_error.data()[0] == 1);
            }
        }
    }
    loud model{3e38F};
    CHECK_THROWS_AS((void)sc::explain(cpu, model, image.view(), sc::target{1}), sc::non_finite_error);
    CHECK_THROWS_AS((void)budget::explain(cpu, model, image.view(), budget::forwards{40}, sc::target{1}),
                    sc::non_finite_error);
}

TEST_CASE("what is no sum of one mask for each channel has no scores to impute")
{
    auto model = network();
    sc::cpu::backend cpu;
    auto const refuses = [&](auto convention) {
        CHECK_THROWS_AS(
            static_cast<void>(budget::explain(cpu, model, image.view(), budget::forwards{8}, sc::target{1}, convention)),
            sc::option_error);
    };
    refuses(sc::conventions::fitted{.masks = 20});
    refuses(sc::conventions::is_cam{});
    refuses(sc::conventions::ss_cam{});
    refuses(sc::conventions::recipro_cam{});
    refuses(sc::conventions::occlusion{{.size = 8, .stride = 8}});
}
