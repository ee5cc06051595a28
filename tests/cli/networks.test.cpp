// What the scorecam program makes of networks of every kind: their inputs, their outputs, names and engines.
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <scorecam/tensor.hpp>
#include <scorecam/xtensor/npy.hpp>

#include "onnx/written.hpp"
#include "program.hpp"

using namespace program;
using namespace onnx_written;

namespace {

std::string scratch(std::string const& name, std::string const& bytes)
{
    std::string const file = fresh(name);
    std::ofstream{file, std::ios::binary} << bytes;
    return file;
}
std::string saved(std::string const& name, std::string const& graph)
{
    return scratch(name + ".onnx", onnx_written::network(graph));
}

/// The logits `to` of x with so many channels.
std::string body(std::string const& to, std::int64_t channels = 3, std::int64_t classes = 4)
{
    return varied("w", {6, channels, 3, 3}) + varied("v", {classes, 6}) + varied("b", {classes}) +
           node("Conv", {"x", "w"}, "c", integers_attribute("kernel_shape", {3, 3})) + node("Relu", {"c"}, "act") +
           node("GlobalAveragePool", {"act"}, "mean") + node("Flatten", {"mean"}, "flat") +
           node("Gemm", {"flat", "v", "b"}, to, integer_attribute("transB", 1));
}
std::string const picture = " " + samples + "striped_disc.png ";

struct explained {
    outcome done;
    nlohmann::json json{};
};
explained explain(std::string const& file, std::string const& options)
{
    auto const out = fresh("network");
    explained found{run("explain " + file + picture + options + " --output " + out)};
    CAPTURE(found.done.text);
    if (found.done.status == 0) { found.json = report(out + "/striped_disc.json"); }
    return found;
}

}  // namespace

TEST_CASE("the engine is the fastest that can run the file, said in the first line and in the report")
{
    auto const found = explain(program::network, how_by_itself);
    CAPTURE(found.done.text);
    REQUIRE(found.done.status == 0);
    auto const engine = found.json["engine"].get<std::string>();
    CHECK(found.done.text.rfind("on " + engine + ", layer ", 0) == 0);
    CHECK(found.json["options"]["engine"] == "auto");
    CHECK(found.json["why_this_layer"] == "the last spatial activation before the classifier");
    CHECK(found.json["notes"].empty());
}

TEST_CASE("size and channels are the file's own where no option says otherwise")
{
    auto const grey = explain(saved("grey", input("x", {-1, 1, 12, 10}) + body("y", 1) + output("y", {-1, 4})), "");
    CAPTURE(grey.done.text);
    REQUIRE(grey.done.status == 0);
    CHECK(contains(grey.done.text, "pictures are made grey"));
    CHECK(grey.json["options"]["size"] == nlohmann::json({12, 10}));
    CHECK(grey.json["options"]["colours"] == "grey");
    CHECK(grey.json["notes"].size() == 1);
    auto const four = explain(saved("rgbd", input("x", {-1, 4, 12, 10}) + body("y", 4) + output("y", {-1, 4})), "");
    CHECK(four.done.status == 2);
    CHECK(contains(four.done.text, "takes 4 channels"));
    CHECK(lines(four.done.text) == 1);
}

TEST_CASE("probabilities and sigmoids are used as they are; one output is a sigmoid or a value with a direction")
{
    auto const ended = [](std::string const& type, std::int64_t classes, std::string const& bias = "") {
        auto nodes = input("x", {-1, 3, 12, 10}) + body("z", 3, classes);
        nodes += bias.empty() ? node(type, {"z"}, "y") : node("Relu", {"z"}, "p") + bias + node("Sub", {"offset", "p"}, "y");
        return saved(type + std::to_string(classes), nodes + output("y", {-1, classes}));
    };
    auto const softmax = explain(ended("Softmax", 4), "");
    REQUIRE(softmax.done.status == 0);
    CHECK(softmax.json["options"]["score"] == "logit");
    CHECK(softmax.json["outputs_are"] == "softmax");
    auto const logits = explain(ended("Identity", 4), "");
    CHECK(logits.json["options"]["score"] == "probability");
    CHECK(logits.json["maps"][0]["probability"].get<double>() ==
          doctest::Approx(softmax.json["maps"][0]["probability"].get<double>()).epsilon(1e-4));
    auto const sigmoids = explain(ended("Sigmoid", 4), "--target 0 --target 1 --target 2 --target 3");
    CHECK(sigmoids.json["options"]["score"] == "logit");
    auto const twice = explain(ended("Softmax", 4), "--score probability");
    CHECK(contains(twice.done.text, "takes a softmax again"));
    CHECK(explain(ended("Softmax", 4), "--score auto").json["options"]["score"] == "logit");

    auto const one = explain(ended("Sigmoid", 1), "");
    CHECK(contains(one.done.text, "one output, a sigmoid"));
    auto const value = explain(ended("value", 1, constant<float>("offset", {1}, {-3})), "");
    CAPTURE(value.done.text);
    REQUIRE(value.done.status == 0);
    CHECK(contains(value.done.text, "plain value"));
    CHECK(contains(value.done.text, "below 0"));
    CHECK(value.json["maps"][0]["value"].get<double>() <= -3);
    CHECK(value.json["maps"][0]["direction"] == "lower");
    CHECK_FALSE(value.json["maps"][0].contains("probability"));
}

