// Which tensor of a network one would explain, and in which form, from drawn graphs.
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/engines/choose.hpp>
#include <scorecam/engines/flow.hpp>

namespace sc = scorecam;
namespace se = scorecam::engines;
using sc::index_t;

namespace {

/// A graph in the making, each tensor after those that it is made of; batches are of 2.
struct drawing {
    std::vector<se::candidate> tensors{};
    sc::image_shape input{3, 224, 224};
    index_t classes = 1000;

    drawing& add(std::string const& name, std::string const& type, std::vector<std::string> const& of,
                 std::vector<index_t> dims)
    {
        dims.insert(dims.begin(), 2);
        se::candidate made{{name, std::move(dims)}, type, {}};
        for (auto const& from : of) { made.of.push_back(from == "image" ? se::the_image : number(from)); }
        tensors.push_back(std::move(made));
        return *this;
    }
    [[nodiscard]] std::size_t number(std::string const& name) const
    {
        for (std::size_t i = 0; i < tensors.size(); ++i) {
            if (tensors[i].tensor.name == name) { return i; }
        }
        REQUIRE(false);
        return 0;
    }
    [[nodiscard]] std::vector<se::reading<2>> readings(std::optional<sc::token_grid<2>> tokens = {}) const
    {
        return se::readings_of<2>(tensors, {tensors, tensors.size() - 1}, 2, input, tokens);
    }
    [[nodiscard]] se::reading<2> read(std::string const& name) const { return readings().at(number(name)); }
    /// The name of the default; the last tensor holds the scores.
    [[nodiscard]] std::string chosen() const
    {
        se::flow const graph{tensors, tensors.size() - 1};
        auto const found = se::default_choice<2>(tensors, graph, readings(), classes, input);
        return found ? tensors[found->number].tensor.name : "";
    }
};

/// Behind `from`, tokens of `width`: attention with its residual, then the rest of a block. Gives PREFIX.out.
void add_block(drawing& to, std::string const& prefix, std::string const& from, index_t tokens, index_t width, bool in_one)
{
    auto const name = [&](std::string const& part) { return prefix + "." + part; };
    std::vector<index_t> const shape{tokens, width};
    to.add(name("mean"), "ReduceMean", {from}, {tokens, 1}).add(name("less"), "Sub", {from, name("mean")}, shape);
    to.add(name("norm"), "Add", {name("less")}, shape);
    for (auto const* one : {"q", "k", "v"}) {
        if (in_one && std::string{one} == "q") { to.add(name("qkv"), "MatMul", {name("norm")}, {tokens, 3 * width}); }
        auto const before = in_one ? name("qkv") : name("norm");
        auto const type   = in_one ? "Slice" : "MatMul";
        to.add(name(one), type, {before}, shape);
        to.add(name(std::string{one} + ".heads"), "Transpose", {name(one)}, {3, tokens, width / 3});
    }
    to.add(name("qk"), "MatMul", {name("q.heads"), name("k.heads")}, {3, tokens, tokens});
    to.add(name("softmax"), "Softmax", {name("qk")}, {3, tokens, tokens});
    to.add(name("seen"), "MatMul", {name("softmax"), name("v.heads")}, {3, tokens, width / 3});
    to.add(name("together"), "Reshape", {name("seen")}, shape).add(name("proj"), "MatMul", {name("together")}, shape);
    to.add(name("sum"), "Add", {from, name("proj")}, shape).add(name("mlp"), "MatMul", {name("sum")}, {tokens, 4 * width});
    to.add(name("back"), "MatMul", {name("mlp")}, shape).add(name("out"), "Add", {name("sum"), name("back")}, shape);
}
drawing transformer(index_t tokens, bool in_one, sc::image_shape input = {3, 224, 224}, index_t patch = 16)
{
    drawing one;
    one.input    = input;
    auto const h = input[1] / patch, w = input[2] / patch;
    index_t lead = tokens - h * w;
    one.add("patches", "Conv", {"image"}, {192, h, w}).add("flat", "Reshape", {"patches"}, {192, h * w});
    one.add("rows", "Transpose", {"flat"}, {h * w, 192});
    one.add("embedded", lead > 0 ? "Concat" : "Add", {"rows"}, {tokens, 192});
    add_block(one, "0", "embedded", tokens, 192, in_one);
    add_block(one, "1", "0.out", tokens, 192, in_one);
    return one;
}

}  // namespace

