// From graphs to plans: shapes, names, what becomes one step, what lies where, and what is refused.
#include <algorithm>
#include <cmath>
#include <string>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/engines/layer.hpp>
#include <scorecam/engines/onnx/file.hpp>
#include <scorecam/error.hpp>
#include <scorecam/onnx/channels_last.hpp>
#include <scorecam/onnx/places.hpp>

#include "onnx/drawn.hpp"
#include "support/data.hpp"

using namespace onnx_tests;
using so::convolution;

namespace {

so::plan plan_of(std::string const& network, sc::image_shape input)
{
    return so::lowered(so::read_file(files::own("tests/engines/networks/" + network + ".onnx")), input);
}
drawing convolved(std::vector<so::attribute> attributes, so::dims weights = {4, 2, 3, 3})
{
    drawing one;
    one.floats("w", weights).floats("b", {weights[0]}).add("conv", "Conv", {"image", "w", "b"}, std::move(attributes));
    one.head("conv", weights[0]);
    return one;
}
sc::image_shape shape_behind_conv(std::vector<so::attribute> attributes, so::dims weights = {4, 2, 3, 3})
{
    return convolved(std::move(attributes), std::move(weights)).lowered().steps.at(0).output.shape;
}
/// What is left after fusing, one letter a step: Conv, Residual (a conv with a sum), pointwise, Add, Pool, Join, Softmax.
std::string letters(so::plan const& plan)
{
    std::string all;
    for (auto const& step : plan.steps) {
        char const kinds[] = {'C', 'P', 'p', 'A', 'J', 'S'};
        all += step.what.index() == 0 && step.inputs.size() == 2 ? 'R' : kinds[step.what.index()];
    }
    return all;
}
/// That it cannot be used, and why.
void refused(drawing const& one, std::vector<std::string> const& texts)
{
    std::string said;
    try {
        static_cast<void>(one.lowered());
    } catch (sc::model_error const& e) {
        said = e.what();
    }
    CAPTURE(said);
    CHECK(said != "");
    for (auto const& text : texts) { CHECK(said.find(text) != std::string::npos); }
    CHECK(said.find("; ") != std::string::npos);  // and what to do instead
}

}  // namespace

TEST_CASE("the layers of a file have their names, types and shapes, and the scores are found")
{
    auto const plan   = plan_of("plain", {2, 12, 10});
    auto const layers = plan.layers();
    std::vector<sc::layer<2>> const expected{{"/first/Conv", "Conv", {6, 12, 10}},
                                             {"/Relu", "Relu", {6, 12, 10}},
                                             {"/second/Conv", "Conv", {8, 6, 5}},
                                             {"/relu/Relu", "Relu", {8, 6, 5}}};
    REQUIRE(layers.size() == expected.size());
    for (std::size_t l = 0; l < layers.size(); ++l) {
        CHECK(layers[l].name == expected[l].name);
        CHECK(layers[l].type == expected[l].type);
        CHECK(layers[l].shape == expected[l].shape);
    }
    CHECK(plan.classes == 5);
    CHECK(letters(plan) == "CpCpPC");
    CHECK(letters(so::fused(plan, {})) == "CCPC");
    CHECK(letters(so::fused(plan, {plan.value_of("/second/Conv")})) == "CCpPC");
    CHECK_THROWS_AS(static_cast<void>(plan.value_of("/third/Conv")), sc::model_error);
}

TEST_CASE("a node without a name goes by its tensor's")
{
    auto one                = convolved({});
    one.graph.nodes[0].name = "";
    CHECK(one.lowered().layers()[0].name == "conv");
}

