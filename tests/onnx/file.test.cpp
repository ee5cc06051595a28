// What is read from ONNX files.
#include <cstddef>
#include <exception>
#include <string>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <scorecam/engines/onnx/file.hpp>
#include <scorecam/engines/onnx/skeleton.hpp>
#include <scorecam/error.hpp>

#include "support/data.hpp"

namespace sc = scorecam;
using sc::index_t;

namespace {

sc::onnx::graph read(std::string const& network)
{
    return sc::onnx::read_file(files::own("tests/engines/networks/" + network + ".onnx"));
}

/// While it lives, no file can be opened.
class no_more_files {
public:
    no_more_files()
    {
        REQUIRE(getrlimit(RLIMIT_NOFILE, &before_) == 0);
        int const next = open("/dev/null", O_RDONLY);  // the lowest number that is free
        REQUIRE(next >= 0);
        close(next);
        auto fewer     = before_;
        fewer.rlim_cur = static_cast<rlim_t>(next);
        REQUIRE(setrlimit(RLIMIT_NOFILE, &fewer) == 0);
    }
    no_more_files(no_more_files const&)            = delete;
    no_more_files& operator=(no_more_files const&) = delete;
    ~no_more_files() { setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

}  // namespace

TEST_CASE("nodes, attributes, weights, inputs and outputs are those of the file")
{
    auto const found = read("plain");
    CHECK(found.operator_set == 11);
    REQUIRE(found.nodes.size() == 7);
    CHECK(found.nodes[0].type == "Conv");
    CHECK(found.nodes[0].name == "/first/Conv");
    CHECK(found.nodes[0].described() == "Conv, the node /first/Conv");
    CHECK(found.nodes[2].integers("strides", {}) == std::vector<index_t>{2, 2});
    CHECK(found.nodes[2].integer("group", 7) == 1);
    CHECK(found.nodes[2].integer("no such", 7) == 7);
    REQUIRE(found.inputs.size() == 1);
    CHECK(found.inputs[0].name == "input");
    CHECK(found.inputs[0].type == sc::onnx::element::float32);
    CHECK(found.inputs[0].shape == sc::onnx::dims{-1, 2, 12, 10});
    CHECK(found.outputs == std::vector<std::string>{"logits"});
    auto const& weights = found.constants.at(found.nodes[0].inputs[1]);
    CHECK(weights.shape == sc::onnx::dims{6, 2, 3, 3});
    CHECK(weights.floats().size() == 6 * 2 * 9);
    CHECK(weights.floats()[0] != 0);
}

TEST_CASE("weights in a file of their own are those in the file itself")
{
    auto const whole = read("plain"), apart = read("weights_apart");
    CHECK(whole.constants.size() == 6);
    REQUIRE(apart.constants.size() == whole.constants.size());
    for (auto const& [name, weights] : whole.constants) {
        CHECK(apart.constants.at(name).shape == weights.shape);
        CHECK(apart.constants.at(name).floats() == weights.floats());
    }
}

TEST_CASE("weights in a file of their own that cannot be read are no zeros but an error")
{
    auto const whole = read("plain"), apart = read("weights_apart");
    std::size_t weights = 0;
    std::exception_ptr failure;
    try {
        no_more_files const limit;  // no longer than that: sanitizers look at an exception through a pipe
        for (auto const& [name, one] : whole.constants) { weights += one.floats().empty() ? 0 : 1; }
        static_cast<void>(apart.constants.begin()->second.floats());
    } catch (...) {
        failure = std::current_exception();
    }
    CHECK(weights == 6);
    REQUIRE(failure);
    CHECK_THROWS_WITH_AS(std::rethrow_exception(failure), doctest::Contains("weights_apart.weights; "), sc::model_error);
}

TEST_CASE("constants of shapes are integers, and inputs of other types are told apart")
{
    auto const folded = read("folded");
    bool found        = false;
    for (auto const& one : folded.nodes) {
        if (one.type != "Constant") { continue; }
        found = true;
        CHECK(one.find("value")->value.integers() == std::vector<index_t>{1, 8, -1});
        CHECK_FALSE(one.find("value")->value.of_floats());
    }
    CHECK(found);
    CHECK(read("doubles").inputs[0].type == sc::onnx::element::float64);
    CHECK(read("integers").inputs[0].type == sc::onnx::element::int64);
}

TEST_CASE("what is no ONNX file is refused")
{
    for (std::string const file : {"no/such.onnx", "tests", "README.md", "tests/engines/networks/plain.input.npy"}) {
        CAPTURE(file);
        CHECK_THROWS_WITH_AS(static_cast<void>(sc::onnx::read_file(files::own(file))),
                             doctest::Contains("; pass the name of an ONNX file"), sc::model_error);
    }
}

TEST_CASE("a skeleton is the same network, with the weights among the inputs")
{
    for (std::string const name : {"residual", "weights_apart", "transformer"}) {
        CAPTURE(name);
        auto const bytes = sc::onnx::read_bytes(files::own("tests/engines/networks/" + name + ".onnx"));
        auto const whole = sc::onnx::graph_of(bytes);
        auto const image = whole.inputs.at(0).name;
        auto const bare =
            sc::onnx::skeleton(bytes, whole, {{image, {2, 3, 7, 9}, sc::onnx::element::float32}}, {"some", "other"});
        auto const found = sc::onnx::graph_of(bare);
        CHECK(found.outputs == std::vector<std::string>{"some", "other"});
        CHECK(found.operator_set == whole.operator_set);
        REQUIRE(found.nodes.size() == whole.nodes.size());
        for (std::size_t i = 0; i < whole.nodes.size(); ++i) {
            CHECK(found.nodes[i].described() == whole.nodes[i].described());
            CHECK(found.nodes[i].inputs == whole.nodes[i].inputs);
            CHECK(found.nodes[i].attributes.size() == whole.nodes[i].attributes.size());
        }
        CHECK(found.known.at(image).shape == sc::onnx::dims{2, 3, 7, 9});
        for (auto const& [tensor, one] : whole.constants) {
            if (found.constants.count(tensor) > 0) {
                CHECK(found.constants.at(tensor).bytes == one.bytes);
                CHECK(found.constants.at(tensor).shape == one.shape);
                CHECK(one.bytes.size() <= 1024);
            } else {
                CHECK(found.known.at(tensor).shape == one.shape);
                CHECK(found.known.at(tensor).type == one.type);
            }
        }
        CHECK(found.inputs.size() > whole.inputs.size());
    }
}