TEST_CASE("of a network with a class token the input of the last attention is chosen: behind it the patches feed nothing")
{
    for (bool const in_one : {true, false}) {
        CAPTURE(in_one);
        auto one = transformer(197, in_one);
        one.add("norm", "Add", {"1.out"}, {197, 192}).add("class", "Gather", {"norm"}, {192});
        one.add("scores", "Gemm", {"class"}, {1000});
        CHECK(one.chosen() == "1.norm");
        CHECK(one.read("1.norm").form == sc::layer_form::tokens);
        CHECK(one.read("1.norm").shape == sc::image_shape{192, 14, 14});
        CHECK_FALSE(one.read("1.softmax").is_sure);
        CHECK_FALSE(one.read("1.seen").is_sure);
    }
    auto picked_first = transformer(197, true);  // and normalised then
    picked_first.add("class", "Slice", {"1.out"}, {1, 192}).add("norm", "Add", {"class"}, {1, 192});
    picked_first.add("scores", "Gemm", {"norm"}, {1000});
    CHECK(picked_first.chosen() == "1.norm");

    auto distilled = transformer(198, true);
    distilled.add("norm", "Add", {"1.out"}, {198, 192}).add("class", "Gather", {"norm"}, {192});
    distilled.add("teacher", "Gather", {"norm"}, {192})
        .add("a", "Gemm", {"class"}, {1000})
        .add("b", "Gemm", {"teacher"}, {1000});
    distilled.add("scores", "Add", {"a", "b"}, {1000});
    CHECK(distilled.chosen() == "1.norm");
    CHECK(distilled.read("1.norm").shape == sc::image_shape{192, 14, 14});

    auto registers = transformer(261, false, {3, 224, 224}, 14);  // a class token and four registers
    registers.add("norm", "Add", {"1.out"}, {261, 192}).add("class", "Gather", {"norm"}, {192});
    registers.add("scores", "Gemm", {"class"}, {1000});
    CHECK(registers.chosen() == "1.norm");
    CHECK(registers.read("1.norm").shape == sc::image_shape{192, 16, 16});
}

TEST_CASE("where the tokens are averaged, all of them feed the scores to the end")
{
    auto one = transformer(196, true);
    one.add("norm", "Add", {"1.out"}, {196, 192}).add("mean", "ReduceMean", {"norm"}, {192});
    one.add("scores", "Gemm", {"mean"}, {1000});
    CHECK(one.chosen() == "norm");
    auto with_class = transformer(197, true);  // which is left out of the mean
    with_class.add("patches.out", "Slice", {"1.out"}, {196, 192}).add("mean", "ReduceMean", {"patches.out"}, {192});
    with_class.add("scores", "Gemm", {"mean"}, {1000});
    CHECK(with_class.chosen() == "1.out");
    auto wide = transformer(8 * 12, false, {3, 128, 192});
    wide.add("norm", "Add", {"1.out"}, {96, 192}).add("mean", "ReduceMean", {"norm"}, {192});
    wide.add("scores", "Gemm", {"mean"}, {1000});
    CHECK(wide.chosen() == "norm");
    CHECK(wide.read("norm").shape == sc::image_shape{192, 8, 12});
}

TEST_CASE("channels that lie last are read as such, and what is behind the pooling is no map")
{
    drawing one;
    one.add("stem", "Conv", {"image"}, {96, 56, 56}).add("rows", "Transpose", {"stem"}, {56, 56, 96});
    one.add("stage", "MatMul", {"rows"}, {7, 7, 768}).add("norm", "Add", {"stage"}, {7, 7, 768});
    one.add("mean", "ReduceMean", {"norm"}, {1, 1, 768}).add("scaled", "Mul", {"mean"}, {1, 1, 768});
    one.add("scores", "Gemm", {"scaled"}, {1000});
    CHECK(one.chosen() == "norm");
    CHECK(one.read("norm").form == sc::layer_form::tokens);
    CHECK(one.read("norm").shape == sc::image_shape{768, 7, 7});
    CHECK(one.read("stem").form == sc::layer_form::maps);
    CHECK_FALSE(one.read("scaled").is_sure);
}

