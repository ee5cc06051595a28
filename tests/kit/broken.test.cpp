// The kit can fail: models and backends that break one promise each, and the check that has to say so.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <set>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/scorecam.hpp>
#include <scorecam/testing/backend_findings.hpp>
#include <scorecam/testing/model_conformance.hpp>

#include "support/deferred_backend.hpp"
#include "support/networks.hpp"

namespace sc = scorecam;

namespace {

using sc::testing::finding;
using sc::testing::model_options;
using findings = std::vector<finding>;

/// The promises that are broken, each as far as its first comma.
std::string broken(findings const& found)
{
    std::set<std::string> all;
    for (auto const& one : found) { all.insert(one.check.substr(0, one.check.find(','))); }
    std::string text;
    for (auto const& one : all) { text += (text.empty() ? "" : "; ") + one; }
    return text;
}
/// Whether this promise, or one that begins so, is among them; told all of them if not.
bool breaks(findings const& found, std::string const& promise)
{
    bool const said =
        std::any_of(found.begin(), found.end(), [&](finding const& one) { return one.check.rfind(promise, 0) == 0; });
    if (!said) {
        for (auto const& one : found) { MESSAGE(to_string(one)); }
    }
    return said;
}

// ---- models

constexpr sc::image_shape input{3, 16, 20};
constexpr sc::image_shape activation{6, 4, 5};
using batch_type    = sc::tensor_view<float const, 4>;
using outputs_type  = sc::tensor_view<float const, 2>;
using captured_type = sc::captured<float>;

/// Keeps every promise, and keeps its results where those who break one can reach them.
struct sound {
    using value_type = float;
    using space_type = sc::host_space;

    networks::seeded<float> network{input, activation, 4, 21};
    sc::tensor<float, 2> outputs;
    sc::tensor<float, 4> activations;

    [[nodiscard]] sc::image_shape input_shape() const { return input; }
    outputs_type forward(batch_type batch)
    {
        auto const y = network.forward(batch);
        outputs      = {y.shape(), {y.begin(), y.end()}};
        return outputs;
    }
    captured_type capture(batch_type batch)
    {
        forward(batch);
        auto const a = network.capture(batch).activations;
        activations  = {a.shape(), {a.begin(), a.end()}};
        return {outputs, activations};
    }
};

/// The same with a fault to be put in: what runs instead of forward, and of capture.
struct faulty : sound {
    std::function<outputs_type(faulty&, batch_type)> run = [](faulty& own, batch_type batch) {
        return own.sound::forward(batch);
    };
    std::function<captured_type(faulty&, batch_type)> see = [](faulty& own, batch_type batch) {
        return own.sound::capture(batch);
    };
    outputs_type forward(batch_type batch) { return run(*this, batch); }
    captured_type capture(batch_type batch) { return see(*this, batch); }
};

template <class Model>
findings check(Model model, model_options const& options = {})
{
    sc::reference_backend on;
    return sc::testing::model_findings(on, model, options);
}
template <class Model>
findings check(model_options const& options = {})
{
    return check(Model{}, options);
}
findings check_forward(std::function<outputs_type(faulty&, batch_type)> run, model_options const& options = {})
{
    faulty model;
    model.run = std::move(run);
    return check(std::move(model), options);
}
findings check_capture(std::function<captured_type(faulty&, batch_type)> see, model_options const& options = {})
{
    faulty model;
    model.see = std::move(see);
    return check(std::move(model), options);
}

bool has_nan(batch_type batch)
{
    return std::any_of(batch.begin(), batch.end(), [](float v) { return std::isnan(v); });
}

}  // namespace

TEST_CASE("the sound model fails nothing")
{
    CHECK(broken(check<sound>()) == "");
    CHECK(broken(check<faulty>()) == "");
}

TEST_CASE("outputs shifted by the batch's size")
{
    CHECK(breaks(check_forward([](faulty& own, batch_type batch) -> outputs_type {
                     own.sound::forward(batch);
                     for (auto& y : own.outputs.view()) { y += 0.01F * static_cast<float>(batch.extent(0)); }
                     return own.outputs;
                 }),
                 "a row of the outputs depends on its image alone"));
}

