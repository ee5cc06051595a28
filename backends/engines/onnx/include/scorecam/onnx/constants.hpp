#pragma once
// What an ONNX file computes from constants and shapes alone, before any image is there.
#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <scorecam/engines/onnx/graph.hpp>
#include <scorecam/engines/onnx/numbers.hpp>
#include <scorecam/engines/onnx/tensor.hpp>
#include <scorecam/error.hpp>

namespace scorecam::onnx {

/// Stands for the number of images where a file asks for a shape.
inline constexpr index_t the_batch = std::numeric_limits<index_t>::min();

/// axis -1 is the last of `rank`. Throws model_error if there is no such axis.
[[nodiscard]] inline std::size_t axis_of(index_t axis, std::size_t rank, node const& of)
{
    auto const all  = static_cast<index_t>(rank);
    auto const from = axis < 0 ? axis + all : axis;
    if (from < 0 || from >= all) {
        throw model_error{of.described() + ": it has no axis " + std::to_string(axis) + "; export the network again"};
    }
    return static_cast<std::size_t>(from);
}

/// The extents `wanted`, of which 0 repeats one of `from` and -1 is whatever is left.
[[nodiscard]] inline dims reshaped(dims const& from, std::vector<index_t> wanted, node const& of)
{
    for (std::size_t d = 0; d < wanted.size() && d < from.size(); ++d) {
        if (wanted[d] == 0) { wanted[d] = from[d]; }
    }
    auto const all     = product(from);
    auto const unknown = std::find(wanted.begin(), wanted.end(), -1);
    bool const one     = std::count_if(wanted.begin(), wanted.end(), [](index_t d) { return d < 0; }) == 1;
    if (unknown != wanted.end() && one) {
        *unknown         = 1;
        auto const known = product(wanted);
        *unknown         = known > 0 ? all / known : 0;
    }
    bool const counts = std::all_of(wanted.begin(), wanted.end(), [](index_t d) { return d >= 0; });
    if (!counts || product(wanted) != all) {
        throw model_error{of.described() + ": it cannot make" + text(wanted) + " of" + text(from) +
                          "; export the network with a reshape that keeps the images apart"};
    }
    return wanted;
}

/// The result of a node all of whose inputs are known. Throws model_error if it is none of those that are used on shapes and
/// weights.
[[nodiscard]] inline tensor evaluated(node const& of, std::vector<tensor const*> const& inputs)
{
    constexpr std::size_t most = 1U << 16U;  // numbers that nodes make of a shape
    auto const& first          = *inputs.at(0);
    auto const axes = [&](std::size_t at) { return inputs.size() > at ? inputs[at]->integers() : of.integers("axes", {}); };
    tensor found    = first;                                           // its values stay where they are
    if (of.type == "Identity" || of.type == "Cast") { return found; }  // of integers: which they are does not matter
    if (of.type == "Reshape" && inputs.size() == 2) {
        found.shape = reshaped(first.shape, inputs[1]->integers(), of);
        return found;
    }
    if (of.type == "Unsqueeze" && first.shape.size() <= 1) {  // of numbers, not of lists
        auto const where = axes(1);
        found.shape.assign(first.shape.size() + where.size(), 1);
        if (!first.shape.empty()) { found.shape.at(where.at(0) == 0 ? 1 : 0) = first.shape[0]; }
        return found;
    }
    if (of.type == "Squeeze" && product(first.shape) == 1) {
        found.shape.clear();
        return found;
    }
    if (of.type == "Gather" && inputs.size() == 2 && first.shape.size() == 1) {
        auto const values = first.integers(), which = inputs[1]->integers();
        if (which.size() == 1) {
            return tensor_of(inputs[1]->shape, std::vector{values[axis_of(which[0], values.size(), of)]});
        }
    }
    if (of.type == "Concat" && first.of_integers()) {
        std::vector<index_t> values;
        for (auto const* one : inputs) {
            auto const more = one->integers();
            values.insert(values.end(), more.begin(), more.end());
            if (values.size() > most) {
                throw model_error{of.described() + ": it makes a shape of more than " + std::to_string(most) +
                                  " numbers; export the network with its constants folded"};
            }
        }
        return tensor_of({static_cast<index_t>(values.size())}, values);
    }
    throw model_error{"the operator " + of.described() +
                      ", is not supported on constants; export the network with its constants folded"};
}

}  // namespace scorecam::onnx
