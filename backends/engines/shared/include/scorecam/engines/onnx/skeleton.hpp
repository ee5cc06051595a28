#pragma once
// A network without its weights: what an engine needs to tell the shapes of all tensors, and no more.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <scorecam/engines/onnx/graph.hpp>
#include <scorecam/engines/onnx/numbers.hpp>
#include <scorecam/engines/onnx/tensor.hpp>
#include <scorecam/engines/onnx/wire.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::onnx {

namespace detail {

/// A value of known extents, as a graph declares its inputs.
[[nodiscard]] inline std::string declared(std::string const& name, element type, dims const& shape)
{
    std::string extents;
    for (auto const d : shape) { extents += wire::text(wire::in_shape::dim, wire::integer(wire::in_dim::value, d)); }
    auto const tensor = wire::integer(wire::in_tensor_type::element, static_cast<index_t>(type)) +
                        wire::text(wire::in_tensor_type::shape, extents);
    return wire::text(wire::in_value::name, name) +
           wire::text(wire::in_value::type, wire::text(wire::in_type::tensor, tensor));
}

/// A tensor with its values, as a graph has its constants.
[[nodiscard]] inline std::string encoded(tensor const& one)
{
    namespace in    = wire::in_tensor;
    std::string all = wire::text(in::name, one.name) + wire::integer(in::element, static_cast<index_t>(one.type));
    for (auto const d : one.shape) { all += wire::integer(in::dims, d); }
    return all + wire::text(in::raw, one.bytes);
}

/// Weights of which nothing but the shape decides on shapes: those of more than a few numbers, and no int64.
[[nodiscard]] inline bool is_heavy(tensor const& one)
{
    constexpr std::size_t light = 1024;  // bytes: scales, steps and limits are less
    return one.type != element::int64 && (one.apart || one.bytes.size() > light);
}

}  // namespace detail

/// The file with its large weights among the inputs instead, with the inputs `inputs`, and with the outputs `tensors`. `of`
/// is the graph of these bytes.
[[nodiscard]] inline std::string skeleton(std::string_view bytes, graph const& of, std::vector<value> const& inputs,
                                          std::vector<std::string> const& tensors)
{
    namespace in = wire::in_graph;
    std::string model, inside;
    wire::for_each_field(bytes, [&](wire::field const& of_model) {
        if (!of_model.is_text(wire::in_model::graph)) {
            model += wire::encoded(of_model);
            return;
        }
        wire::for_each_field(of_model.bytes, [&](wire::field const& one) {
            if (one.id == in::node) { inside += wire::encoded(one); }
        });
    });
    for (auto const& [name, one] : of.constants) {
        if (detail::is_heavy(one)) {
            inside += wire::text(in::input, detail::declared(name, one.type, one.shape));
        } else {
            inside += wire::text(in::initializer, detail::encoded(one));
        }
    }
    for (auto const& one : inputs) { inside += wire::text(in::input, detail::declared(one.name, one.type, one.shape)); }
    for (auto const& name : tensors) { inside += wire::text(in::output, wire::text(wire::in_value::name, name)); }
    return model + wire::text(wire::in_model::graph, wire::text(2, "skeleton") + inside);
}

}  // namespace scorecam::onnx
