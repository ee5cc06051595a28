// What engines promise that take signals, volumes and tokens, and run copies at the same time.
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/cpu/backend.hpp>
#include <scorecam/scorecam.hpp>
#include <scorecam/testing/model_conformance.hpp>

#include "engines/recorded.hpp"
#include "engines/tested.hpp"

using namespace engines;

namespace {

/// A network of `Rank - 2` spatial axes whose map was recorded at the layer `array`, which is called `layer`.
template <class Engine, std::size_t Rank>
void check_map(std::string const& name, std::string const& array, std::string const& layer,
               std::optional<sc::token_grid<Rank - 2>> tokens = {})
{
    CAPTURE(name);
    auto const images = recorded<Rank>(name, "input");
    auto network      = Engine::make(file_of(name), sc::trailing<Rank - 1>(images.shape()), {layer}, tokens);
    auto const seen   = network.capture(images.view());
    CHECK(deviation(seen.outputs, recorded<2>(name, "output")) < tolerance);
    CHECK(seen.activations.shape() == recorded<Rank>(name, array).shape());
    CHECK(deviation(seen.activations, recorded<Rank>(name, array)) < tolerance);

    auto const map     = recorded<Rank - 2>(name, "map");
    auto const weights = recorded<1>(name, "weights");
    auto const check   = [&](auto&& on) {
        auto const found = sc::explain(on, network, images.view()[0], sc::target{4}, sc::conventions::official{});
        REQUIRE(found.map().shape() == map.shape());
        CHECK(deviation(found.map(), map) < tolerance);
        for (index_t k = 0; k < weights.size(); ++k) {
            CHECK(found.weights(0, k, 0) == doctest::Approx(weights(k)).epsilon(1e-4));
        }
    };
    check(sc::reference_backend{});
    check(sc::cpu::backend{});
}

}  // namespace

TEST_CASE_TEMPLATE("signals and volumes: activations and maps are those of PyTorch", Engine, tested)
{
    check_map<Engine, 3>("signal", "second", "/second/Conv");
    check_map<Engine, 5>("volume", "second", "/second/Conv");
    CHECK(Engine::make(file_of("signal"), sc::signal_shape{3, 20}).explained()[0].name == "/relu/Relu");
    CHECK(Engine::make(file_of("volume"), sc::volume_shape{1, 6, 8, 7}).explained()[0].name == "/relu/Relu");
}

TEST_CASE_TEMPLATE("tokens are laid out as maps: activations and maps are those of PyTorch", Engine, tested)
{
    check_map<Engine, 4>("transformer", "block0", "/blocks/blocks.0/add2/Add", sc::token_grid<2>{{3, 4}, 1});
    check_map<Engine, 4>("windowed", "sum", "/block/add2/Add", sc::token_grid<2>{{4, 6}, 0});  // (n, h, w, C)

    for (auto const& [name, input, tokens] :
         {std::tuple{"transformer", sc::image_shape{3, 12, 16}, sc::token_grid<2>{{3, 4}, 1}},
          std::tuple{"windowed", sc::image_shape{3, 8, 12}, sc::token_grid<2>{{4, 6}, 0}}}) {  // (n, h·w, C)
        auto network = Engine::make(file_of(name), input, {"/norm/Add_1"}, tokens);
        CHECK(network.explained()[0].name == "/norm/Add_1");
        CHECK(network.explained()[0].shape == prepend(tokens.grid, 8));
        auto const seen = network.capture(recorded<4>(name, "input").view());
        CHECK(deviation(seen.activations, recorded<4>(name, "norm")) < tolerance);
    }
}