TEST_CASE("outputs in another order in large batches")
{
    CHECK(breaks(check_forward([](faulty& own, batch_type batch) -> outputs_type {
                     own.sound::forward(batch);
                     auto* const rows = own.outputs.data();
                     if (batch.extent(0) > 4) { std::swap_ranges(rows, rows + 4, rows + 4); }
                     return own.outputs;
                 }),
                 "a row of the outputs depends on its image alone"));
}

TEST_CASE("activations divided by the batch's largest")
{
    CHECK(breaks(check_capture([](faulty& own, batch_type batch) -> captured_type {
                     own.sound::capture(batch);
                     float const largest = *std::max_element(own.activations.begin(), own.activations.end());
                     for (auto& a : own.activations.view()) { a /= largest; }
                     return {own.outputs, own.activations};
                 }),
                 "a row of the activations depends on its image alone"));
}

TEST_CASE("capture's outputs are probabilities, forward's are logits")
{
    CHECK(breaks(check_capture([](faulty& own, batch_type batch) -> captured_type {
                     own.sound::capture(batch);
                     for (auto& y : own.outputs.view()) { y = 1 / (1 + std::exp(-y)); }
                     return {own.outputs, own.activations};
                 }),
                 "capture's outputs are forward's"));
}

TEST_CASE("activations that lie in the batch's memory")
{
    CHECK(breaks(
        check_capture([](faulty& own, batch_type batch) -> captured_type { return {own.sound::forward(batch), batch}; }),
        "the batch is only read, and views returned do not change"));
}

TEST_CASE("an input normalised in place")
{
    CHECK(breaks(check_forward([](faulty& own, batch_type batch) {
                     auto const y = own.sound::forward(batch);
                     for (auto const& x : batch) { const_cast<float&>(x) /= 255; }
                     return y;
                 }),
                 "the batch is only read"));
}

TEST_CASE("a buffer that never shrinks")
{
    std::vector<float> rows;
    CHECK(breaks(check_forward([&rows](faulty& own, batch_type batch) -> outputs_type {
                     auto const y = own.sound::forward(batch);
                     rows.resize(std::max(rows.size(), static_cast<std::size_t>(y.size())));
                     std::copy(y.begin(), y.end(), rows.begin());
                     return {rows.data(), static_cast<sc::index_t>(rows.size() / 4), 4};
                 }),
                 "a row of the outputs depends on its image alone"));
}

TEST_CASE("a max_batch() that is not true")
{
    struct untrue : sound {
        [[nodiscard]] sc::index_t max_batch() const { return 8; }
        outputs_type forward(batch_type batch)
        {
            if (batch.extent(0) > 4) { throw std::runtime_error{"too large"}; }
            return sound::forward(batch);
        }
    };
    auto const found = check<untrue>();
    CHECK(breaks(found, "a row of the outputs depends on its image alone"));
    auto const thrown = std::find_if(found.begin(), found.end(), [](finding const& one) {
        return one.operation == "forward" && one.seen == "it threw: too large";
    });
    REQUIRE(thrown != found.end());  // the call and the text, not a pointer
    CHECK(thrown->expected == "no exception");
}

TEST_CASE("a preferred_batch() of 0")
{
    struct none : sound {
        [[nodiscard]] sc::index_t preferred_batch() const { return 0; }
    };
    auto const found = check<none>();
    REQUIRE(found.size() == 1);
    CHECK(found[0].check == "preferred_batch() and max_batch() are 1 or more");
    CHECK(found[0].operation == "preferred_batch");
    CHECK(found[0].expected == "1 or more");
    CHECK(found[0].seen == "0");
}

TEST_CASE("NaN taken for 0")
{
    sc::tensor<float, 4> clean;
    auto const without_nan = [&clean](batch_type batch) -> batch_type {
        clean = {batch.shape(), {batch.begin(), batch.end()}};
        for (auto& x : clean.view()) { x = std::isnan(x) ? 0 : x; }
        return clean;
    };
    faulty model;
    model.run = [=](faulty& own, batch_type batch) { return own.sound::forward(without_nan(batch)); };
    model.see = [=](faulty& own, batch_type batch) { return own.sound::capture(without_nan(batch)); };
    CHECK(broken(check(model)) == "NaN in an image is visible in its row");
}

