// Networks of every kind that people export give the activations and outputs of the plain one, or are refused in a sentence.
#include <cstdint>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/engines/elements.hpp>
#include <scorecam/error.hpp>
#include <scorecam/tensor.hpp>

#include "engines/recorded.hpp"
#include "engines/tested.hpp"
#include "onnx/written.hpp"

using namespace engines;
using namespace onnx_written;

namespace {

constexpr sc::image_shape input_shape{3, 12, 10};
constexpr std::int64_t open = -1;
enum : std::int64_t { float32 = 1, uint8 = 2, int8 = 3, float16 = 10 };  // TensorProto.DataType

std::string saved(std::string const& name, std::string const& graph)
{
    std::string const file = std::string{SCORECAM_SCRATCH_DIR} + "/kind_" + name + ".onnx";
    std::ofstream{file, std::ios::binary} << network(graph);
    return file;
}
/// An input or output of another type than float32.
std::string typed(std::uint64_t id, std::string const& name, std::vector<std::int64_t> const& dims, std::int64_t type)
{
    std::string shape;
    for (auto const d : dims) { shape += text(1, d < 0 ? text(2, "n") : number(1, d)); }
    return text(id, text(1, name) + text(2, text(1, number(1, type) + text(2, shape))));
}
std::string raw(std::string const& name, std::vector<std::int64_t> const& dims, std::int64_t type, std::string const& bytes)
{
    std::string all = number(2, type) + text(8, name) + text(9, bytes);
    for (auto const d : dims) { all += number(1, d); }
    return text(5, all);
}
/// The weights of varied(), as float16.
std::string halved(std::string const& name, std::vector<std::int64_t> const& dims)
{
    std::int64_t count = 1;
    for (auto const d : dims) { count *= d; }
    std::vector<float> values(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < values.size(); ++i) { values[i] = static_cast<float>((i * 7919 + 13) % 1009) / 504.5F - 1; }
    std::vector<std::byte> halves;
    sc::engines::store(values.data(), values.size(), "float16", halves);
    return raw(name, dims, float16, {reinterpret_cast<char const*>(halves.data()), halves.size()});
}
std::string flag(std::string const& name, std::int64_t value) { return integer_attribute(name, value); }

std::string conv(std::string const& from, std::string const& to, std::string const& weights = "w")
{
    return node("Conv", {from, weights}, to, integers_attribute("kernel_shape", {3, 3})) + node("Relu", {to}, to + "_relu");
}
std::string head(std::string const& from, std::string const& to)
{
    return node("GlobalAveragePool", {from}, "mean") + node("Flatten", {"mean"}, "flat") +
           node("Gemm", {"flat", "v", "b"}, to, flag("transB", 1));
}
std::string weights_of_head(std::int64_t classes = 4) { return varied("v", {classes, 6}) + varied("b", {classes}); }
/// "a_relu" is its last layer, and `to` the logits.
std::string body(std::string const& from, std::string const& to)
{
    return varied("w", {6, 3, 3, 3}) + weights_of_head() + conv(from, "a") + head("a_relu", to);
}
std::string plain() { return input("x", {open, 3, 12, 10}) + body("x", "y") + output("y", {open, 4}); }

sc::tensor<float, 4> pictures(sc::index_t n)
{
    sc::tensor<float, 4> all{{{n, 3, 12, 10}}};
    for (sc::index_t i = 0; i < all.size(); ++i) { all.data()[i] = static_cast<float>((i * 31 + i / 7) % 200); }
    return all;
}

/// The activations and outputs of a network for three pictures are those of the plain one.
template <class Network, class Plain>
void same_as_plain(Network& other, Plain& expected, double within)
{
    sc::index_t const n = std::min<sc::index_t>(3, other.max_batch());
    auto const batch    = pictures(n);
    auto const theirs   = other.capture(batch.view());
    auto const ours     = expected.capture(batch.view());
    double most         = 0;
    for (float const v : ours.activations) { most = std::max(most, static_cast<double>(v)); }
    REQUIRE(theirs.activations.shape() == ours.activations.shape());
    CHECK(deviation(theirs.activations, ours.activations) < within * most);
    double of_outputs = 0;
    for (float const v : ours.outputs) { of_outputs = std::max(of_outputs, std::abs(static_cast<double>(v))); }
    CHECK(deviation(theirs.outputs, ours.outputs) < within * of_outputs);
    CHECK(deviation(other.forward(batch.view()), ours.outputs) < within * of_outputs);
}

template <class Engine>
std::string refused(std::string const& file, sc::image_shape input = input_shape)
{
    try {
        static_cast<void>(Engine::from_file(file, input));
    } catch (sc::error const& e) {
        return e.what();
    }
    return "";
}
bool contains(std::string const& text, std::string const& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE_TEMPLATE("the channels may be last, and every extent open", Engine, tested)
{
    auto expected = Engine::from_file(saved("plain", plain()), input_shape);
    CHECK(expected.activation() == "");
    CHECK(expected.precision() == "float32");
    auto const turned = [](std::vector<std::int64_t> const& dims) {
        return input("x", dims) + node("Transpose", {"x"}, "t", integers_attribute("perm", {0, 3, 1, 2})) + body("t", "y") +
               output("y", {open, 4});
    };
    auto last = Engine::from_file(saved("last", turned({open, 12, 10, 3})), input_shape);
    same_as_plain(last, expected, 1e-5);
    auto any = Engine::from_file(saved("last_any", turned({open, open, open, 3})), input_shape);
    same_as_plain(any, expected, 1e-5);
    if (Engine::reads_all_types) {  // OpenCV wants the channels
        auto const graph = input("x", {open, open, open, open}) + body("x", "y") + output("y", {open, 4});
        auto all_open    = Engine::from_file(saved("open", graph), input_shape);
        same_as_plain(all_open, expected, 1e-5);
    }
}

TEST_CASE_TEMPLATE("inputs of uint8 and float16, and layers and outputs of float16", Engine, tested)
{
    auto expected      = Engine::from_file(saved("plain", plain()), input_shape);
    auto const of_uint = typed(11, "x", {open, 3, 12, 10}, uint8) + node("Cast", {"x"}, "f", flag("to", float32)) +
                         body("f", "y") + output("y", {open, 4});
    auto whole = Engine::from_file(saved("uint8", of_uint), input_shape);
    CHECK(whole.image().name == "x");
    same_as_plain(whole, expected, 1e-5);

    auto const half = halved("w", {6, 3, 3, 3}) + halved("v", {4, 6}) + halved("b", {4}) + conv("h", "a");
    auto const in =
        typed(11, "h", {open, 3, 12, 10}, float16) + half + head("a_relu", "y") + typed(12, "y", {open, 4}, float16);
    auto const inside = input("x", {open, 3, 12, 10}) + node("Cast", {"x"}, "h", flag("to", float16)) + half +
                        head("a_relu", "z") + node("Cast", {"z"}, "y", flag("to", float32)) + output("y", {open, 4});
    for (auto const& file : {saved("half", in), saved("half_inside", inside)}) {
        CAPTURE(file);
        if (!Engine::reads_all_types) {
            CHECK(refused<Engine>(file) != "");
            continue;
        }
        auto of_half = Engine::from_file(file, input_shape);
        CHECK(of_half.precision() == "float16");
        same_as_plain(of_half, expected, 5e-3);
    }
}

TEST_CASE_TEMPLATE("a quantised network says so; one of integers alone is refused", Engine, tested)
{
    float const step = 2;  // of the activations
    auto const steps = constant<float>("s", {}, {step}) + raw("z", {}, uint8, std::string(1, '\0'));
    auto const qdq = input("x", {open, 3, 12, 10}) + steps + varied("w", {6, 3, 3, 3}) + weights_of_head() + conv("x", "a") +
                     node("QuantizeLinear", {"a_relu", "s", "z"}, "q") + node("DequantizeLinear", {"q", "s", "z"}, "dq") +
                     head("dq", "y") + output("y", {open, 4});
    if (Engine::reads_all_types) {
        auto expected = Engine::from_file(saved("plain", plain()), input_shape);
        auto coded    = Engine::from_file(saved("qdq", qdq), input_shape);
        CHECK(coded.precision() == "int8");
        CHECK(coded.explained()[0].shape == sc::image_shape{6, 10, 8});
        static_cast<void>(coded.capture(pictures(1).view()));
    }
    std::string const whole(static_cast<std::size_t>(6 * 3 * 3 * 3), '\1');
    auto const integers =
        input("x", {open, 3, 12, 10}) + constant<float>("s", {}, {step}) + raw("z", {}, uint8, std::string(1, '\0')) +
        raw("zw", {}, int8, std::string(1, '\0')) + raw("qw", {6, 3, 3, 3}, int8, whole) + weights_of_head() +
        node("QuantizeLinear", {"x", "s", "z"}, "q") +
        node("QLinearConv", {"q", "s", "z", "qw", "s", "zw", "s", "z"}, "a", integers_attribute("kernel_shape", {3, 3})) +
        node("DequantizeLinear", {"a", "s", "z"}, "dq") + node("GlobalAveragePool", {"q"}, "unused") + head("dq", "y") +
        output("y", {open, 4});
    auto const said = refused<Engine>(saved("integers", integers));
    CAPTURE(said);
    if (!Engine::reads_all_types) {
        CHECK(contains(said, "quantised"));
        CHECK(contains(said, "QDQ"));
    }
}

TEST_CASE_TEMPLATE("inputs beside the image are held constant", Engine, tested)
{
    auto const graph = input("x", {open, 3, 12, 10}) + input("offset", {open, 4}) + body("x", "z") +
                       node("Add", {"z", "offset"}, "y") + output("y", {open, 4});
    auto const file   = saved("two", graph);
    auto const batch  = pictures(3);
    auto plain_one    = Engine::from_file(saved("plain", plain()), input_shape);
    auto const before = plain_one.forward(batch.view());
    std::vector<float> const of_plain(before.begin(), before.end());
    auto const added = [&](sc::engines::held_constant const& value) {
        auto two         = Engine::from_file(file, input_shape, {{"offset", value}});
        auto const found = two.forward(pictures(std::min<sc::index_t>(3, two.max_batch())).view());
        std::vector<float> all(found.begin(), found.end());
        for (std::size_t i = 0; i < all.size(); ++i) { all[i] -= of_plain.at(i); }
        return all;
    };
    for (float const v : added({{}, {2000}})) { CHECK(v == doctest::Approx(2000).epsilon(1e-4)); }
    for (auto const& dims : {std::vector<sc::index_t>{4}, std::vector<sc::index_t>{1, 4}}) {
        auto const all = added({dims, {1000, 2000, 3000, 4000}});
        for (std::size_t i = 0; i < all.size(); ++i) {
            CHECK(all[i] == doctest::Approx(1000.0 * static_cast<double>(i % 4 + 1)).epsilon(1e-4));
        }
    }
    CHECK(contains(refused<Engine>(file), "settings::held"));
    CHECK_THROWS_WITH_AS(static_cast<void>(Engine::from_file(file, input_shape, {{"offset", {{5}, {1, 2, 3, 4, 5}}}})),
                         doctest::Contains("(n, 4)"), sc::model_error);
    CHECK_THROWS_WITH_AS(
        static_cast<void>(Engine::from_file(file, input_shape, {{"other", {{}, {1}}}, {"offset", {{}, {1}}}})),
        doctest::Contains("no input other"), sc::model_error);
}

TEST_CASE_TEMPLATE("what the outputs are is told: probabilities, sigmoids or neither", Engine, tested)
{
    auto const ended = [](std::string const& type) {
        auto const graph = input("x", {open, 3, 12, 10}) + body("x", "z") + node(type, {"z"}, "y") + output("y", {open, 4});
        return Engine::from_file(saved(type, graph), input_shape).activation();
    };
    CHECK(ended("Softmax") == "softmax");
    CHECK(ended("Sigmoid") == "sigmoid");
    CHECK(ended("Tanh") == "");
}

TEST_CASE_TEMPLATE("several outputs are named, and scores for each place are no classes", Engine, tested)
{
    auto const graph = input("x", {open, 3, 12, 10}) + body("x", "y") + node("Sigmoid", {"flat"}, "embedding") +
                       output("embedding", {open, 6}) + output("y", {open, 4});
    auto const file = saved("several", graph);
    CHECK(contains(refused<Engine>(file), "settings::output"));
    CHECK(Engine::from_file(file, input_shape, {}, "y").classes() == 4);
    CHECK(Engine::from_file(file, input_shape, {}, "embedding").classes() == 6);
    auto const seg =
        input("x", {open, 3, 12, 10}) + varied("w", {6, 3, 3, 3}) + conv("x", "a") + output("a_relu", {open, 6, 10, 8});
    CHECK(contains(refused<Engine>(saved("seg", seg)), "segmentation"));
}

TEST_CASE_TEMPLATE("the last layer is explained though it has as many channels as there are classes", Engine, tested)
{
    auto const graph = input("x", {open, 3, 12, 10}) + varied("w", {8, 3, 3, 3}) + varied("u", {6, 8, 3, 3}) +
                       varied("v", {6, 6}) + varied("b", {6}) + conv("x", "first") + conv("first_relu", "a", "u") +
                       head("a_relu", "y") + output("y", {open, 6});
    auto const found = Engine::from_file(saved("k_is_classes", graph), input_shape);
    CHECK(found.classes() == 6);
    CHECK(found.explained()[0].shape == sc::image_shape{6, 8, 6});
}

TEST_CASE_TEMPLATE("squeeze and excitation by means that keep their extents", Engine, tested)  // OpenCV 4.6 died of a batch
{
    auto const mean = [](std::string const& from, std::string const& to) {
        return node("ReduceMean", {from}, to, integers_attribute("axes", {2, 3}) + flag("keepdims", 1));
    };
    auto const one   = integers_attribute("kernel_shape", {1, 1});
    auto const graph = input("x", {open, 3, 12, 10}) + varied("w", {6, 3, 3, 3}) + varied("e", {6, 6, 1, 1}) +
                       varied("c", {4, 6, 1, 1}) + conv("x", "a") + mean("a_relu", "m") +
                       node("Conv", {"m", "e"}, "g", one) + node("Sigmoid", {"g"}, "gate") +
                       node("Mul", {"a_relu", "gate"}, "gated") + mean("gated", "p") + node("Conv", {"p", "c"}, "y", one) +
                       output("y", {open, 4, 1, 1});
    auto found = Engine::from_file(saved("squeezed", graph), input_shape);
    CHECK(found.classes() == 4);
    CHECK(found.explained()[0].shape == sc::image_shape{6, 10, 8});
    if (found.max_batch() == 1) { CHECK(found.notes().size() == 1); }
    static_cast<void>(found.capture(pictures(1).view()));
}

TEST_CASE_TEMPLATE("normalisation by the batch is found out", Engine, tested)
{
    auto const graph = input("x", {open, 3, 12, 10}) + varied("w", {6, 3, 3, 3}) + weights_of_head() + conv("x", "a") +
                       constant<float>("scale", {6}, {1, 1, 1, 1, 1, 1}) + varied("shift", {6}) + varied("running", {6}) +
                       constant<float>("var", {6}, {1, 1, 1, 1, 1, 1}) +
                       text(1, text(1, "a_relu") + text(1, "scale") + text(1, "shift") + text(1, "running") +
                                   text(1, "var") + text(2, "normal") + text(2, "m2") + text(2, "v2") + text(3, "normal") +
                                   text(4, "BatchNormalization") + flag("training_mode", 1)) +
                       head("normal", "y2") + node("Identity", {"y2"}, "y") + output("y", {open, 4});
    std::string const file = std::string{SCORECAM_SCRATCH_DIR} + "/kind_training.onnx";
    std::ofstream{file, std::ios::binary} << number(1, 7) + text(7, text(2, "written") + graph) +
                                                 text(8, text(1, "") + number(2, 14));
    auto const said = refused<Engine>(file);
    CAPTURE(said);
    if (said.empty()) {
        auto const found = Engine::from_file(file, input_shape);
        CHECK(found.max_batch() == 1);
        CHECK(found.notes().size() == 1);
    } else {
        CHECK(contains(said, "evaluation"));
    }
}

TEST_CASE_TEMPLATE("a weight that is no number is not lost", Engine, tested)
{
    std::vector<float> broken(static_cast<std::size_t>(6 * 3 * 3 * 3), 0.1F);
    broken[7]        = std::numeric_limits<float>::quiet_NaN();
    auto const graph = input("x", {open, 3, 12, 10}) + constant("w", {6, 3, 3, 3}, broken) + weights_of_head() +
                       conv("x", "a") + head("a_relu", "y") + output("y", {open, 4});
    auto const file = saved("nan", graph);
    auto const said = refused<Engine>(file);
    if (!said.empty()) {
        CHECK(contains(said, "overflow"));
        return;
    }
    auto found      = Engine::from_file(file, input_shape);
    bool any        = false;
    auto const seen = found.forward(pictures(1).view());
    for (float const v : seen) { any = any || v != v; }
    CHECK(any);
}