TEST_CASE("windows: strides, dilations, padding by hand and by rule, the last one not full")
{
    CHECK(shape_behind_conv({}) == sc::image_shape{4, 4, 3});
    CHECK(shape_behind_conv({integers("pads", {1, 1, 1, 1})}) == sc::image_shape{4, 6, 5});
    CHECK(shape_behind_conv({integers("strides", {2, 2})}) == sc::image_shape{4, 2, 2});
    CHECK(shape_behind_conv({integers("dilations", {2, 2})}) == sc::image_shape{4, 2, 1});
    CHECK(shape_behind_conv({word("auto_pad", "VALID")}) == sc::image_shape{4, 4, 3});
    CHECK(shape_behind_conv({word("auto_pad", "SAME_UPPER"), integers("strides", {2, 2})}) == sc::image_shape{4, 3, 3});
    CHECK(shape_behind_conv({integer("group", 2)}, {4, 1, 1, 1}) == sc::image_shape{4, 6, 5});
    auto const pooled = [](std::vector<so::attribute> attributes) {
        drawing one;
        one.add("pool", "MaxPool", {"image"}, std::move(attributes)).head("pool", 2);
        return one.lowered().steps.at(0).output.shape;
    };
    CHECK(pooled({integers("kernel_shape", {2, 2}), integers("strides", {2, 2})}) == sc::image_shape{2, 3, 2});
    CHECK(pooled({integers("kernel_shape", {2, 2}), integers("strides", {2, 2}), integer("ceil_mode", 1)}) ==
          sc::image_shape{2, 3, 3});
    CHECK(pooled({integers("kernel_shape", {1, 1}), integers("strides", {4, 4}), integer("ceil_mode", 1)}) ==
          sc::image_shape{2, 2, 2});  // a third would begin behind the image's last row
}

TEST_CASE("padding of one side becomes padding of both, with zeros in the weights")
{
    auto const plan  = convolved({integers("pads", {0, 1, 1, 0}), integers("strides", {2, 2})}).lowered();
    auto const& made = std::get<convolution>(plan.steps[0].what);
    CHECK(made.padding == so::pair{1, 1});
    CHECK(made.shape == sc::extents<4>{4, 2, 4, 4});
    CHECK(plan.steps[0].output.shape == sc::image_shape{4, 3, 2});
    auto const given = convolved({}).graph.constants.at("w").floats();
    for (index_t m = 0; m < 8; ++m) {
        for (index_t y = 0; y < 4; ++y) {
            for (index_t x = 0; x < 4; ++x) {  // one row above, one column to the right
                auto const expected = y == 0 || x == 3 ? 0 : given[static_cast<std::size_t>((m * 3 + y - 1) * 3 + x)];
                CHECK(made.weights[static_cast<std::size_t>((m * 4 + y) * 4 + x)] == expected);
            }
        }
    }
    refused(convolved({integers("pads", {0, 0, 1, 1}), integers("dilations", {2, 2})}), {"Conv", "conv", "dilated"});
}

TEST_CASE("a Pad becomes part of the convolution behind it, and of nothing else")
{
    drawing one;
    one.add("pad", "Pad", {"image"}, {integers("pads", {0, 0, 1, 1, 0, 0, 1, 1})}).floats("w", {4, 2, 3, 3});
    auto other = one, ones = one, shaped = one;
    auto const plan = one.add("conv", "Conv", {"pad", "w"}).head("conv", 4).lowered();
    CHECK(plan.steps[0].output.shape == sc::image_shape{4, 6, 5});
    CHECK(std::get<convolution>(plan.steps[0].what).padding == so::pair{1, 1});
    CHECK(plan.layers()[0].name == "conv");  // what is padded is nowhere
    refused(other.add("relu", "Relu", {"pad"}).head("relu", 2), {"Relu", "relu", "Pad"});
    shaped.add("shape", "Shape", {"pad"}).add("view", "Reshape", {"image", "shape"}).head("view", 2);
    refused(shaped, {"Shape", "the node shape", "Pad"});
    ones.graph.nodes[0].attributes.push_back(real("value", 1));
    refused(ones.add("conv", "Conv", {"pad", "w"}).head("conv", 4), {"Pad", "pad", "zeros"});
    drawing last;
    last.add("mean", "GlobalAveragePool", {"image"});
    last.add("scores", "Pad", {"mean"}, {integers("pads", {0, 0, 1, 0, 0, 0, 1, 1})});
    refused(last, {"(n, classes)", "scores (n, 2, 3, 2)"});
}