TEST_CASE("as many channels as classes are a map of classes only if no weights are behind them")
{
    drawing by_chance;
    by_chance.classes = 8;
    by_chance.add("first", "Conv", {"image"}, {16, 56, 56}).add("last", "Conv", {"first"}, {8, 28, 28});
    by_chance.add("relu", "Relu", {"last"}, {8, 28, 28}).add("mean", "GlobalAveragePool", {"relu"}, {8, 1, 1});
    auto squeeze = by_chance;  // the mean of the maps are the scores
    squeeze.add("scores", "Flatten", {"mean"}, {8});
    by_chance.add("flat", "Flatten", {"mean"}, {8}).add("scores", "Gemm", {"flat"}, {8});
    CHECK(by_chance.chosen() == "relu");
    CHECK(squeeze.chosen() == "first");
    drawing nothing_else;
    nothing_else.classes = 8;
    nothing_else.add("last", "Conv", {"image"}, {8, 28, 28}).add("scores", "GlobalAveragePool", {"last"}, {8, 1, 1});
    CHECK(nothing_else.chosen() == "last");
}

TEST_CASE("what the scores do not depend on, and what has another aspect, is not chosen")
{
    drawing one;
    one.add("last", "Conv", {"image"}, {64, 14, 14}).add("beside", "Conv", {"last"}, {64, 14, 14});
    one.add("strip", "Conv", {"last"}, {64, 14, 2}).add("mean", "ReduceMean", {"strip"}, {64});
    one.add("scores", "Gemm", {"mean"}, {1000});
    CHECK(one.chosen() == "last");
    drawing excited;  // the mean of each channel is no map, what it scales is
    excited.add("last", "Conv", {"image"}, {64, 14, 14}).add("mean", "GlobalAveragePool", {"last"}, {64, 1, 1});
    excited.add("factor", "Conv", {"mean"}, {64, 1, 1}).add("scaled", "Mul", {"last", "factor"}, {64, 14, 14});
    excited.add("pooled", "GlobalAveragePool", {"scaled"}, {64, 1, 1}).add("scores", "Gemm", {"pooled"}, {1000});
    CHECK(excited.chosen() == "scaled");
}

TEST_CASE("shapes that a network computes of shapes do not count as its way")
{
    drawing one;
    one.add("last", "Conv", {"image"}, {64, 14, 14}).add("other", "Conv", {"last"}, {64, 7, 7});
    one.add("shape", "Shape", {"other"}, {});
    one.tensors.back().tensor.type = "int64";
    one.add("view", "Reshape", {"last", "shape"}, {64, 196}).add("mean", "ReduceMean", {"view"}, {64});
    one.add("scores", "Gemm", {"mean"}, {1000});
    CHECK(one.chosen() == "last");
}

TEST_CASE("without a graph nothing is chosen, and what the caller says of tokens holds")
{
    drawing one;
    one.add("features", "Output", {}, {64, 14, 14}).add("scores", "Output", {}, {1000});
    CHECK(one.chosen() == "");
    CHECK(one.read("features").form == sc::layer_form::maps);
    auto net = transformer(197, true);
    net.add("class", "Gather", {"1.out"}, {192}).add("scores", "Gemm", {"class"}, {1000});
    auto const seen = net.readings(sc::token_grid<2>{{2, 98}, 1});
    CHECK(seen[net.number("1.norm")].shape == sc::image_shape{192, 2, 98});
}

TEST_CASE("a graph shows that rows are apart, or it does not")
{
    auto const apart = [](char const* type, std::vector<index_t> shape) {
        drawing one;
        one.add("conv", "Conv", {"image"}, {8, 7, 7}).add("between", type, {"conv"}, std::move(shape));
        one.add("pool", "GlobalAveragePool", {"between"}, {8, 1, 1}).add("flat", "Flatten", {"pool"}, {8});
        one.add("scores", "Gemm", {"flat"}, {1000});
        return se::rows_are_apart(one.tensors, {one.tensors, one.tensors.size() - 1}, 2);
    };
    CHECK(apart("Relu", {8, 7, 7}));
    CHECK_FALSE(apart("ReduceMean", {8, 7, 7}));
    CHECK_FALSE(apart("BatchNormalization (training)", {8, 7, 7}));
    CHECK_FALSE(apart("Reshape", {8, 7, 7}));
    drawing folded;  // into another number of rows
    folded.add("conv", "Conv", {"image"}, {8, 7, 7});
    folded.tensors.back().tensor.dims[0] = 4;
    CHECK_FALSE(se::rows_are_apart(folded.tensors, {folded.tensors, 0}, 2));
}