TEST_CASE("NaN that spreads to other rows")
{
    CHECK(broken(check_forward([](faulty& own, batch_type batch) -> outputs_type {
              own.sound::forward(batch);
              if (has_nan(batch)) { std::fill_n(own.outputs.data(), own.outputs.size(), std::nanf("")); }
              return own.outputs;
          })) == "NaN in an image is visible in its row");
}

TEST_CASE("NaN that stays for ever")
{
    float ill = 0;
    CHECK(breaks(check_forward([&ill](faulty& own, batch_type batch) -> outputs_type {
                     own.sound::forward(batch);
                     if (batch.extent(0) == 1) { own.outputs(0, 0) += ill; }
                     if (has_nan(batch)) { ill = std::numeric_limits<float>::quiet_NaN(); }
                     return own.outputs;
                 }),
                 "NaN in an image is visible in its row, and in no other"));
}

TEST_CASE("a stub with the same outputs for all images")
{
    auto const stub = [](faulty& own, batch_type batch) -> outputs_type {
        own.outputs = sc::tensor<float, 2>{{{batch.extent(0), 4}}};
        for (auto& y : own.outputs.view()) { y = 1; }
        return own.outputs;
    };
    faulty model;
    model.run = stub;
    model.see = [stub](faulty& own, batch_type batch) -> captured_type {
        return {stub(own, batch), own.network.capture(batch).activations};
    };
    CHECK(breaks(check(model), "each image has outputs and activations of its own"));
}

TEST_CASE("a stub with the same activations for all images")
{
    CHECK(breaks(check_capture([](faulty& own, batch_type batch) -> captured_type {
                     own.sound::capture(batch);
                     for (auto& a : own.activations.view()) { a = 1; }
                     return {own.outputs, own.activations};
                 }),
                 "each image has outputs and activations of its own"));
}

TEST_CASE("statistics that go on running")
{
    float calls = 0;
    CHECK(breaks(check_forward([&calls](faulty& own, batch_type batch) -> outputs_type {
                     own.sound::forward(batch);
                     own.outputs(0, 0) += 1e-7F * ++calls;
                     return own.outputs;
                 }),
                 "the same call gives the same bits"));
}

TEST_CASE("the activations of the image before")
{
    CHECK(breaks(check_capture([](faulty& own, batch_type batch) -> captured_type {
                     auto const before = own.activations;
                     own.sound::capture(batch);
                     if (before.shape() == own.activations.shape() && batch.extent(0) == 3) { own.activations = before; }
                     return {own.outputs, own.activations};
                 }),
                 "a row of the activations depends on its image alone"));
}

// ---- taps that are not what they say

namespace {

std::string const wrong_tap{"a change at one place of the image shows near that place in the activations"};

/// Takes the activations of one image (K, h, w) after another from `from` to `to`, by rule(k, y, x) of where each goes.
template <class Rule>
void rearrange(sc::tensor<float, 4>& activations, sc::image_shape to, Rule const& rule)
{
    auto const from = activations;
    auto const size = from.size() / from.extent(0);
    activations     = sc::tensor<float, 4>{prepend(to, from.extent(0))};
    for (sc::index_t n = 0; n < from.extent(0); ++n) {
        for (sc::index_t k = 0; k < from.extent(1); ++k) {
            for (sc::index_t y = 0; y < from.extent(2); ++y) {
                for (sc::index_t x = 0; x < from.extent(3); ++x) {
                    activations.data()[n * size + rule(k, y, x)] = from(n, k, y, x);
                }
            }
        }
    }
}

/// A network for square images with K maps of h × w, whose tap is wrong by a rule.
template <class Rule>
findings check_tap(sc::image_shape of, sc::image_shape said, Rule const& rule, model_options const& options = {})
{
    faulty model;
    model.network = {input, of, 4, 21};
    model.see     = [=](faulty& own, batch_type batch) -> captured_type {
        own.sound::capture(batch);
        rearrange(own.activations, said, rule);
        return {own.outputs, own.activations};
    };
    return check(std::move(model), options);
}

/// The activations are the voxels.
struct voxels {
    using value_type = float;
    using space_type = sc::host_space;
    sc::volume_shape said{2, 3, 6, 4};
    sc::tensor<float, 2> outputs;
    sc::tensor<float, 5> activations;

