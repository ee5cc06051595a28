// Several layers captured in one pass: each as if it were alone, and fused.
#include <algorithm>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/scorecam.hpp>

#include "support/deferred_backend.hpp"
#include "support/networks.hpp"

namespace sc = scorecam;

namespace {

constexpr sc::image_shape input{3, 16, 20};
constexpr sc::image_shape early_activation{6, 8, 10};
constexpr sc::image_shape late_activation{9, 3, 5};

/// One network with an early and a late layer; it counts its images.
struct network {
    networks::seeded<float> late{input, late_activation, 4, 21};
    networks::seeded<float> early{input, early_activation, 4, 22};
    sc::index_t images = 0;

    auto run(sc::tensor_view<float const, 4> batch)
    {
        images += batch.extent(0);
        return late.forward(batch);
    }
    auto at_both()
    {
        return sc::make_model(
            input, [this](auto batch) { return run(batch); },
            [this](auto batch) {
                images += batch.extent(0);
                auto const seen = late.capture(batch);
                return std::pair{seen.outputs, std::vector{early.capture(batch).activations, seen.activations}};
            });
    }
    auto at_early()
    {
        return sc::make_model(
            input, [this](auto batch) { return run(batch); },
            [this](auto batch) { return std::pair{run(batch), early.capture(batch).activations}; });
    }
};

bool same(sc::tensor<float, 4> const& a, sc::tensor<float, 4> const& b)
{
    return a.shape() == b.shape() && std::equal(a.begin(), a.end(), b.begin());
}

}  // namespace

TEST_CASE("each layer's explanation is that of the layer alone, to the last bit, and the image runs once for all of them")
{
    network net;
    sc::reference_backend cpu;
    auto const images = networks::drawn_tensor<float>(prepend(input, 3), 23);

    auto both = net.at_both();
    auto const found =
        sc::explain_layers(cpu, both, images.view(), sc::fusion{}, sc::top{2}, sc::fixed_batch{2}, sc::baseline{sc::mean{}});
    CHECK(found.forwards == net.images);

    auto early            = net.at_early();
    auto const of_early   = sc::explain(cpu, early, images.view(), sc::top{2}, sc::baseline{sc::mean{}});
    auto const of_late    = sc::explain(cpu, net.late, images.view(), sc::top{2}, sc::baseline{sc::mean{}});
    auto const wanted_sum = of_early.forwards + of_late.forwards - images.extent(0);
    REQUIRE(found.layers.size() == 2);
    CHECK(found.forwards == wanted_sum);
    CHECK(same(found.layers[0].maps, of_early.maps));
    CHECK(same(found.layers[1].maps, of_late.maps));
    CHECK(std::equal(of_late.weights.begin(), of_late.weights.end(), found.layers[1].weights.begin()));
    CHECK_FALSE(same(found.layers[0].maps, found.layers[1].maps));
}

TEST_CASE("maps are fused pixel by pixel, then scaled")
{
    sc::tensor<double, 3> const a{{{1, 1, 4}}, {0, 0.5, 1, 0.2}};
    sc::tensor<double, 3> const b{{{1, 1, 4}}, {0.4, 0.5, 0, 1}};
    auto const fused = [&](sc::fusion how) {
        auto const map = sc::fuse(std::vector{a.view(), b.view()}, how);
        return std::vector<double>{map.begin(), map.end()};
    };
    auto const none = sc::scaling::none;
    CHECK(fused({sc::fuse_by::maximum, none}) == std::vector<double>{0.4, 0.5, 1, 1});
    CHECK(fused({sc::fuse_by::mean, none}) == std::vector<double>{0.2, 0.5, 0.5, 0.6});
    CHECK(fused({sc::fuse_by::product, none}) == std::vector<double>{0, 0.25, 0, 0.2});
    CHECK(fused({.by = sc::fuse_by::product}) == std::vector<double>{0, 1, 0, 0.8});
    CHECK(fused({sc::fuse_by::product, sc::scaling::min_max, 0.25}) == std::vector<double>{0, 0.5, 0, 0.4});
}

TEST_CASE("each map of several is scaled by itself")
{
    sc::tensor<double, 4> const maps{{{2, 1, 1, 2}}, {0, 4, 3, 1}};
    auto const fused = sc::fuse(std::vector{maps.view(), maps.view()}, {});
    CHECK(std::vector<double>{fused.begin(), fused.end()} == std::vector<double>{0, 1, 1, 0});
    auto const alone = sc::fuse(std::vector{maps.view()}, {});
    CHECK(std::equal(alone.begin(), alone.end(), maps.begin()));
}