TEST_CASE_TEMPLATE("tokens are laid out by themselves, and the default is the last tensor whose places feed the scores",
                   Engine, tested)
{
    struct expected {
        char const* file;
        sc::image_shape input;
        char const* layer;
        sc::image_shape shape;
    };
    // Of the class token's network the input of the last attention; the other one averages its last tokens.
    for (auto const& one : {expected{"transformer", {3, 12, 16}, "/blocks/blocks.1/norm1/Add_1", {8, 3, 4}},
                            expected{"windowed", {3, 8, 12}, "/norm/Add_1", {8, 4, 6}}}) {
        CAPTURE(std::string{one.file});
        auto network = Engine::make(file_of(one.file), one.input);
        CHECK(network.explained()[0].name == one.layer);
        CHECK(network.explained()[0].shape == one.shape);
        CHECK(network.why() != "");
        auto by_hand    = Engine::make(file_of(one.file), one.input, {one.layer},
                                       sc::token_grid<2>{sc::trailing<2>(one.shape), one.shape[1] == 3 ? 1 : 0});
        auto const seen = network.capture(recorded<4>(one.file, "input").view());
        CHECK(deviation(seen.activations, by_hand.capture(recorded<4>(one.file, "input").view()).activations) < tolerance);
    }
}

TEST_CASE_TEMPLATE("a grid of tokens that no layer has, or that lies across the image, is refused", Engine, tested)
{
    auto const load = [](sc::token_grid<2> tokens) {
        return Engine::make(file_of("transformer"), sc::image_shape{3, 12, 16}, {}, tokens);
    };
    CHECK_NOTHROW(static_cast<void>(load({{3, 4}, 1})));
    for (auto const& tokens : {sc::token_grid<2>{{4, 3}, 1}, {{3, 4}, 2}, {{5, 5}, 1}, {{1, 12}, 1}}) {
        CHECK_THROWS_WITH_AS(static_cast<void>(load(tokens)), doctest::Contains("tokens that lie on an image of (12, 16)"),
                             sc::model_error);
    }
}

TEST_CASE_TEMPLATE("every layer that is listed can be explained: none has something else folded into its batch", Engine,
                   tested)
{
    struct named {
        std::string name;
        sc::image_shape input;
        std::optional<sc::token_grid<2>> tokens;
    };
    for (auto const& one :
         {named{"transformer", {3, 12, 16}, {{{3, 4}, 1}}}, named{"windowed", {3, 8, 12}, {}},
          named{"windowed", {3, 8, 12}, {{{4, 6}, 0}}}, named{"four", plain_input, {}}, named{"folded", plain_input, {}}}) {
        CAPTURE(one.name);
        auto const names  = layers_of(Engine::make(file_of(one.name), one.input, {}, one.tokens));
        auto network      = Engine::make(file_of(one.name), one.input, names, one.tokens);
        auto const images = recorded<4>(one.name, "input");
        auto const seen   = network.capture_layers(images.view());
        CHECK(deviation(seen.outputs, recorded<2>(one.name, "output")) < tolerance);
        REQUIRE(seen.activations.size() == names.size());
        for (std::size_t l = 0; l < names.size(); ++l) {
            CHECK(seen.activations[l].shape() == prepend(network.layers()[l].shape, images.extent(0)));
        }
    }
}

TEST_CASE_TEMPLATE("batches that a network made for four images does not fill are filled up", Engine, tested)
{
    auto network = Engine::make(file_of("four"), plain_input);
    CHECK(network.max_batch() == 4);
    auto const images      = recorded<4>("four", "input");
    auto const outputs     = recorded<2>("four", "output");
    auto const activations = recorded<4>("four", "relu");
    for (index_t const n : {1, 2, 4, 1}) {
        CAPTURE(n);
        for (index_t first = 0; first + n <= 4; ++first) {
            auto const batch = images.view().slice(first, n);
            CHECK(network.forward(batch).shape() == sc::extents<2>{n, 5});
            CHECK(deviation(network.forward(batch), outputs.view().slice(first, n)) < tolerance);
            auto const seen = network.capture(batch);
            CHECK(deviation(seen.outputs, outputs.view().slice(first, n)) < tolerance);
            CHECK(deviation(seen.activations, activations.view().slice(first, n)) < tolerance);
        }
    }
    CHECK_THROWS_AS(static_cast<void>(network.forward(repeated(images, 5).view())), sc::shape_error);
    sc::reference_backend on;
    sc::testing::check_model_conformance(on, network,
                                         {.nan_stays_visible = Engine::keeps_nan, .refuses_wrong_shapes = true});

    sc::cpu::backend cpu;
    auto const by_8 = sc::explain(cpu, network, images.view()[0], sc::target{4}, sc::fixed_batch{8});
    auto const by_1 = sc::explain(cpu, network, images.view()[0], sc::target{4}, sc::fixed_batch{1});
    CHECK(by_8.batches == 1 + 2);  // of 8 channels
    CHECK(by_1.batches == 1 + 8);
    CHECK(deviation(by_8.maps, by_1.maps) < tolerance);
}