TEST_CASE("a normalisation, products and sums with constants are folded into the convolution before them")
{
    auto one = convolved({integers("pads", {1, 1, 1, 1})});
    one.graph.nodes.resize(1);
    auto const before = std::get<convolution>(convolved({}).lowered().steps[0].what);
    one.floats("gamma", {4}).floats("beta", {4}).floats("average", {4}).floats("variance", {4}).floats("by", {4, 1, 1});
    one.floats("two", {}, {2});
    one.add("norm", "BatchNormalization", {"conv", "gamma", "beta", "average", "variance"}, {real("epsilon", 0.25F)});
    one.add("times", "Mul", {"norm", "by"}).add("less", "Sub", {"two", "times"}).add("half", "Div", {"less", "two"});
    one.add("relu", "Relu", {"half"}).head("relu", 4);
    auto const plan = one.fused();
    CHECK(letters(one.lowered()) == "CCCCCpPC");
    CHECK(letters(plan) == "CPC");
    auto const& made = std::get<convolution>(plan.steps[0].what);
    CHECK(made.then.function == so::pointwise::relu);
    auto const& all = one.graph.constants;
    for (std::size_t m = 0; m < 4; ++m) {
        double const norm = all.at("gamma").floats()[m] / std::sqrt(all.at("variance").floats()[m] + 0.25);
        double const by   = all.at("by").floats()[m];
        auto const after  = [&](double conv) {
            return (2 - by * (norm * (conv - all.at("average").floats()[m]) + all.at("beta").floats()[m])) / 2;
        };
        CHECK(made.bias[m] == doctest::Approx(after(before.bias[m])).epsilon(1e-6));
        for (std::size_t i = 0; i < 18; ++i) {
            CHECK(made.weights[m * 18 + i] == doctest::Approx(after(before.weights[m * 18 + i]) - after(0)).epsilon(1e-6));
        }
    }
    // What is explained is computed as it is.
    CHECK(letters(one.fused({"conv"})) == "CCPC");
    CHECK(letters(one.fused({"norm", "half"})) == "CCpPC");
}

TEST_CASE("what nobody folds stays: a normalisation without a convolution before it, or behind one that others need")
{
    drawing alone;
    for (auto const* name : {"gamma", "beta", "average", "variance"}) { alone.floats(name, {2}); }
    alone.add("norm", "BatchNormalization", {"image", "gamma", "beta", "average", "variance"}).head("norm", 2);
    CHECK(letters(alone.fused()) == "CPC");
    CHECK(std::get<convolution>(alone.fused().steps[0].what).groups == 2);

    auto shared = convolved({});
    shared.graph.nodes.resize(1);
    shared.add("relu", "Relu", {"conv"}).add("sum", "Add", {"conv", "relu"}).head("sum", 4);
    CHECK(letters(shared.fused()) == "CpAPC");
    CHECK(letters(shared.fused({"relu"})) == "CpAPC");
}

TEST_CASE("a sum is done by the convolution that is before it alone, wherever the other one is computed")
{
    for (bool const swapped : {false, true}) {
        auto one = convolved({});
        one.graph.nodes.resize(1);  // conv -> relu -> second, and a convolution of the image beside them
        one.add("relu", "Relu", {"conv"}).floats("v", {4, 4, 1, 1}).add("second", "Conv", {"relu", "v"});
        one.add("beside", "Conv", {"image", "w"});
        one.add("sum", "Add",
                swapped ? std::vector<std::string>{"second", "beside"} : std::vector<std::string>{"beside", "second"});
        one.add("last", "Relu", {"sum"}).head("last", 4);
        auto const plan = one.fused();
        CHECK(letters(plan) == "CCRPC");
        CHECK(std::get<convolution>(plan.steps[2].what).then.function == so::pointwise::relu);
        CHECK(plan.steps[2].inputs[1].value == plan.steps[1].output.value);  // made before
        CHECK(letters(one.fused({"sum"})) == "CCRpPC");
        CHECK(letters(one.fused({"second", "beside"})) == "CCCApPC");
    }
    auto twice = convolved({});
    twice.graph.nodes.resize(1);
    twice.add("sum", "Add", {"conv", "conv"}).head("sum", 4);
    CHECK(letters(twice.fused()) == "CAPC");
}

TEST_CASE("what only moves values gives no step")
{
    auto one = convolved({});
    one.graph.nodes.resize(1);
    one.add("drop", "Dropout", {"conv"}).add("same", "Identity", {"drop"}).add("relu", "Relu", {"same"});
    one.add("mean", "ReduceMean", {"relu"}, {integers("axes", {-1, 2}), integer("keepdims", 0)}).floats("w2", {4, 3});
    one.numbers("zero", {}, {0}).numbers("axis", {1}, {0}).numbers("rest", {1}, {-1});  // reshaped by its own shape
    one.add("shape", "Shape", {"mean"}).add("n", "Gather", {"shape", "zero"}).add("n1", "Unsqueeze", {"n", "axis"});
    one.add("to", "Concat", {"n1", "rest"}, {integer("axis", 0)}).add("view", "Reshape", {"mean", "to"});
    one.numbers("two", {1}, {2}).add("wide", "Unsqueeze", {"view", "two"}).add("narrow", "Squeeze", {"wide", "two"});
    one.add("product", "MatMul", {"narrow", "w2"}).floats("b2", {3}).add("scores", "Add", {"product", "b2"});
    auto const plan = one.fused();
    CHECK(letters(plan) == "CPC");
    CHECK(plan.classes == 3);
    auto const& last = std::get<convolution>(plan.steps[2].what);
    CHECK(last.bias == one.graph.constants.at("b2").floats());
    CHECK(last.weights[1] == one.graph.constants.at("w2").floats()[3]);  // (C, classes) turned
    CHECK(plan.layers().size() == 4);                                    // conv, drop, same, relu
}

