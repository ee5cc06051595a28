// Networks whose outputs for an image depend on more than the image are found out when they are loaded.
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/error.hpp>

#include "engines/recorded.hpp"
#include "engines/tested.hpp"
#include "onnx/written.hpp"

using namespace engines;
using namespace onnx_written;

namespace {

constexpr sc::image_shape input_shape{3, 12, 10};

std::string written(std::string const& name, std::string const& nodes, std::int64_t batch = -1)
{
    std::string const file = std::string{SCORECAM_SCRATCH_DIR} + "/" + name + ".onnx";
    std::ofstream{file, std::ios::binary} << network(input("x", {batch, 3, 12, 10}) + nodes + output("y", {batch, 4}));
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