TEST_CASE("the fused maps of an explanation are made of its layers' maps")
{
    network net;
    sc::reference_backend cpu;
    auto both        = net.at_both();
    auto const image = networks::drawn_tensor<float>(input, 23);
    for (auto const by : {sc::fuse_by::maximum, sc::fuse_by::mean, sc::fuse_by::product}) {
        auto const found = sc::explain_layers(cpu, both, image.view(), {.by = by}, sc::target{1});
        auto const maps  = std::vector{found.layers[0].maps.view(), found.layers[1].maps.view()};
        CHECK(same(found.maps, sc::fuse(maps, {.by = by})));
        CHECK(found.status(0, 0) == sc::map_status::meaningful);
        CHECK(*std::max_element(found.map().begin(), found.map().end()) == 1);
    }
}

TEST_CASE("an explainer of layers gives the same again, also for another number of images")
{
    network net;
    sc::reference_backend cpu;
    auto both = net.at_both();
    sc::layers_explainer explain{cpu, both, sc::fusion{}};
    auto const images = networks::drawn_tensor<float>(prepend(input, 3), 24);
    auto const first  = explain(images.view());
    auto const one    = explain(images.view().slice(1, 1));
    auto const again  = explain(images.view());
    CHECK(same(first.maps, again.maps));
    CHECK(std::equal(one.maps.begin(), one.maps.end(), first.maps[1].data()));
    CHECK(one.forwards < first.forwards);
}

TEST_CASE("a place that no layer speaks for, and layers without contrast, are named by the fused status")
{
    constexpr sc::image_shape small{1, 2, 2};
    sc::tensor<float, 3> const image{{{1, 2, 2}}, {1, 1, 1, 1}};
    sc::reference_backend cpu;
    auto const status_with = [&](std::vector<float> const& other) {
        auto model = sc::make_model(
            small, [](auto batch) { return sc::tensor<float, 2>{{{batch.extent(0), 1}}}; },
            [&](auto batch) {
                sc::tensor<float, 4> const flat{{{1, 1, 2, 2}}};
                return std::pair{sc::tensor<float, 2>{{{batch.extent(0), 1}}},
                                 std::vector{flat, sc::tensor<float, 4>{{{1, 1, 2, 2}}, other}}};
            });
        return sc::explain_layers(cpu, model, image.view(), {.by = sc::fuse_by::product}, sc::logit{}).status(0, 0);
    };
    CHECK(status_with({0, 0, 0, 0}) == sc::map_status::all_channels_flat);
    CHECK(status_with({0, 1, 0, 0}) == sc::map_status::nothing_positive);
}

TEST_CASE("maps of different sizes, and captures that do not fit, are refused in words")
{
    network net;
    sc::reference_backend cpu;
    auto const image = networks::drawn_tensor<float>(input, 23);
    auto both        = net.at_both();
    CHECK_THROWS_WITH_AS(static_cast<void>(sc::explain_layers(cpu, both, image.view(), {},
                                                              sc::heatmap_rule{.size = sc::step_at::activation})),
                         "maps of the shapes (1, 1, 8, 10) and (1, 1, 3, 5) cannot be fused; draw them at the input's size, "
                         "heatmap_rule{.size = step_at::input}",
                         sc::option_error);

    sc::index_t calls = 0;
    auto forgetful    = sc::make_model(
        input, [&](auto batch) { return net.run(batch); },
        [&](auto batch) {
            auto const seen = net.late.capture(batch);
            return std::pair{seen.outputs,
                             std::vector<sc::tensor_view<float const, 4>>(calls++ == 0 ? 2 : 1, seen.activations)};
        });
    auto const images = networks::drawn_tensor<float>(prepend(input, 2), 23);
    CHECK_THROWS_WITH_AS(static_cast<void>(sc::explain_layers(cpu, forgetful, images.view(), {}, sc::fixed_batch{1})),
                         "the model's capture_layers returned the activations of 1 layers; it must return 2 in every call",
                         sc::shape_error);

    auto none = sc::make_model(
        input, [&](auto batch) { return net.run(batch); },
        [&](auto batch) { return std::pair{net.run(batch), std::vector<sc::tensor_view<float const, 4>>{}}; });
    CHECK_THROWS_AS(static_cast<void>(sc::explain_layers(cpu, none, image.view(), {})), sc::shape_error);
    CHECK_THROWS_AS(static_cast<void>(sc::explain(cpu, none, image.view())), sc::shape_error);
}

TEST_CASE("layers on a device")
{
    networks::seeded<float> host_model{input, late_activation, 4, 21};
    auto const image = networks::drawn_tensor<float>(prepend(input, 1), 22);
    sc::reference_backend host;
    auto const expected = sc::explain(host, host_model, image.view());

    deferred::queue queue;
    deferred::backend device{queue};
    deferred::model<networks::seeded<float>> model{host_model, 4, late_activation, 16, queue};
    auto memory = device.allocate<float>(image.size());
    device.from_host(image.data(), sc::tensor_view<float, 4, deferred::space>{memory.data(), image.shape()});
    sc::tensor_view<float const, 4, deferred::space> const moved{memory.data(), image.shape()};
    auto const found = sc::explain_layers(device, model, moved, sc::fusion{});
    CHECK(same(found.maps, expected.maps));
    CHECK(found.layers.size() == 2);
}
