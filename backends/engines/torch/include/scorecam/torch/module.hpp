#pragma once
// A TorchScript module as it is run: its graph, its type, and the tensors that it returns.
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/ivalue.h>  // first: clang in C++20 takes LibTorch 1.13 in no other order

#include <ATen/ATen.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <scorecam/engines/ports.hpp>
#include <scorecam/engines/tokens.hpp>
#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>
#include <scorecam/torch/tensors.hpp>

namespace scorecam::torch {

/// What may be chosen beside the module and the layers.
template <std::size_t SpatialRank = 2>
struct settings {
    /// The batch's order in memory. On CPUs it halves the time of many networks: the batch is copied once, and convolutions
    /// need not reorder. None: on the host, unless the module refuses it, as view() on what a convolution returned does.
    std::optional<bool> channels_last{};
    /// A converted copy of the module runs the masked images; the one capturing pass runs in the module's own type.
    bool bfloat16 = false;
    /// A frozen copy of the module runs the masked images, if Torch can make one. It does not see later changes of weights.
    bool frozen = true;
    std::optional<std::size_t> output{};              ///< which of the tensors returned; none: the only one (n, classes)
    std::optional<token_grid<SpatialRank>> tokens{};  ///< layers of tokens are activations, too
};

namespace detail {

/// The tensors in what a module returned: itself, or those in tuples, lists and dictionaries, in order.
[[nodiscard]] inline std::vector<at::Tensor> tensors_in(c10::IValue const& value)
{
    std::vector<at::Tensor> found;
    auto const add = [&](c10::IValue const& one) {
        auto const more = tensors_in(one);
        found.insert(found.end(), more.begin(), more.end());
    };
    if (value.isTensor()) { found.push_back(value.toTensor()); }
    if (value.isTuple()) {
        for (auto const& one : value.toTupleRef().elements()) { add(one); }
    }
    if (value.isList()) {
        for (auto const& one : value.toListRef()) { add(one); }
    }
    if (value.isGenericDict()) {
        for (auto const& one : value.toGenericDict()) { add(one.value()); }
    }
    return found;
}

/// The type of numbers a module calculates with: that of its first parameter.
[[nodiscard]] inline at::ScalarType type_of(::torch::jit::Module const& module)
{
    for (auto const& one : module.parameters()) {
        if (one.is_floating_point()) { return one.scalar_type(); }
    }
    return at::kFloat;
}

[[nodiscard]] inline std::string name_of(at::ScalarType type)
{
    switch (type) {
    case at::kFloat:
        return "float32";
    case at::kDouble:
        return "float64";
    case at::kHalf:
        return "float16";
    case at::kBFloat16:
        return "bfloat16";
    default:
        return c10::toString(type);
    }
}

/// A graph of a module's forward, ready to run. Copies share it and may run at the same time.
class runnable {
public:
    runnable() = default;
    runnable(::torch::jit::Module const& module, std::shared_ptr<::torch::jit::Graph> const& graph, at::ScalarType type,
             ::torch::jit::ExecutorExecutionMode mode)
        : module_{module}, type_{type}, executor_{graph, "forward", mode}
    {
    }

    [[nodiscard]] at::ScalarType type() const { return type_; }

    /// What forward returns, then what the graph returns beyond.
    [[nodiscard]] std::vector<c10::IValue> operator()(at::Tensor const& batch)
    {
        std::vector<c10::IValue> stack{module_._ivalue(), batch};
        module_.get_method("forward").function().getSchema().checkAndNormalizeInputs(stack);  // arguments with defaults
        executor_.run(stack);
        return stack;
    }

private:
    ::torch::jit::Module module_;
    at::ScalarType type_ = at::kFloat;
    ::torch::jit::GraphExecutor executor_;
};

/// The tensors that a module returned, without names.
[[nodiscard]] inline std::vector<engines::port> ports_of(c10::IValue const& result)
{
    std::vector<engines::port> all;
    for (auto const& one : tensors_in(result)) {
        auto const dims = one.sizes();
        all.push_back({"", {dims.begin(), dims.end()}});
        all.back().type = name_of(one.scalar_type());
    }
    return all;
}

inline void check(::torch::jit::Module const& module, at::Device device)
{
    if (module.hasattr("training") && module.is_training()) {
        throw model_error{"it is in training mode; call its eval() first"};
    }
    for (auto const& one : module.parameters()) {
        if (one.device() == device) { continue; }
        throw model_error{"its parameters are on " + one.device().str() + "; move them with to(at::Device(\"" +
                          device.str() + "\"))"};
    }
}

/// The module, or of one of float16, for which Torch has no convolutions on the host, a copy in float32, with a note.
[[nodiscard]] inline ::torch::jit::Module computable_on_host(::torch::jit::Module const& module,
                                                             std::vector<std::string>& notes)
{
    if (type_of(module) != at::kHalf) { return module; }
    auto copy = module.deepcopy();
    copy.to(at::kFloat);
    notes.emplace_back("the module is of float16, which Torch does not compute in on the host: it runs in float32");
    return copy;
}

/// A batch with its channels last in memory, if asked for.
template <std::size_t SpatialRank>
[[nodiscard]] at::Tensor laid_for(at::Tensor const& batch, bool channels_last)
{
    if (!channels_last || SpatialRank < 2) { return batch; }
    return batch.contiguous(SpatialRank == 2 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::ChannelsLast3d);
}

/// The module as it runs the masked images.
template <std::size_t SpatialRank>
[[nodiscard]] runnable prepared(::torch::jit::Module module, settings<SpatialRank> const& how,
                                ::torch::jit::ExecutorExecutionMode mode)
{
    if (how.bfloat16) {
        module = module.deepcopy();
        module.to(at::kBFloat16);
    }
    auto const type = type_of(module);
    if (how.frozen) {
        try {
            module = ::torch::jit::freeze(module);
        } catch (std::exception const&) {  // it changes its own attributes, say: it runs as it is
        }
    }
    return {module, module.get_method("forward").graph()->copy(), type, mode};
}

/// What a submodule returned as activations (n, K, h, w), of which `shape` is (K, h, w).
template <std::size_t Rank>
[[nodiscard]] at::Tensor laid_out(layer_form form, extents<Rank> const& shape, at::Tensor const& values, index_t n)
{
    auto const dims = dims_of(prepend(shape, n));
    if (form == layer_form::maps) { return values.reshape(dims); }
    auto const places = shape.size() / shape[0];
    auto const rows   = values.reshape({n, -1, shape[0]});
    return rows.slice(1, rows.size(1) - places).transpose(1, 2).reshape(dims);
}

}  // namespace detail

}  // namespace scorecam::torch