    [[nodiscard]] sc::volume_shape input_shape() const { return {2, 3, 4, 6}; }
    outputs_type forward(sc::tensor_view<float const, 5> batch)
    {
        outputs = sc::tensor<float, 2>{{{batch.extent(0), 2}}};
        for (sc::index_t n = 0; n < batch.extent(0); ++n) {
            outputs(n, 0) = batch[n].data()[0];
            outputs(n, 1) = std::accumulate(batch[n].begin(), batch[n].end(), 0.0F);
        }
        return outputs;
    }
    sc::captured<float, sc::host_space, 3> capture(sc::tensor_view<float const, 5> batch)
    {
        activations = {prepend(said, batch.extent(0)), {batch.begin(), batch.end()}};
        return {forward(batch), activations};
    }
};

std::string all_of(findings const& found)
{
    std::string text;
    for (auto const& one : found) { text += to_string(one) + "\n"; }
    return text;
}

}  // namespace

TEST_CASE("activations (n, h, w, K) that are called (n, K, h, w)")
{
    for (auto const of : {sc::image_shape{6, 4, 5}, sc::image_shape{64, 4, 5}, sc::image_shape{3, 4, 4},
                          sc::image_shape{2, 4, 5}, sc::image_shape{20, 2, 2}, sc::image_shape{7, 1, 5}}) {
        CAPTURE(of[0]);
        CAPTURE(of[1]);
        auto const last  = [=](auto k, auto y, auto x) { return (y * of[2] + x) * of[0] + k; };
        auto const found = check_tap(of, of, last);
        CHECK(broken(found) == wrong_tap);
        INFO(all_of(found));
        CHECK(all_of(found).find("if their memory is read as (n, ..., K)") != std::string::npos);
        CHECK(broken(check_tap(of, of, last, {.tap_is_local = false})) == "");
    }
}

TEST_CASE("h and w in the wrong order, in the extents alone and in the map itself")
{
    for (auto const of : {sc::image_shape{6, 4, 5}, sc::image_shape{6, 2, 5}, sc::image_shape{6, 1, 5}}) {
        CAPTURE(of[1]);
        sc::image_shape const turned{of[0], of[2], of[1]};
        auto const extents_alone =
            check_tap(of, turned, [=](auto k, auto y, auto x) { return (k * of[1] + y) * of[2] + x; });
        CHECK(broken(extents_alone) == wrong_tap);
        INFO(all_of(extents_alone));
        CHECK(all_of(extents_alone).find("with the last two extents swapped") != std::string::npos);
        auto const map = check_tap(of, turned, [=](auto k, auto y, auto x) { return (k * of[2] + x) * of[1] + y; });
        CHECK(broken(map) == wrong_tap);
    }
    for (sc::image_shape const of : {sc::image_shape{6, 4, 4}, sc::image_shape{6, 2, 2}}) {  // square maps: corners tell
        auto const map = check_tap(of, of, [=](auto k, auto y, auto x) { return (k * of[2] + x) * of[1] + y; });
        CHECK(broken(map) == wrong_tap);
        CHECK(all_of(map).find("if the map is transposed") != std::string::npos);
    }
}

TEST_CASE("maps of volumes with h and w in the wrong order")
{
    voxels right, wrong;
    right.said = right.input_shape();
    CHECK(broken(check(right)) == "");
    auto const found = check(wrong);
    CHECK(broken(found) == wrong_tap);
    CHECK(all_of(found).find("with the last two extents swapped") != std::string::npos);
}

TEST_CASE("maps upside down")
{
    auto const flipped = [](auto k, auto y, auto x) { return (k * 4 + (3 - y)) * 5 + x; };
    CHECK(broken(check_tap(activation, activation, flipped)) == wrong_tap);
}

