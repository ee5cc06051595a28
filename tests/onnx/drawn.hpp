#pragma once
// Small graphs, written out.
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <scorecam/engines/onnx/graph.hpp>
#include <scorecam/onnx/fuse.hpp>
#include <scorecam/onnx/lower.hpp>
#include <scorecam/onnx/plan.hpp>
#include <scorecam/testing/drawn.hpp>

namespace onnx_tests {

namespace sc = scorecam;
namespace so = scorecam::onnx;
using sc::index_t;

[[nodiscard]] inline so::attribute integer(std::string const& name, index_t value) { return {name, value, 0, "", {}, {}}; }
[[nodiscard]] inline so::attribute real(std::string const& name, float value) { return {name, 0, value, "", {}, {}}; }
[[nodiscard]] inline so::attribute word(std::string const& name, std::string const& value)
{
    return {name, 0, 0, value, {}, {}};
}
[[nodiscard]] inline so::attribute integers(std::string const& name, std::vector<index_t> values)
{
    return {name, 0, 0, "", std::move(values), {}};
}

/// A file in the making: image -> ... -> scores.
struct drawing {
    so::graph graph{{}, {}, {{"image", {-1, 2, 6, 5}}}, {"scores"}, 13};
    std::uint64_t seed = 1;

    /// A node that gives the tensor of its own name.
    drawing& add(std::string const& name, std::string const& type, std::vector<std::string> inputs,
                 std::vector<so::attribute> attributes = {})
    {
        graph.nodes.push_back({name, type, std::move(inputs), {name}, std::move(attributes)});
        return *this;
    }
    drawing& floats(std::string const& name, so::dims shape, std::vector<float> values)
    {
        graph.constants[name] = so::tensor_of(std::move(shape), values);
        return *this;
    }
    /// Drawn in [0.5, 1.5), so that variances can be made of them.
    drawing& floats(std::string const& name, so::dims shape)
    {
        std::vector<float> values(static_cast<std::size_t>(so::product(shape)));
        for (auto& one : values) { one = 1 + static_cast<float>(sc::testing::drawn(seed, ++drawn_)) / 2; }
        return floats(name, std::move(shape), std::move(values));
    }
    drawing& numbers(std::string const& name, so::dims shape, std::vector<index_t> values)
    {
        graph.constants[name] = so::tensor_of(std::move(shape), values);
        return *this;
    }
    /// A classifier behind `from` (channels, ...): all places averaged, three classes.
    drawing& head(std::string const& from, index_t channels)
    {
        return add("mean", "GlobalAveragePool", {from})
            .add("flat", "Flatten", {"mean"})
            .floats("head.w", {3, channels})
            .floats("head.b", {3})
            .add("scores", "Gemm", {"flat", "head.w", "head.b"}, {integer("transB", 1)});
    }

    [[nodiscard]] so::plan lowered(sc::image_shape input = {2, 6, 5}) const { return so::lowered(graph, input); }
    /// Fused, with the named results kept.
    [[nodiscard]] so::plan fused(std::vector<std::string> const& kept = {}) const
    {
        auto plan = lowered();
        std::vector<so::value_id> ids;
        for (auto const& name : kept) { ids.push_back(plan.value_of(name)); }
        return so::fused(std::move(plan), ids);
    }

private:
    index_t drawn_ = 0;
};

}  // namespace onnx_tests
