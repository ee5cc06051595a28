// What is ONNX Runtime's alone: sessions that are the caller's.
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/engines/onnx/file.hpp>
#include <scorecam/onnxruntime/network.hpp>
#include <scorecam/scorecam.hpp>

#include "engines/recorded.hpp"
#include "onnx/written.hpp"

using namespace engines;
namespace so = scorecam::onnxruntime;

namespace {

std::shared_ptr<Ort::Session> session(std::string const& network)
{
    Ort::SessionOptions how;
    how.SetIntraOpNumThreads(1);
    return std::make_shared<Ort::Session>(so::environment(), file_of(network).c_str(), how);
}

}  // namespace

TEST_CASE("a session of the caller's is explained at its outputs")
{
    auto const own = session("features_first");
    so::network network{own, plain_input};
    CHECK(&network.engine().session() == own.get());
    CHECK(network.explained()[0].name == "features");
    CHECK(network.explained()[0].type == "Output");
    CHECK(network.layers().size() == 1);
    CHECK(network.max_batch() > 100);
    auto const images = recorded<4>("features_first", "input");
    for (index_t const n : {3, 1, 7}) {
        auto const seen = network.capture(repeated(images, n).view());
        CHECK(deviation(seen.outputs, repeated(recorded<2>("features_first", "output"), n)) < tolerance);
        CHECK(deviation(seen.activations, repeated(recorded<4>("features_first", "features"), n)) < tolerance);
    }
}

TEST_CASE("a session may be the caller's own, and made of a file with further outputs")
{
    auto const bytes = scorecam::onnx::with_outputs(scorecam::onnx::read_bytes(file_of("plain")), {"/second/Conv_output_0"});
    Ort::Session own{so::environment(), bytes.data(), bytes.size(), Ort::SessionOptions{}};
    so::network network{own, plain_input};
    CHECK(&network.engine().session() == &own);
    CHECK(network.explained()[0].name == "/second/Conv_output_0");
    auto const seen = network.capture(recorded<4>("plain", "input").view());
    CHECK(deviation(seen.outputs, recorded<2>("plain", "output")) < tolerance);
    CHECK(deviation(seen.activations, recorded<4>("plain", "second")) < tolerance);
}

TEST_CASE("a session without such an output, or for other inputs, is refused in words")
{
    CHECK_THROWS_WITH_AS((so::network{session("plain"), plain_input}),
                         doctest::Contains("no spatial activation before its classifier; name a layer"), sc::model_error);
    CHECK_THROWS_WITH_AS((so::network{session("plain"), plain_input}),
                         doctest::Contains("make it of scorecam::onnx::with_outputs("), sc::model_error);
    CHECK_THROWS_WITH_AS((so::network{session("features_first"), {2, 12, 11}}), doctest::Contains("(n, 2, 12, 10)"),
                         sc::model_error);
    CHECK_THROWS_WITH_AS((so::network{session("two_inputs"), plain_input}),
                         doctest::Contains("image (n, 2, 12, 10), other (n, 2, 12, 10)"), sc::model_error);
    CHECK_THROWS_WITH_AS((so::network{session("doubles"), plain_input}), doctest::Contains("float32"), sc::model_error);
    CHECK_THROWS_WITH_AS((so::network{session("features_first"), plain_input, {"/relu/Relu"}}),
                         doctest::Contains("features"), sc::model_error);
}

TEST_CASE("zeros around an image stay zeros before a maximum is taken")
{
    using namespace onnx_written;
    auto const nodes = constant<float>("w", {2, 1, 1, 1}, {-1, -2}) + node("Conv", {"x", "w"}, "conv") +
                       constant<std::int64_t>("sides", {8}, {0, 0, 1, 1, 0, 0, 1, 1}) +
                       node("Pad", {"conv", "sides"}, "padded") +
                       node("MaxPool", {"padded"}, "pool",
                            integers_attribute("kernel_shape", {3, 3}) + integers_attribute("strides", {2, 2})) +
                       node("GlobalAveragePool", {"pool"}, "mean") + node("Flatten", {"mean"}, "y");
    auto const file = std::string{SCORECAM_SCRATCH_DIR} + "/padded.onnx";
    std::ofstream{file, std::ios::binary} << network(input("x", {-1, 1, 9, 9}) + nodes + output("y", {-1, 2}));
    so::network network{file, {1, 9, 9}, {"pool"}};
    scorecam::tensor<float, 4> const ones{{{1, 1, 9, 9}}, std::vector<float>(81, 1)};
    auto const seen = network.capture(ones.view());
    CHECK(seen.activations(0, 0, 0, 0) == 0);
    CHECK(seen.activations(0, 1, 0, 2) == 0);
    CHECK(seen.activations(0, 0, 2, 2) == -1);
    CHECK(network.forward(ones.view())(0, 0) == doctest::Approx(-9.0 / 25));
}