TEST_CASE("a forgotten batch_layout: memory (n, C, H, W) that is read as (n, H, W, C), and the other way round")
{
    for (auto const shape : {input, sc::image_shape{2, 20, 20}, sc::image_shape{4, 24, 16}}) {
        CAPTURE(shape[0]);
        auto const C = shape[0], plane = shape[1] * shape[2];
        struct forgot : faulty {
            sc::image_shape shape;
            [[nodiscard]] sc::image_shape input_shape() const { return shape; }
        } first, last;
        first.shape = last.shape = shape;
        first.network = last.network = {shape, {6, 4, 4}, 4, 21};
        auto const read_as           = [=](bool channels_last) {
            return [=](batch_type batch) {
                sc::tensor<float, 4> read{batch.shape()};
                for (sc::index_t n = 0; n < batch.extent(0); ++n) {
                    for (sc::index_t i = 0; i < shape.size(); ++i) {
                        auto const there = channels_last ? i % C * plane + i / C : i % plane * C + i / plane;
                        read.data()[n * shape.size() + there] = batch.data()[n * shape.size() + i];
                    }
                }
                return read;
            };
        };
        auto const misread = [&](forgot& model, bool channels_last) {
            auto const read = read_as(channels_last);
            model.run       = [read](faulty& own, batch_type batch) { return own.sound::forward(read(batch)); };
            model.see       = [read](faulty& own, batch_type batch) { return own.sound::capture(read(batch)); };
        };
        misread(first, true), misread(last, false);
        CHECK(broken(check(first)) == wrong_tap);
        CHECK(broken(check(last)) == wrong_tap);
    }
}

TEST_CASE("a second layer that is not what it says")
{
    struct second_turned : sound {
        sc::tensor<float, 4> second;
        sc::captured_layers<float> capture_layers(batch_type batch)
        {
            auto const seen = capture(batch);
            second          = activations;
            rearrange(second, activation, [](auto k, auto y, auto x) { return (y * 5 + x) * 6 + k; });
            return {seen.outputs, {seen.activations, second}};
        }
    };
    auto const found = check<second_turned>();
    CHECK(broken(found) == wrong_tap);
    for (auto const& one : found) { CHECK(one.operation == "capture_layers, its layer 1"); }
}

// ---- optional members

TEST_CASE("an input_buffer of another shape")
{
    struct wrong : sound {
        sc::tensor<float, 4> own{prepend(input, 9)};
        sc::tensor_view<float, 4> input_buffer(sc::index_t) { return own.view(); }
    };
    auto const found = check<wrong>();
    CHECK(broken(found) == "input_buffer(n) is (n");
    REQUIRE(!found.empty());
    CHECK(found[0].operation == "input_buffer");
    CHECK(found[0].seen.find("has the shape (9, 3, 16, 20); it must be (1, 3, 16, 20)") != std::string::npos);
}

TEST_CASE("an input_buffer that is read too early")
{
    struct early : sound {
        sc::tensor<float, 4> own{prepend(input, 9)}, before = own;
        sc::tensor_view<float, 4> input_buffer(sc::index_t n)
        {
            before = own;
            return {own.data(), prepend(input, n)};
        }
        outputs_type forward(batch_type batch)
        {
            return sound::forward(batch.data() == own.data() ? batch_type{before.data(), batch.shape()} : batch);
        }
    };
    CHECK(breaks(check<early>(), "input_buffer(n) is (n, C, H, W) and as good as other memory"));
}

TEST_CASE("layers in another order")
{
    struct turned : sound {
        networks::seeded<float> early{input, {6, 8, 10}, 4, 22};
        sc::captured_layers<float> capture_layers(batch_type batch)
        {
            auto const seen = capture(batch);
            return {seen.outputs, {early.capture(batch).activations, seen.activations}};
        }
    };
    CHECK(breaks(check<turned>(), "capture_layers begins with capture's layer"));
}

TEST_CASE("layers that come and go")
{
    struct changing : sound {
        sc::captured_layers<float> capture_layers(batch_type batch)
        {
            auto const seen = capture(batch);
            return {seen.outputs, {static_cast<std::size_t>(batch.extent(0)), seen.activations}};
        }
    };
    CHECK(breaks(check<changing>(), "capture_layers begins with capture's layer, has as many in every call and keeps them"));
}

TEST_CASE("a second layer that lies in the batch's memory")
{
    struct borrowed : sound {
        sc::captured_layers<float> capture_layers(batch_type batch)
        {
            auto const seen = capture(batch);
            return {seen.outputs, {seen.activations, batch}};
        }
    };
    CHECK(breaks(check<borrowed>(), "capture_layers begins with capture's layer"));
}