TEST_CASE_TEMPLATE("of two outputs with scores the one that is named counts", Engine, tested)
{
    auto const images = recorded<4>("two_scores", "input");
    for (std::string const output : {"logits", "probabilities"}) {
        auto network        = Engine::make(file_of("two_scores"), plain_input, {}, {}, output);
        auto const expected = recorded<2>("two_scores", output == "logits" ? "output" : output);
        CHECK(network.max_batch() > 100);
        CHECK(deviation(network.forward(images.view()), expected) < tolerance);
        CHECK(deviation(network.capture(images.view()).outputs, expected) < tolerance);
    }
    CHECK_THROWS_WITH_AS(static_cast<void>(Engine::make(file_of("two_scores"), plain_input, {}, {}, "nothing")),
                         doctest::Contains("settings::output"), sc::model_error);
}

TEST_CASE_TEMPLATE("weights may lie in a file of their own, beside the network's", Engine, tested)
{
    auto network    = Engine::make(file_of("weights_apart"), plain_input, {"/second/Conv"});
    auto const seen = network.capture(recorded<4>("plain", "input").view());
    CHECK(deviation(seen.outputs, recorded<2>("plain", "output")) < tolerance);
    CHECK(deviation(seen.activations, recorded<4>("plain", "second")) < tolerance);
}

TEST_CASE_TEMPLATE("copies of a network run at the same time, and give what they give alone", Engine, tested)
{
    auto const images = recorded<4>("residual", "input");
    auto network      = Engine::make(file_of("residual"), residual_input, {"/add/Add", "/last/Relu"});
    struct answers {
        std::vector<float> outputs, activations;
        bool operator==(answers const&) const = default;
    };
    auto const ask = [&](auto& of, index_t i) {
        auto const one  = images.view().slice(i, 1);
        auto const seen = of.capture_layers(one);
        answers given{{}, {seen.activations[0].begin(), seen.activations[0].end()}};
        given.activations.insert(given.activations.end(), seen.activations[1].begin(), seen.activations[1].end());
        auto const outputs = of.forward(one);
        given.outputs.assign(outputs.begin(), outputs.end());
        return given;
    };
    std::vector<answers> const alone{ask(network, 0), ask(network, 1)};
    CHECK(alone[0] != alone[1]);

    auto copy       = network.replica();
    auto assigned   = Engine::make(file_of("residual"), residual_input);
    assigned        = network;
    int same[3]     = {0, 0, 0};
    int const times = 200;
    auto const work = [&](auto& of, index_t image, int& count) {
        for (int time = 0; time < times; ++time) {
            count += ask(of, image) == alone[static_cast<std::size_t>(image)] ? 1 : 0;
        }
    };
    std::thread first{[&] { work(copy, 0, same[0]); }};
    std::thread second{[&] { work(assigned, 1, same[1]); }};
    work(network, 0, same[2]);
    first.join();
    second.join();
    for (int const count : same) { CHECK(count == times); }
}

TEST_CASE_TEMPLATE("two callers make the map that one makes", Engine, tested)
{
    auto const images = recorded<4>("residual", "input");
    auto network      = Engine::make(file_of("residual"), residual_input);
    sc::cpu::backend cpu;
    auto const by_one = sc::explain(cpu, network, images.view()[0], sc::fixed_batch{1});
    auto const by_two = sc::explain(cpu, network, images.view()[0], sc::fixed_batch{1}, sc::concurrency{2});
    CHECK(deviation(by_two.maps, by_one.maps) == 0);
    CHECK(deviation(by_two.weights, by_one.weights) == 0);
}
