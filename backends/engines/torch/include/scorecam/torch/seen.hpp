#pragma once
// What tensors a module computes, of what, and how large they are: its forward as engines::flow sees it.
#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ATen/core/ivalue.h>  // first: clang in C++20 takes LibTorch 1.13 in no other order

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/alias_analysis.h>
#include <torch/csrc/jit/ir/ir.h>

#include <scorecam/engines/flow.hpp>
#include <scorecam/engines/ports.hpp>
#include <scorecam/engines/selection.hpp>
#include <scorecam/engines/tokens.hpp>
#include <scorecam/tensor_view.hpp>
#include <scorecam/torch/graph.hpp>
#include <scorecam/torch/module.hpp>
#include <scorecam/torch/tensors.hpp>

namespace scorecam::torch {

/// A module's forward, whose graph returns what the module returns, and then for each tensor its extents and its type.
struct seen_graph {
    std::shared_ptr<::torch::jit::Graph> graph;
    std::vector<engines::candidate> tensors;             ///< in the order of the graph; extents when it has been run
    std::vector<std::optional<std::size_t>> submodules;  ///< as tensors: the number of the submodule that returns it
    std::vector<std::size_t> outputs;                    ///< the numbers of the tensors that the module returns
    std::vector<submodule> taps;
    bool writes_to_input = false;