struct shares_its_results : sound {
    std::shared_ptr<std::array<float, 64>> shared = std::make_shared<std::array<float, 64>>();

    [[nodiscard]] shares_its_results replica() const { return *this; }
    outputs_type forward(batch_type batch)
    {
        auto const y = sound::forward(batch);
        std::copy(y.begin(), y.end(), shared->begin());
        return {shared->data(), y.shape()};
    }
    captured_type capture(batch_type batch) { return {forward(batch), sound::capture(batch).activations}; }
};
TEST_CASE("a replica with the same memory for its results")
{
    CHECK(broken(check<shares_its_results>()) == "a replica answers as the model does");
}

// ---- what is asked for by an option

TEST_CASE("any shape is taken")
{
    auto const found = check<sound>({.refuses_wrong_shapes = true});
    REQUIRE(found.size() == 1);
    CHECK(found[0].check == "a batch of another shape is refused with a scorecam::error");
    CHECK(found[0].expected == "a scorecam::error for a batch of (1, 4, 16, 20)");
    CHECK(found[0].seen == "an answer");
}

TEST_CASE("an error of another kind")
{
    auto const found = check_forward(
        [](faulty& own, batch_type batch) {
            if (batch.extent(1) != 3) { throw std::runtime_error{"shape"}; }
            return own.sound::forward(batch);
        },
        {.refuses_wrong_shapes = true});
    REQUIRE(found.size() == 1);
    CHECK(found[0].check == "a batch of another shape is refused with a scorecam::error");
    CHECK(found[0].seen == "an exception of another type: shape");
}

TEST_CASE("something thrown that is no exception")
{
    auto const found = check_capture([](faulty&, batch_type) -> captured_type { throw 7; });
    REQUIRE(found.size() == 1);  // nothing to compare with: the rest is not tried
    CHECK(found[0].operation == "capture");
    CHECK(found[0].seen == "it threw: something that is no std::exception");
}

TEST_CASE("a tap that a ReLU has overwritten")
{
    CHECK(broken(check<sound>({.tap_is_signed = true})) == "the activations have negative values");
}

// ---- models on a device

namespace {

using device_batch = sc::tensor_view<float const, 4, deferred::space>;
using device_model = deferred::model<networks::seeded<float>>;

template <class Model>
findings check_on_device()
{
    networks::seeded<float> host{input, activation, 4, 21};
    deferred::queue queue;
    deferred::backend on{queue};
    Model model{host, 4, activation, 16, queue};
    return sc::testing::model_findings(on, model);
}

}  // namespace

TEST_CASE("a device model that reads its input at once")
{
    struct wrong : device_model {
        using device_model::device_model;
        sc::tensor_view<float const, 2, deferred::space> forward(device_batch batch, deferred::queue*)
        {
            deferred::queue own;
            auto const y = device_model::forward(batch, &own);
            own.wait();
            return y;
        }
    };
    CHECK(breaks(check_on_device<wrong>(), "calls are enqueued"));
}

TEST_CASE("a device model that captures on a queue of its own")
{
    struct wrong : device_model {
        using device_model::device_model;
        sc::captured<float, deferred::space> capture(device_batch batch, deferred::queue*)
        {
            deferred::queue own;
            auto const seen = device_model::capture(batch, &own);
            own.wait();
            return seen;
        }
    };
    CHECK(breaks(check_on_device<wrong>(), "calls are enqueued"));
}

// ---- backends: one on the host and one on a device, with a fault to choose, because each is compiled with the whole suite

namespace {

enum class fault {
    none,
    last_of_equals_wins,
    nan_is_0,
    volumes_not_resized,
    divides_by_0,
    rounds_the_last_differently,
    channels_always_first,
    one_staging_buffer,
    frees_at_once
};

class host_backend : public sc::reference_backend {
    template <class T, std::size_t Rank>
    using view = sc::tensor_view<T, Rank>;

public:
    explicit host_backend(fault has) : has_{has} {}