TEST_CASE("Flatten counts its axis from either end")
{
    auto const flattened = [](index_t axis) {
        auto one = convolved({});
        one.graph.nodes.resize(1);
        one.add("node", "Flatten", {"conv"}, {integer("axis", axis)}).head("node", 48);
        return one;
    };
    for (index_t const axis : {1, -3}) { CHECK(flattened(axis).lowered().classes == 3); }  // of (n, 4, 4, 3)
    for (index_t const axis : {0, 2, 4, -4, -2, -1}) { refused(flattened(axis), {"Flatten", "node", "axis=1"}); }
    for (index_t const axis : {5, -5}) { refused(flattened(axis), {"Flatten", "node", "no axis " + std::to_string(axis)}); }
}

TEST_CASE("reshapes keep the images apart")
{
    auto const reshaped = [](std::vector<index_t> to) {
        auto one = convolved({});
        one.graph.nodes.resize(1);
        auto const count = static_cast<index_t>(to.size());
        one.numbers("to", {count}, std::move(to)).add("view", "Reshape", {"conv", "to"}).head("view", 4);
        return one;
    };
    for (auto const& to : {std::vector<index_t>{0, 4, -1}, {-1, 4, 12}, {1, 4, 3, 4}, {0, 0, 6, 2}}) {
        CHECK(letters(reshaped(to).lowered()) == "CPC");
    }
    refused(reshaped({4, -1}), {"Reshape", "view", "images apart"});
    refused(reshaped({0, 5, -1}), {"Reshape", "view", "(5, 9)", "(4, 4, 3)"});
    refused(reshaped({-1, 4, -1}), {"Reshape", "view"});
    auto four                     = reshaped({4, 4, -1});
    four.graph.inputs[0].shape[0] = 4;  // a file for four images
    CHECK(letters(four.lowered()) == "CPC");
}

TEST_CASE("values leave their place to others, but not while they are needed")
{
    for (bool const all : {false, true}) {
        auto plan = plan_of("residual", {3, 8, 8});
        std::vector<so::value_id> kept;
        if (all) {
            for (auto const& one : plan.layers()) { kept.push_back(plan.value_of(one.name)); }
        } else {
            kept.push_back(plan.value_of("/add/Add"));
        }
        plan               = so::fused(std::move(plan), kept);
        auto const places  = so::placed(plan, kept);
        index_t of_all     = 0;
        auto const overlap = [&](so::value_id a, so::value_id b) {
            return places.of[a] < places.of[b] + plan.sizes[b] && places.of[b] < places.of[a] + plan.sizes[a];
        };
        std::vector<so::value_id> made;
        for (std::size_t i = 0; i < plan.steps.size(); ++i) {
            auto const out = plan.steps[i].output.value;
            CHECK(places.of[out] >= 0);
            CHECK(places.of[out] % 64 == 0);
            CHECK(places.of[out] + plan.sizes[out] <= places.size);
            of_all += plan.sizes[out];
            for (auto const other : made) {
                bool needed = other == plan.scores || std::find(kept.begin(), kept.end(), other) != kept.end();
                for (std::size_t j = i; j < plan.steps.size(); ++j) {
                    for (auto const& x : plan.steps[j].inputs) { needed = needed || x.value == other; }
                }
                CHECK_FALSE((needed && overlap(out, other)));
            }
            made.push_back(out);
        }
        CHECK((places.size < of_all) != all);
    }
}

