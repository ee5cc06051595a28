// Models whose inputs have other elements than the images, or their channels last, are explained as others are.
#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/metrics/metrics.hpp>
#include <scorecam/scorecam.hpp>
#include <scorecam/testing/backend_conformance.hpp>
#include <scorecam/testing/model_conformance.hpp>

#include "support/deferred_backend.hpp"
#include "support/networks.hpp"
#include "support/other_inputs.hpp"

namespace sc = scorecam;

using networks::bfloat16;
using networks::with_inputs;

namespace {

constexpr auto first = sc::layout::channels_first;
constexpr auto last  = sc::layout::channels_last;
constexpr sc::image_shape input{3, 12, 10};
constexpr sc::image_shape activation{7, 4, 3};

/// The network with its inputs rounded to U: what a model of such inputs computes, with inputs of T.
template <class Inner, class U>
class rounding {
    using T = typename Inner::value_type;

public:
    using value_type = T;
    using space_type = sc::host_space;
    using batch_type = sc::batch_of<Inner>;

    explicit rounding(Inner& inner) : inner_{inner} {}
    [[nodiscard]] auto input_shape() const { return inner_.input_shape(); }
    auto forward(batch_type batch) { return inner_.forward(rounded(batch)); }
    auto capture(batch_type batch) { return inner_.capture(rounded(batch)); }

private:
    batch_type rounded(batch_type batch)
    {
        values_.assign(batch.begin(), batch.end());
        for (T& value : values_) { value = static_cast<T>(static_cast<U>(value)); }
        return {values_.data(), batch.shape()};
    }
    Inner& inner_;
    std::vector<T> values_;
};

template <class Explanation>
void check_same(Explanation const& found, Explanation const& expected)
{
    auto const alike = [](auto const& a, auto const& b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); };
    CHECK(alike(found.maps, expected.maps));
    CHECK(alike(found.scores, expected.scores));
    CHECK(alike(found.weights, expected.weights));
    CHECK(alike(found.outputs, expected.outputs));
    CHECK(found.forwards == expected.forwards);
    CHECK(*std::max_element(found.maps.begin(), found.maps.end()) > 0);
}

/// The same bits as with inputs of T, channels first, rounded to U on the way.
template <class U, sc::layout Layout, class Inner, class Images, class... Policies>
void check_explained(Inner& inner, Images const& images, Policies... policies)
{
    sc::reference_backend cpu;
    rounding<Inner, U> plain{inner};
    auto const expected = sc::explain(cpu, plain, images.view(), policies...);
    with_inputs<Inner, U, Layout> other{inner};
    check_same(sc::explain(cpu, other, images.view(), policies...), expected);
}

/// With an input of its own, which has to be what it is called with.
struct with_buffer : with_inputs<networks::seeded<float>, bfloat16, last> {
    using with_inputs::with_inputs;
    sc::tensor_view<bfloat16, 4> input_buffer(sc::index_t n)
    {
        memory.resize(static_cast<std::size_t>(n * input.size()));
        return {memory.data(), n, input[1] + taller, input[2], input[0]};
    }
    sc::tensor_view<float const, 2> forward(batch_type batch)
    {
        elsewhere += batch.data() == memory.data() ? 0 : 1;
        return with_inputs::forward(batch);
    }
    std::vector<bfloat16> memory;
    sc::index_t taller = 0;
    int elsewhere      = 0;
};

}  // namespace

static_assert(sc::model<with_inputs<networks::seeded<float>, bfloat16, last>>);
static_assert(sc::takes_images<networks::seeded<float>>);
static_assert(!sc::takes_images<with_inputs<networks::seeded<float>, float, last>>);
static_assert(!sc::takes_images<with_inputs<networks::seeded<float>, bfloat16, first>>);

TEST_CASE("the places of a batch's elements")
{
    sc::extents<4> const shape{2, 3, 4, 5};
    CHECK(extents_in_memory(shape, first) == shape);
    CHECK(extents_in_memory(shape, last) == sc::extents<4>{2, 4, 5, 3});
    CHECK(strides_of(shape, first)(1, 2, 7) == 60 + 2 * 20 + 7);
    CHECK(strides_of(shape, last)(1, 2, 7) == 60 + 7 * 3 + 2);
}

TEST_CASE("maps do not depend on the order of the channels, and follow the inputs' rounding")
{
    networks::seeded<float> inner{input, activation, 5, 41};
    auto const images = networks::drawn_tensor<float>(prepend(input, 2), 42);
    auto const check  = [&](auto... policies) {
        check_explained<float, last>(inner, images, policies...);
        check_explained<bfloat16, first>(inner, images, policies...);
        check_explained<bfloat16, last>(inner, images, policies...);
    };
    check(sc::top{2}, sc::baseline{sc::blurred{1}}, sc::background{sc::mean{}}, sc::flat_channels::scored,
          sc::fixed_batch{3});
}