    template <class T>
    void top(view<T const, 2> outputs, view<sc::index_t, 2> targets)
    {
        if (has_ != fault::last_of_equals_wins) { return sc::reference_backend::top(outputs, targets); }
        sc::tensor<T, 2> backwards{outputs.shape()};
        for (sc::index_t n = 0; n < outputs.extent(0); ++n) {
            std::reverse_copy(outputs[n].begin(), outputs[n].end(), backwards.view()[n].data());
        }
        sc::reference_backend::top(as_const(backwards.view()), targets);
        for (auto& target : targets) { target = outputs.extent(1) - 1 - target; }
    }
    template <class T, class Score>
    void score(sc::model_outputs<T> outputs, Score const& f, view<sc::ops::pick const, 1> picks,
               view<sc::index_t const, 2> targets, view<T, 3> scores)
    {
        sc::reference_backend::score(outputs, f, picks, targets, scores);
        for (auto& score : scores) { score = has_ == fault::nan_is_0 && std::isnan(score) ? 0 : score; }
    }
    template <class T, std::size_t Rank>
    void extrema(view<T const, Rank> maps, sc::extents<Rank - 1> size, sc::ops::mask_rule rule,
                 view<sc::ops::range<T>, 1> out)
    {
        if (has_ == fault::volumes_not_resized && Rank == 4) { rule.extrema = sc::extrema_of::activation; }
        sc::reference_backend::extrema(maps, size, rule, out);
    }
    template <class T, std::size_t Rank>
    void normalise(view<T, Rank> maps, view<sc::ops::range<T> const, 1> ranges, sc::ops::mask_rule rule)
    {
        if (has_ != fault::divides_by_0) { return sc::reference_backend::normalise(maps, ranges, rule); }
        for (sc::index_t n = 0; n < maps.extent(0); ++n) {
            for (auto& v : maps.slice(n, 1)) { v = (v - ranges(n).lo) / (ranges(n).hi - ranges(n).lo); }
        }
    }

    template <class T, std::size_t Rank>
    void combine(view<T const, Rank> maps, view<T const, 3> weights, view<T, Rank> out)
    {
        sc::reference_backend::combine(maps, weights, out);
        if (has_ != fault::rounds_the_last_differently) { return; }
        auto const plane = sc::trailing<Rank - 2>(out.shape()).size();
        for (sc::index_t i = plane - 1; plane > 4 && i < out.size(); i += plane) {
            out.data()[i] = std::nextafter(out.data()[i], T(1000));
        }
    }

    template <class T, std::size_t Rank, class Batch>
    void mask(view<T const, Rank> images, view<T const, Rank> background, sc::masks_view<T, Rank> masks,
              view<sc::ops::pick const, 1> picks, Batch const& batch)
    {
        using memory       = view<typename Batch::element_type, Rank>;
        bool const instead = has_ == fault::channels_always_first;
        if (!instead) { return sc::reference_backend::mask(images, background, masks, picks, batch); }
        sc::reference_backend::mask(images, background, masks, picks, memory{batch.data(), batch.shape()});
    }

private:
    fault has_;
};

/// Its faults are mistakes with memory, which only work that is done later shows.
class device_backend : deferred::queue, public deferred::backend {
public:
    explicit device_backend(fault has) : deferred::backend{*static_cast<deferred::queue*>(this)}, has_{has} {}
    using deferred::backend::queue;
    using deferred::backend::wait;

    /// May be emptied as soon as nobody owns it, though work on it is still to be done.
    template <class T>
    class buffer : public deferred::buffer<T> {
    public:
        buffer(sc::index_t n, deferred::queue& on, bool emptied)
            : deferred::buffer<T>{n, on}, elements_{this->data(), emptied ? this->size() : 0}
        {
        }
        buffer(buffer&& other) noexcept
            : deferred::buffer<T>{std::move(other)}, elements_{std::exchange(other.elements_, {})}
        {
        }
        buffer& operator=(buffer&&) = delete;
        ~buffer() { std::fill(elements_.begin(), elements_.end(), T{}); }