TEST_CASE("the operator and the node that cannot be used are named, if their result is needed")
{
    auto one = convolved({});
    one.graph.nodes.resize(1);
    auto beside = one;
    one.add("/act/Erf", "Erf", {"conv"}).add("relu", "Relu", {"/act/Erf"}).head("relu", 4);
    refused(one, {"the operator Erf, the node /act/Erf, is not supported", "; export ", "Conv", "Relu"});
    beside.add("erf", "Erf", {"conv"}).add("sigmoid", "Sigmoid", {"conv"}).head("sigmoid", 4);
    CHECK(letters(beside.lowered()) == "CpPC");
    auto custom                = one;
    custom.graph.nodes[1].type = "com.microsoft.Gelu";
    refused(custom, {"com.microsoft.Gelu", "/act/Erf"});
}

TEST_CASE("parameters that cannot be had are named")
{
    auto const behind_conv = [](std::string const& type, std::vector<std::string> inputs,
                                std::vector<so::attribute> attributes) {
        auto one = convolved({});
        one.graph.nodes.resize(1);
        one.floats("places", {4, 3}).floats("many", {1, 2, 4, 3}).floats("low", {}, {-1}).floats("high", {}, {1});
        one.add("node", type, std::move(inputs), std::move(attributes)).head("node", 4);
        return one;
    };
    refused(behind_conv("Mul", {"conv", "places"}, {}), {"Mul", "node", "each channel", "(4, 3)"});
    refused(behind_conv("Mul", {"conv", "conv"}, {}), {"Mul", "node", "sum"});
    refused(behind_conv("Add", {"conv", "image"}, {}), {"Add", "node", "(4, 4, 3)", "(2, 6, 5)"});
    refused(behind_conv("Div", {"high", "conv"}, {}), {"Div", "node"});
    refused(behind_conv("Clip", {"conv", "low", "high"}, {}), {"Clip", "node", "-1", "1"});
    refused(behind_conv("Conv", {"conv", "many"}, {}), {"Conv", "node", "(1, 2, 4, 3)", "4 channels"});
    refused(behind_conv("Conv", {"conv", "conv"}, {}), {"Conv", "node", "constant"});
    refused(behind_conv("Gemm", {"conv", "places"}, {}), {"Gemm", "node", "(n, 4, 4, 3)", "(n, channels)"});
    refused(behind_conv("Concat", {"conv", "conv"}, {integer("axis", 2)}), {"Concat", "node", "channels"});
    refused(behind_conv("Softmax", {"conv"}, {integer("axis", 3)}), {"Softmax", "node", "channels"});
    refused(behind_conv("ReduceMean", {"conv"}, {integers("axes", {1})}), {"ReduceMean", "node", "places"});
    refused(behind_conv("Flatten", {"conv"}, {integer("axis", 2)}), {"Flatten", "node", "axis=1"});
    refused(behind_conv("MaxPool", {"conv"}, {integers("kernel_shape", {2, 2}), integers("dilations", {2, 2})}),
            {"MaxPool", "node", "dilated"});
    refused(behind_conv("MaxPool", {"conv"}, {integers("kernel_shape", {9, 9})}), {"MaxPool", "node", "(4, 3)"});
    refused(behind_conv("AveragePool", {"conv"},
                        {integers("kernel_shape", {2, 2}), integers("pads", {0, 0, 1, 1}), integer("count_include_pad", 1)}),
            {"AveragePool", "node", "count_include_pad"});
    refused(behind_conv("Relu", {}, {}), {"Relu", "node", "not complete"});
    refused(behind_conv("Relu", {"nobody"}, {}), {"Relu", "node", "nobody"});
    refused(behind_conv("Sigmoid", {"many"}, {}), {"Sigmoid", "node", "constants"});
    refused(behind_conv("MaxPool", {"conv"}, {integers("kernel_shape", {0, 2})}), {"MaxPool", "node", "size"});
    refused(behind_conv("MaxPool", {"conv"}, {integers("kernel_shape", {2, 2}), integers("strides", {0, 1})}),
            {"MaxPool", "node", "strides"});
    auto halves                    = behind_conv("Mul", {"conv", "high"}, {});
    halves.graph.constants["high"] = {"high", {}, so::element::undefined};
    refused(halves, {"Mul", "node", "high", "float32"});
}