TEST_CASE("signals and volumes, and float inputs for double")
{
    networks::seeded<double, 1> signals{{{3, 17}}, {{4, 5}}, 3, 43};
    check_explained<float, last>(signals, networks::drawn_tensor<double>(sc::extents<3>{2, 3, 17}, 44));
    networks::seeded<double, 3> volumes{{{2, 4, 5, 6}}, {{4, 2, 3, 3}}, 3, 45};
    check_explained<float, last>(volumes, networks::drawn_tensor<double>(sc::extents<5>{1, 2, 4, 5, 6}, 46));
}

TEST_CASE("metrics, too")
{
    networks::seeded<float> inner{input, activation, 5, 47};
    auto const images = networks::drawn_tensor<float>(prepend(input, 1), 48);
    sc::reference_backend cpu;
    rounding<networks::seeded<float>, bfloat16> plain{inner};
    with_inputs<networks::seeded<float>, bfloat16, last> other{inner};
    auto const map   = sc::explain(cpu, plain, images.view(), sc::target{1});
    auto const curve = [&](auto& model) {
        return sc::metrics::deletion(cpu, model, images.view()[0], map.map(), sc::metrics::rise{.step = 20}, sc::target{1})
            .of();
    };
    CHECK(curve(other).scores == curve(plain).scores);
    CHECK(curve(other).scores.size() > 2);
    CHECK(curve(other).scores.front() != curve(other).scores.back());
}

TEST_CASE("masks are written into the model's own input")
{
    networks::seeded<float> inner{input, activation, 5, 41};
    auto const images = networks::drawn_tensor<float>(prepend(input, 1), 42);
    with_inputs<networks::seeded<float>, bfloat16, last> without{inner};
    with_buffer with{inner};
    sc::reference_backend cpu;
    check_same(sc::explain(cpu, with, images.view(), sc::baseline{sc::black{}}),
               sc::explain(cpu, without, images.view(), sc::baseline{sc::black{}}));
    CHECK(with.elsewhere == 0);
    with.taller = 1;
    CHECK_THROWS_WITH_AS(static_cast<void>(sc::explain(cpu, with, images.view())),
                         doctest::Contains("has the shape (1, 13, 10, 3); it must be (1, 12, 10, 3)"), sc::shape_error);
}

TEST_CASE("a batch bounded by its bytes holds twice as many of half the size")
{
    networks::seeded<float> inner{input, activation, 5, 41};
    auto const images = networks::drawn_tensor<float>(prepend(input, 1), 42);
    with_inputs<networks::seeded<float>, float, last> wide{inner};
    with_inputs<networks::seeded<float>, bfloat16, last> narrow{inner};
    sc::reference_backend cpu;
    sc::bounded_batch const two_floats{2 * input.size() * static_cast<sc::index_t>(sizeof(float))};
    CHECK(sc::explain(cpu, wide, images.view(), two_floats).batch_size == 2);
    CHECK(sc::explain(cpu, narrow, images.view(), two_floats).batch_size == 4);
}

TEST_CASE("several layers in one pass")
{
    networks::seeded<float> inner{input, activation, 5, 41};
    auto const images = networks::drawn_tensor<float>(prepend(input, 1), 42);
    struct two_layers : networks::seeded<float> {
        using seeded::seeded;
        sc::captured_layers<float> capture_layers(batch_type batch)
        {
            auto const seen = capture(batch);
            return {seen.outputs, {seen.activations, seen.activations}};
        }
    } layered{input, activation, 5, 41};
    with_inputs<two_layers, bfloat16, last> other{layered};
    with_inputs<networks::seeded<float>, bfloat16, last> alone{inner};
    sc::reference_backend cpu;
    auto const found    = sc::explain_layers(cpu, other, images.view(), sc::fusion{});
    auto const expected = sc::explain(cpu, alone, images.view());
    REQUIRE(found.layers.size() == 2);
    CHECK(std::equal(found.layers[1].maps.begin(), found.layers[1].maps.end(), expected.maps.begin()));
}

TEST_CASE("such models and the batches of backends pass the conformance suites")
{
    networks::seeded<float> inner{input, activation, 5, 41};
    with_inputs<networks::seeded<float>, bfloat16, last> model{inner};
    sc::reference_backend cpu;
    sc::testing::check_model_conformance(cpu, model, {.refuses_wrong_shapes = true});
    with_buffer owner{inner};
    sc::testing::check_model_conformance(cpu, owner);
    sc::testing::check_batches_of<bfloat16>(cpu);
    deferred::queue queue;
    deferred::backend device{queue};
    sc::testing::check_batches_of<bfloat16>(device);
}
