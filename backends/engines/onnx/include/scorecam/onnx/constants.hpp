#pragma once
// What an ONNX file computes from constants and shapes alone, before any image is there.
#include <algorithm>
#include <cstddef>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/onnx/graph.hpp>

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
    index_t known = 1;
    auto unknown  = wanted.end();
    for (std::size_t d = 0; d < wanted.size(); ++d) {
        if (wanted[d] == 0 && d < from.size()) { wanted[d] = from[d]; }
        if (wanted[d] == -1 && unknown == wanted.end()) {
            unknown = wanted.begin() + static_cast<std::ptrdiff_t>(d);
        } else {
            known *= wanted[d];
        }
    }
    if (unknown != wanted.end()) { *unknown = known > 0 ? product(from) / known : 0; }
    if (product(wanted) != product(from)) {
        throw model_error{of.described() + ": it cannot make" + text(wanted) + " of" + text(from) +
                          "; export the network with a reshape that keeps the images apart"};
    }
    return wanted;
}

/// The result of a node all of whose inputs are known. Throws model_error if it is none of those that are used on shapes and
/// weights.
[[nodiscard]] inline constant evaluated(node const& of, std::vector<constant const*> const& inputs)
{
    auto const& first = *inputs.at(0);
    auto const axes   = [&](std::size_t at) { return inputs.size() > at ? inputs[at]->integers : of.integers("axes", {}); };
    constant found    = first;
    if (of.type == "Identity" || of.type == "Cast") { return found; }  // of integers: which they are does not matter
    if (of.type == "Reshape" && inputs.size() == 2) {
        found.shape = reshaped(first.shape, inputs[1]->integers, of);
        return found;
    }
    if (of.type == "Unsqueeze" && first.shape.size() <= 1) {  // of numbers, not of lists
        found.shape.assign(first.shape.size() + axes(1).size(), 1);
        if (!first.shape.empty()) { found.shape.at(axes(1).at(0) == 0 ? 1 : 0) = first.shape[0]; }
        return found;
    }
    if (of.type == "Squeeze" && product(first.shape) == 1) {
        found.shape.clear();
        return found;
    }
    if (of.type == "Gather" && inputs.size() == 2 && first.shape.size() == 1 && inputs[1]->integers.size() == 1) {
        auto const at = axis_of(inputs[1]->integers[0], first.integers.size(), of);
        return {inputs[1]->shape, {}, {first.integers[at]}, first.readable};
    }
    if (of.type == "Concat" && first.floats.empty()) {
        found.integers.clear();
        for (auto const* one : inputs) {
            found.integers.insert(found.integers.end(), one->integers.begin(), one->integers.end());
        }
        found.shape = {static_cast<index_t>(found.integers.size())};
        return found;
    }
    throw model_error{"the operator " + of.described() +
                      ", is not supported on constants; export the network with its constants folded"};
}

}  // namespace scorecam::onnx