    /// What the graph returned: extents and types; tensors that a submodule returns have its path as their name.
    void take(std::vector<c10::IValue> const& returned)
    {
        for (std::size_t v = 0; v < tensors.size(); ++v) {
            auto& tensor = tensors[v].tensor;
            tensor.dims  = returned.at(1 + 2 * v).toIntVector();
            tensor.type  = detail::name_of(static_cast<at::ScalarType>(returned.at(2 + 2 * v).toInt()));
            if (submodules[v]) { tensor.name = taps[*submodules[v]].path; }
        }
    }
    /// The path of the submodule that makes what the one at `path` returns.
    [[nodiscard]] std::string innermost(std::string const& path) const
    {
        for (auto const& one : taps) {
            if (std::find(one.same.begin(), one.same.end(), path) != one.same.end()) { return one.path; }
        }
        return path;
    }
    /// The submodule at a path, which must be one of the taps.
    [[nodiscard]] submodule const& called(std::string const& path) const
    {
        return *std::find_if(taps.begin(), taps.end(), [&](submodule const& one) { return one.path == path; });
    }
};

namespace detail {

/// A TorchScript operation by the name that engines give it.
[[nodiscard]] inline std::string general_name(std::string const& kind)
{
    static std::vector<std::pair<std::string, std::string>> const names{{"convolution", "Conv"},
                                                                        {"conv", "Conv"},
                                                                        {"linear", "Gemm"},
                                                                        {"addmm", "Gemm"},
                                                                        {"matmul", "MatMul"},
                                                                        {"bmm", "MatMul"},
                                                                        {"einsum", "Einsum"},
                                                                        {"attention", "Attention"},
                                                                        {"log_softmax", "LogSoftmax"},
                                                                        {"softmax", "Softmax"},
                                                                        {"hardsigmoid", "HardSigmoid"},
                                                                        {"sigmoid", "Sigmoid"},
                                                                        {"max_pool", "MaxPool"},
                                                                        {"avg_pool", "AvgPool"},
                                                                        {"mean", "ReduceMean"},
                                                                        {"upsample", "Upsample"},
                                                                        {"select", "Gather"},
                                                                        {"gather", "Gather"},
                                                                        {"slice", "Slice"},
                                                                        {"narrow", "Slice"},
                                                                        {"split", "Split"},
                                                                        {"chunk", "Split"},
                                                                        {"Chunk", "Split"},
                                                                        {"unbind", "Split"},
                                                                        {"ListUnpack", "Split"},
                                                                        {"flatten", "Flatten"},
                                                                        {"reshape", "Reshape"},
                                                                        {"view", "Reshape"},
                                                                        {"unsqueeze", "Unsqueeze"},
                                                                        {"squeeze", "Squeeze"},
                                                                        {"permute", "Transpose"},
                                                                        {"transpose", "Transpose"},
                                                                        {"dropout", "Dropout"},
                                                                        {"contiguous", "Identity"},
                                                                        {"clone", "Identity"},
                                                                        {"detach", "Identity"},
                                                                        {"pad", "Pad"}};
    for (auto const& [part, name] : names) {
        if (kind.find(part) != kind.npos) { return name; }
    }
    return kind == "to" ? "Cast" : kind;
}

/// What a node does; branches and loops do what is in them.
[[nodiscard]] inline std::string type_of(jit::Node const* node)
{
    if (node->kind() == c10::prim::TupleUnpack && !node->input()->node()->blocks().empty()) { node = node->input()->node(); }
    if (node->blocks().empty()) { return general_name(node->kind().toUnqualString()); }
    std::vector<std::string> inner;
    for (auto const* block : node->blocks()) {
        for (auto const* one : block->nodes()) { inner.push_back(type_of(one)); }
    }
    auto const has = [&](std::string_view wanted) {
        return std::any_of(inner.begin(), inner.end(), [&](std::string const& one) { return one == wanted; });
    };
    if (has("Attention") || (has("MatMul") && has("Softmax"))) { return "Attention"; }
    for (auto const& one : inner) {
        if (engines::is_weighted(one) || one == "Dropout") { return one; }
    }
    return node->kind().toUnqualString();
}

/// The tensors of which a value is made, or which it holds.
class sources {
public:
    void add(jit::Value const* value, std::vector<std::size_t> of) { of_[value] = std::move(of); }
    [[nodiscard]] std::vector<std::size_t> of(jit::Value const* value) const
    {
        auto const at = of_.find(value);
        return at != of_.end() ? at->second : std::vector<std::size_t>{};
    }
    [[nodiscard]] std::vector<std::size_t> of(jit::Node const* node) const
    {
        std::vector<std::size_t> all;
        auto const add = [&](std::vector<std::size_t> const& more) {
            for (auto const one : more) {
                if (std::find(all.begin(), all.end(), one) == all.end()) { all.push_back(one); }
            }
        };
        for (auto const* input : node->inputs()) { add(of(input)); }
        for (auto const* block : node->blocks()) {  // of branches and loops, all that they read
            for (auto const* inner : block->nodes()) { add(of(inner)); }
            for (auto const* given : block->outputs()) { add(of(given)); }
        }
        return all;
    }

private:
    std::map<jit::Value const*, std::vector<std::size_t>> of_;
};

}  // namespace detail

/// What a module computes, before it is run.
[[nodiscard]] inline seen_graph seen_in(::torch::jit::Module const& module)
{
    namespace jit = ::torch::jit;
    seen_graph made{module.get_method("forward").graph()->copy(), {}, {}, {}, {}};
    auto& graph = *made.graph;
    auto copies = detail::spread_out(graph);
    detail::name_each_once(copies);
    {
        jit::AliasDb const aliases{made.graph};
        made.writes_to_input = graph.inputs().size() > 1 && aliases.hasWriters(graph.inputs()[1]);
    }
    std::map<jit::Value const*, std::size_t> returned_by;
    for (auto& one : copies) {
        returned_by[one.copy->input(0)] = made.taps.size();
        made.taps.push_back(one.of);
    }
    detail::drop_others(copies, [](detail::copied_output const&) { return false; });

    detail::sources from;
    for (std::size_t i = 1; i < graph.inputs().size(); ++i) { from.add(graph.inputs()[i], {engines::the_image}); }
    std::vector<jit::Value*> values;
    for (auto* node : graph.nodes()) {
        auto const of        = from.of(node);
        std::string const op = node->kind().toUnqualString();
        bool const holds     = op == "ListConstruct" || op == "TupleConstruct" || op == "DictConstruct";
        for (auto* value : node->outputs()) {
            bool const is_tensor = value->type()->isSubtypeOf(*c10::TensorType::get());
            if (!is_tensor || of.empty()) {
                from.add(value, holds || is_tensor || node->outputs().size() == 1 ? of : std::vector<std::size_t>{});
                continue;
            }
            from.add(value, {values.size()});
            values.push_back(value);
            auto const tap = returned_by.find(value);
            made.tensors.push_back({{"", {}}, detail::type_of(node), of});
            made.submodules.push_back(tap != returned_by.end() ? std::optional{tap->second} : std::nullopt);
        }
    }
    made.outputs = from.of(graph.outputs()[0]);
    for (auto* value : values) {
        jit::WithInsertPoint const behind{value->node()->next()};
        graph.registerOutput(graph.insert(c10::aten::size, {value}));
        graph.registerOutput(graph.insert(c10::prim::dtype, {value}));
    }
    return made;
}

/// The layers of a module that was run for n images, by the names of their classes, and those that are explained: named by
/// their paths, or by those of modules around them that return the same.
template <std::size_t SpatialRank>
[[nodiscard]] engines::selection<SpatialRank>
select_in(seen_graph const& seen, engines::scores const& scores, index_t n, extents<SpatialRank + 1> const& input,
          std::optional<token_grid<SpatialRank>> const& tokens, std::vector<std::string> names)
{
    for (auto& name : names) { name = seen.innermost(name); }
    auto const number = scores.output < seen.outputs.size() ? seen.outputs[scores.output] : engines::the_image;
    auto made         = engines::select(seen.tensors, number, scores.classes, n, input, tokens, std::move(names), "");
    for (auto& one : made.layers) { one.type = seen.called(one.name).type; }
    for (auto& one : made.explained) { one.type = seen.called(one.name).type; }
    return made;
}

}  // namespace scorecam::torch