TEST_CASE("outputs are named, and inputs beside the picture are held constant")
{
    auto const two = saved("two_outputs", input("x", {-1, 3, 12, 10}) + body("y") + node("Tanh", {"flat"}, "embedding") +
                                              output("embedding", {-1, 6}) + output("y", {-1, 4}));
    CHECK(contains(explain(two, "").done.text, "name one of that form with --output-name"));
    auto const named = explain(two, "--output-name y");
    REQUIRE(named.done.status == 0);
    CHECK(named.json["output"] == "y");

    auto const inputs = saved("two_inputs", input("x", {-1, 3, 12, 10}) + input("offset", {-1, 4}) + body("z") +
                                                node("Add", {"z", "offset"}, "y") + output("y", {-1, 4}));
    CHECK(contains(explain(inputs, "").done.text, "--constant NAME=VALUE"));
    CHECK(explain(inputs, "--constant offset=0").done.status == 0);
    auto const array = fresh("offset.npy");
    scorecam::tensor<float, 1> values{{{4}}};
    values.data()[2] = 1000;
    scorecam::xtensor::save_npy(array, values.view());
    auto const shifted = explain(inputs, "--constant offset=" + array);
    CAPTURE(shifted.done.text);
    REQUIRE(shifted.done.status == 0);
    CHECK(shifted.json["maps"][0]["target"] == 2);
    CHECK(explain(inputs, "--constant offset").done.status == 2);
    CHECK(explain(inputs, "--constant offset=no/such.npy").done.status == 2);
}

TEST_CASE("an engine that cannot run a network names one that can")
{
    if (!contains(run("layers --help").text, "onnxruntime")) { return; }
    // All extents open: OpenCV wants the channels.
    auto const any  = saved("open", input("x", {-1, -1, -1, -1}) + body("y") + output("y", {-1, 4}));
    auto const done = explain(any, "--size 12x10 --engine opencv").done;
    CAPTURE(done.text);
    CHECK(done.status == 1);
    CHECK(contains(done.text, "; --engine onnxruntime runs it"));
    CHECK(explain(any, "--size 12x10").done.status == 0);
}

TEST_CASE("labels: an exact name first, an ambiguous one with its numbers, whatever the file's lines end in")
{
    auto const file = saved("logits", input("x", {-1, 3, 12, 10}) + body("y") + output("y", {-1, 4}));
    auto const with = [&](std::string const& text, std::string const& target) {
        return explain(file, "--labels " + scratch("labels.txt", text) + " --target '" + target + "'");
    };
    auto const class_of = [](explained const& found) {
        CAPTURE(found.done.text);
        REQUIRE(found.done.status == 0);
        return found.json["maps"][0]["target"].get<int>();
    };
    for (std::string const end : {"\n", "\r\n", "\r"}) {
        auto const text =
            "\xEF\xBB\xBF# made by hand" + end + "tench" + end + "ray, skate" + end + end + "shark" + end + "Ray" + end;
        CHECK(class_of(with(text, "tench")) == 0);
        CHECK(class_of(with(text, "Ray")) == 3);
        CHECK(class_of(with(text, "ray")) == 3);  // the whole name, in any case, before a part of another
        CHECK(class_of(with(text, "SHARK")) == 2);
    }
    CHECK(class_of(with("n01440764 tench\nn01443537 goldfish\nn01484850 shark\nn01491361 ray\n", "n01484850")) == 2);
    auto const ambiguous = with("crane\nfish\ncrane\nray\n", "crane").done;
    CHECK(ambiguous.status == 1);
    CHECK(contains(ambiguous.text, "the classes 0 and 2"));
    CHECK(contains(with("a\nb\n", "a").done.text, "has 2 names and the network 4 outputs"));
}