    private:
        std::span<T> elements_;
    };
    template <class T>
    buffer<T> allocate(sc::index_t n)
    {
        return {n, *queue(), has_ == fault::frees_at_once};
    }
    template <class T, std::size_t Rank>
    void from_host(T const* host, sc::tensor_view<T, Rank, deferred::space> view)
    {
        bool const shared = has_ == fault::one_staging_buffer && std::is_same_v<T, float>;  // indices stay what they are
        if (!shared) { return backend::from_host(host, view); }
        std::memcpy(staging_->data(), host, sizeof(T) * static_cast<std::size_t>(view.size()));
        queue()->add([view, staging = staging_] {
            std::memcpy(static_cast<void*>(view.data()), staging->data(), sizeof(T) * static_cast<std::size_t>(view.size()));
        });
    }

private:
    using memory = std::array<char, 1 << 20>;
    fault has_;
    std::shared_ptr<memory> staging_ = std::make_shared<memory>();
};

template <class Backend>
findings check(fault has)
{
    Backend on{has};
    sc::testing::detail::recorder log{{}};
    sc::testing::detail::check_operations<float>(log, on);  // one type is enough here
    return std::move(log).findings();
}

}  // namespace

TEST_CASE("without a fault the backends fail nothing")
{
    CHECK(broken(check<host_backend>(fault::none)) == "");
    CHECK(broken(check<device_backend>(fault::none)) == "");
}
TEST_CASE("of equal outputs the last is taken")
{
    CHECK(breaks(check<host_backend>(fault::last_of_equals_wins), "of equal outputs the first is the top one"));
}
TEST_CASE("scores that take NaN for 0")
{
    CHECK(breaks(check<host_backend>(fault::nan_is_0), "NaN in outputs stays visible in the scores"));
}
TEST_CASE("extrema of volumes before resizing")
{
    CHECK(breaks(check<host_backend>(fault::volumes_not_resized), "masks and maps of volumes are the reference's"));
}
TEST_CASE("flat maps divided by 0") { CHECK(breaks(check<host_backend>(fault::divides_by_0), "flat maps mask everything")); }
TEST_CASE("a product that rounds the last column differently")
{
    CHECK(breaks(check<host_backend>(fault::rounds_the_last_differently), "a sum of constant channels is constant"));
}
TEST_CASE("channels that are always first")
{
    CHECK(breaks(check<host_backend>(fault::channels_always_first), "batches with channels last are the reference's"));
}
TEST_CASE("one staging buffer for all transfers")
{
    CHECK(breaks(check<device_backend>(fault::one_staging_buffer), "memory is copied, reused and freed in order"));
}
TEST_CASE("memory freed before its work is done")
{
    CHECK(breaks(check<device_backend>(fault::frees_at_once), "memory is copied, reused and freed in order"));
}

// ---- the same as doctest's assertions

namespace {

/// What doctest was told while the test cases of this section failed.
std::string& told()
{
    static std::string text;
    return text;
}

/// Hears of every failure.
class listener : public doctest::IReporter {
public:
    explicit listener(doctest::ContextOptions const&) {}
    void log_assert(doctest::AssertData const& made) override
    {
        if (!made.m_failed) { return; }
        std::ostringstream heard;
        for (int i = 0; i < get_num_active_contexts(); ++i) { get_active_contexts()[i]->stringify(&heard); }
        told() += heard.str();
    }
    void report_query(doctest::QueryData const&) override {}
    void test_run_start() override {}
    void test_run_end(doctest::TestRunStats const&) override {}
    void test_case_start(doctest::TestCaseData const&) override {}
    void test_case_reenter(doctest::TestCaseData const&) override {}
    void test_case_end(doctest::CurrentTestCaseStats const&) override {}
    void test_case_exception(doctest::TestCaseException const&) override {}
    void subcase_start(doctest::SubcaseSignature const&) override {}
    void subcase_end() override {}
    void log_message(doctest::MessageData const&) override {}
    void test_case_skipped(doctest::TestCaseData const&) override {}
};
REGISTER_LISTENER("told", 1, listener);

}  // namespace

TEST_CASE("a finding fails the test case" * doctest::should_fail())
{
    faulty model;
    model.run = [](faulty& own, batch_type batch) {
        if (batch.extent(0) > 4) { throw std::runtime_error{"too large"}; }
        return own.sound::forward(batch);
    };
    sc::reference_backend on;
    sc::testing::check_model_conformance(on, model);
}

TEST_CASE("and is told in words")
{
    CHECK(told().find(
              "a row of the outputs depends on its image alone, not on its batch: forward: expected no exception; seen: "
              "it threw: too large") != std::string::npos);
    CHECK(told().find("a row of the activations") == std::string::npos);  // the other checks hold
}