TEST_CASE("inputs and outputs that are not those of a classifier of images")
{
    auto const message = [](std::string const& network, sc::image_shape input) -> std::string {
        try {
            static_cast<void>(plan_of(network, input));
        } catch (sc::model_error const& e) {
            return e.what();
        }
        return "";
    };
    CHECK(message("two_inputs", {2, 12, 10}).find("image (n, 2, 12, 10), other (n, 2, 12, 10); export ") !=
          std::string::npos);
    CHECK(message("no_scores", {2, 12, 10}).find("features (n, 8, 6, 5); export ") != std::string::npos);
    CHECK(message("two_scores", {2, 12, 10}).find("logits (n, 5), probabilities (n, 5); name ") != std::string::npos);
    CHECK(message("doubles", {2, 12, 10}).find("float32") != std::string::npos);
    CHECK(message("residual", {3, 8, 12}).find("(3, 8, 12) but of (n, 3, 8, 8)") != std::string::npos);
    CHECK(message("signal", {3, 20, 1}).find("(n, 3, 20)") != std::string::npos);
    CHECK(message("transformer", {3, 12, 16}).find("the operator ") != std::string::npos);
    auto const two = so::read_file(files::own("tests/engines/networks/two_scores.onnx"));
    CHECK(so::lowered(two, {2, 12, 10}, "logits").scores != so::lowered(two, {2, 12, 10}, "probabilities").scores);
    CHECK_THROWS_AS(static_cast<void>(so::lowered(two, {2, 12, 10}, "neither")), sc::model_error);
}

TEST_CASE("with channels last, a layer that sees a whole image is a convolution with its window")
{
    auto flattened = convolved({integers("pads", {1, 1, 1, 1})});  // (4, 6, 5)
    flattened.graph.nodes.erase(flattened.graph.nodes.begin() + 1, flattened.graph.nodes.end());
    flattened.add("flat", "Flatten", {"conv"}).floats("w2", {3, 120}).floats("b2", {3});
    flattened.add("scores", "Gemm", {"flat", "w2", "b2"}, {integer("transB", 1)});
    auto const before = flattened.fused();
    auto const after  = so::for_channels_last(before, {2, 6, 5});
    auto const& head  = std::get<convolution>(after.steps.at(1).what);
    CHECK(head.shape == sc::extents<4>{3, 4, 6, 5});
    CHECK(head.weights == std::get<convolution>(before.steps.at(1).what).weights);
    CHECK(after.steps[1].inputs[0].shape == sc::image_shape{4, 6, 5});
    CHECK(after.steps[1].output.shape == sc::image_shape{3, 1, 1});
    CHECK(after.steps[0].inputs[0].shape == sc::image_shape{2, 6, 5});

    drawing direct;  // the network's input, flattened
    direct.add("flat", "Flatten", {"image"}).floats("w", {3, 60}).floats("b", {3});
    direct.add("scores", "Gemm", {"flat", "w", "b"}, {integer("transB", 1)});
    auto const first = so::for_channels_last(direct.fused(), {2, 6, 5}).steps.at(0);
    CHECK(std::get<convolution>(first.what).shape == sc::extents<4>{3, 2, 6, 5});
}

TEST_CASE("with channels last, a reshape that would move elements is refused, and one that would not is not")
{
    auto const plan = convolved({}).fused();  // its mean is flattened
    CHECK(so::for_channels_last(plan, {2, 6, 5}).steps.size() == plan.steps.size());

    drawing reshaped;
    reshaped.numbers("shape", {4}, {0, 4, 3, 5}).add("other", "Reshape", {"image", "shape"});
    reshaped.floats("w", {4, 4, 1, 1}).floats("b", {4}).add("conv", "Conv", {"other", "w", "b"}).head("conv", 4);
    CHECK_THROWS_WITH_AS(static_cast<void>(so::for_channels_last(reshaped.fused(), {2, 6, 5})),
                         doctest::Contains("Conv, the node conv: takes an image of (2, 6, 5) reshaped to (4, 3, 5)"),
                         sc::model_error);
}

TEST_CASE("with channels last, a convolution with padding does not see a whole image")
{
    drawing padded;
    padded.numbers("shape", {4}, {0, 60, 1, 1}).add("flat", "Reshape", {"image", "shape"});
    padded.floats("w", {4, 60, 1, 1}).floats("b", {4});
    padded.add("conv", "Conv", {"flat", "w", "b"}, {integers("pads", {1, 1, 1, 1})}).head("conv", 4);
    CHECK_THROWS_WITH_AS(static_cast<void>(so::for_channels_last(padded.fused(), {2, 6, 5})),
                         doctest::Contains("(2, 6, 5) reshaped to (60, 1, 1)"), sc::model_error);
}
