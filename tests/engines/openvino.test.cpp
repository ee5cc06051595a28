// What is OpenVINO's alone: compiled networks that are the caller's, and its own files.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/openvino/network.hpp>
#include <scorecam/scorecam.hpp>

#include "engines/recorded.hpp"

using namespace engines;
namespace sv = scorecam::openvino;

namespace {

/// Compiled with the outputs of the nodes as further outputs, in float32.
ov::CompiledModel compiled(std::string const& network, std::vector<std::string> const& nodes = {})
{
    ov::Core core;
    auto const read = core.read_model(file_of(network));
    for (auto const& node : read->get_ordered_ops()) {
        for (auto const& name : nodes) {
            if (node->get_friendly_name() == name) { read->add_output(node->output(0)); }
        }
    }
    return core.compile_model(read, "CPU", ov::hint::inference_precision(ov::element::f32));
}

}  // namespace

TEST_CASE("a compiled network of the caller's is explained at its outputs")
{
    sv::network network{compiled("residual", {"/add/Add", "/last/Relu"}), residual_input};
    CHECK(network.layers().size() == 2);
    CHECK(network.explained()[0].name == "/last/Relu_output_0");  // as OpenVINO has its tensor
    CHECK(network.explained()[0].type == "Output");
    CHECK(network.max_batch() > 100);
    CHECK(network.precision() == "float32");
    auto const images = recorded<4>("residual", "input");
    sv::network both{
        compiled("residual", {"/add/Add", "/last/Relu"}), residual_input, {"/last/Relu_output_0", "/add/Add_output_0"}};
    for (index_t const n : {3, 1, 7}) {
        auto const seen = network.capture(repeated(images, n).view());
        CHECK(deviation(seen.outputs, repeated(recorded<2>("residual", "output"), n)) < tolerance);
        CHECK(deviation(seen.activations, repeated(recorded<4>("residual", "last"), n)) < tolerance);
        auto const of_both = both.capture_layers(repeated(images, n).view());
        CHECK(deviation(of_both.activations[0], repeated(recorded<4>("residual", "last"), n)) < tolerance);
        CHECK(deviation(of_both.activations[1], repeated(recorded<4>("residual", "add"), n)) < tolerance);
    }
}

TEST_CASE("a compiled network that takes a fixed number of images, whatever it says, is found out")
{
    sv::network four{compiled("four", {"/relu/Relu"}), plain_input};
    CHECK(four.max_batch() == 4);
    auto const images = recorded<4>("four", "input");
    auto const seen   = four.capture(images.view().slice(0, 3));
    CHECK(deviation(seen.outputs, recorded<2>("four", "output").view().slice(0, 3)) < tolerance);
    CHECK(deviation(seen.activations, recorded<4>("four", "relu").view().slice(0, 3)) < tolerance);

    sv::network folded{compiled("folded", {"/relu/Relu"}), plain_input};
    CHECK(folded.max_batch() == 1);
    auto const of_one = folded.capture(recorded<4>("folded", "input").view());
    CHECK(deviation(of_one.outputs, recorded<2>("folded", "output")) < tolerance);
    CHECK(deviation(of_one.activations, recorded<4>("folded", "relu")) < tolerance);
}

TEST_CASE("a compiled network without such an output, or for other inputs, is refused in words")
{
    CHECK_THROWS_WITH_AS((sv::network{compiled("plain"), plain_input}),
                         doctest::Contains("no spatial activation before its classifier; name a layer"), sc::model_error);
    CHECK_THROWS_WITH_AS((sv::network{compiled("features_first"), {2, 12, 11}}), doctest::Contains("(n, 2, 12, 10)"),
                         sc::model_error);
    CHECK_THROWS_WITH_AS((sv::network{compiled("two_inputs"), plain_input}),
                         doctest::Contains("image (n, 2, 12, 10), other (n, 2, 12, 10)"), sc::model_error);
    CHECK_THROWS_WITH_AS((sv::network{compiled("doubles"), plain_input}), doctest::Contains("float32"), sc::model_error);
    CHECK_THROWS_WITH_AS((sv::network{compiled("features_first"), plain_input, {"/relu/Relu"}}),
                         doctest::Contains("features"), sc::model_error);
}

TEST_CASE("a file of OpenVINO's own kind is read, too")
{
    ov::Core core;
    std::string const file = std::string{SCORECAM_SCRATCH_DIR} + "/residual.xml";
    ov::save_model(core.read_model(file_of("residual")), file, false);
    sv::network network{file, residual_input, {"/add/Add"}};
    auto const seen = network.capture(recorded<4>("residual", "input").view());
    CHECK(deviation(seen.outputs, recorded<2>("residual", "output")) < tolerance);
    CHECK(deviation(seen.activations, recorded<4>("residual", "add")) < tolerance);
}
