// Networks whose outputs for an image depend on more than the image are found out when they are loaded.
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/error.hpp>
#include <scorecam/tensor.hpp>

#include "engines/recorded.hpp"
#include "engines/tested.hpp"
#include "onnx/written.hpp"

using namespace engines;
using namespace onnx_written;

namespace {

constexpr sc::image_shape input_shape{3, 12, 10};

std::string written(std::string const& name, std::string const& nodes, std::int64_t batch = -1, std::int64_t classes = 4)
{
    std::string const file = std::string{SCORECAM_SCRATCH_DIR} + "/" + name + ".onnx";
    std::ofstream{file, std::ios::binary} << network(input("x", {batch, 3, 12, 10}) + nodes + output("y", {batch, classes}));
    return file;
}
/// A convolution "act" of x, and a classifier of `from`.
std::string first()
{
    return varied("w", {6, 3, 3, 3}) + node("Conv", {"x", "w"}, "conv", integers_attribute("kernel_shape", {3, 3})) +
           node("Relu", {"conv"}, "act");
}
std::string head(std::string const& from)
{
    return node("GlobalAveragePool", {from}, "mean") + node("Flatten", {"mean"}, "flat") + varied("v", {4, 6}) +
           varied("b", {4}) + node("Gemm", {"flat", "v", "b"}, "y", integer_attribute("transB", 1));
}

struct loaded {
    sc::index_t max_batch = 0;
    std::size_t notes     = 0;
    std::string refused{};
};
template <class Engine>
loaded load(std::string const& file)
{
    try {
        auto const network = Engine::make(file, input_shape);
        return {network.max_batch(), network.notes().size()};
    } catch (sc::model_error const& e) {
        return {0, 0, e.what()};
    }
}

}  // namespace

TEST_CASE_TEMPLATE("rows that do not know of each other run in batches, without a note", Engine, tested)
{
    auto const found = load<Engine>(written("apart", first() + head("act")));
    CHECK(found.refused == "");
    CHECK(found.max_batch > 100);
    CHECK(found.notes == 0);
}

TEST_CASE_TEMPLATE("rows that are mixed run one at a time, with a note, or are refused", Engine, tested)
{
    // What a normalisation in training mode does: minus the mean over the batch.
    auto const mean =
        node("ReduceMean", {"act"}, "over", integers_attribute("axes", {0}) + integer_attribute("keepdims", 1)) +
        node("Sub", {"act", "over"}, "less") + node("Sub", {"act", "less"}, "back") + node("Mul", {"back", "act"}, "mixed");
    // Channels shuffled with the batch among them.
    auto const shuffle = constant<std::int64_t>("s1", {4}, {6, -1, 10, 8}) + node("Reshape", {"act", "s1"}, "turned") +
                         constant<std::int64_t>("s2", {4}, {-1, 6, 10, 8}) + node("Reshape", {"turned", "s2"}, "again") +
                         node("Transpose", {"turned"}, "swapped", integers_attribute("perm", {1, 0, 2, 3})) +
                         node("Mul", {"swapped", "again"}, "mixed");
    for (auto const& [name, nodes] : {std::pair{"mean", mean}, std::pair{"shuffle", shuffle}}) {
        std::string const called = name;
        CAPTURE(called);
        auto const found = load<Engine>(written(called, first() + nodes + head("mixed")));
        CAPTURE(found.refused);
        CHECK((found.max_batch == 1 || found.refused != ""));
        if (Engine::looks_at_types) {  // OpenCV reads neither as it is meant
            CHECK(found.refused == "");
            CHECK(found.notes == 1);
        }
    }
}

TEST_CASE_TEMPLATE("scores may have extents of 1 among theirs, and be those of one class", Engine, tested)
{
    auto const scores_as = [](std::string const& called, std::vector<std::int64_t> const& shape, index_t classes) {
        CAPTURE(called);
        std::int64_t const made = classes;
        auto const until        = first() + node("GlobalAveragePool", {"act"}, "mean") + node("Flatten", {"mean"}, "flat") +
                           varied("v", {made, 6}) + varied("b", {made});
        auto const gemm = [&](std::string const& to) {
            return until + node("Gemm", {"flat", "v", "b"}, to, integer_attribute("transB", 1));
        };
        auto const nodes = gemm("scores") + constant<std::int64_t>("to", {static_cast<std::int64_t>(shape.size())}, shape) +
                           node("Reshape", {"scores", "to"}, "y");
        std::string const file = std::string{SCORECAM_SCRATCH_DIR} + "/" + called + ".onnx";
        std::ofstream{file, std::ios::binary} << network(input("x", {-1, 3, 12, 10}) + nodes + output("y", shape));
        auto plain = Engine::make(written("plain", gemm("y"), -1, made), input_shape);
        auto other = Engine::make(file, input_shape);
        CHECK(other.classes() == classes);
        scorecam::tensor<float, 4> one{{{1, 3, 12, 10}}};
        for (index_t i = 0; i < one.size(); ++i) { one.data()[i] = static_cast<float>(i % 7) / 7; }
        CHECK(other.forward(one.view()).shape() == plain.forward(one.view()).shape());
        CHECK(deviation(other.forward(one.view()), plain.forward(one.view())) < tolerance);
        return other.max_batch();
    };
    CHECK(scores_as("between", {-1, 1, 4}, 4) > 100);
    CHECK(scores_as("behind", {-1, 4, 1, 1}, 4) > 100);
    CHECK(scores_as("last", {-1, 1, 1, 4}, 4) > 100);
    if (Engine::looks_at_types) {  // OpenCV has no tensors of one extent
        CHECK(scores_as("alone", {4}, 4) == 1);
        CHECK(scores_as("of_one", {-1}, 1) > 100);
    }
}

TEST_CASE_TEMPLATE("a batch that is baked in behind a free one is run as it is, with a note", Engine, tested)
{
    auto const nodes = first() + node("GlobalAveragePool", {"act"}, "mean") + constant<std::int64_t>("to", {2}, {4, 6}) +
                       node("Reshape", {"mean", "to"}, "flat") + varied("v", {4, 6}) + varied("b", {4}) +
                       node("Gemm", {"flat", "v", "b"}, "y", integer_attribute("transB", 1));
    auto const found = load<Engine>(written("baked", nodes));
    CAPTURE(found.refused);
    if (Engine::frees_batches) {  // it makes another number of it, or cannot
        CHECK((found.max_batch > 1 || found.refused != ""));
    } else {
        CHECK(found.max_batch == 4);
        CHECK(found.notes == 1);
    }
}
