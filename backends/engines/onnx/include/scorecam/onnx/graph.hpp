#pragma once
// What an ONNX file holds, as plain data: nodes, constants, inputs and outputs.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::onnx {

using dims = std::vector<index_t>;

[[nodiscard]] inline index_t product(dims const& of)
{
    return std::accumulate(of.begin(), of.end(), index_t{1}, std::multiplies<>{});
}

/// " (n, 3, 8, 8)": extents for messages; those the file leaves open are n.
[[nodiscard]] inline std::string text(dims const& of)
{
    std::string all;
    for (auto const d : of) { all += (all.empty() ? " (" : ", ") + (d < 0 ? std::string{"n"} : std::to_string(d)); }
    return all.empty() ? " ()" : all + ")";
}

/// A tensor whose values are known: weights (float32), or numbers that describe shapes (int64, int32).
struct constant {
    dims shape;                     ///< none for a scalar
    std::vector<float> floats;      ///< of float32
    std::vector<index_t> integers;  ///< of integers
    bool readable = true;           ///< false for the other types, which have neither
};

/// A parameter of a node. The member of its kind is set.
struct attribute {
    std::string name;
    index_t integer = 0;
    float real      = 0;
    std::string word;
    std::vector<index_t> integers;
    constant value;
};

struct node {
    std::string name;  ///< may be empty
    std::string type;  ///< "Conv", "Relu", ...
    std::vector<std::string> inputs;
    std::vector<std::string> outputs;
    std::vector<attribute> attributes;

    /// The parameter of that name; null if the file does not give it.
    [[nodiscard]] attribute const* find(std::string const& wanted) const
    {
        auto const same = [&](attribute const& one) { return one.name == wanted; };
        auto const at   = std::find_if(attributes.begin(), attributes.end(), same);
        return at == attributes.end() ? nullptr : &*at;
    }
    [[nodiscard]] index_t integer(std::string const& wanted, index_t otherwise) const
    {
        auto const* one = find(wanted);
        return one != nullptr ? one->integer : otherwise;
    }
    [[nodiscard]] float real(std::string const& wanted, float otherwise) const
    {
        auto const* one = find(wanted);
        return one != nullptr ? one->real : otherwise;
    }
    [[nodiscard]] std::string word(std::string const& wanted, std::string const& otherwise) const
    {
        auto const* one = find(wanted);
        return one != nullptr ? one->word : otherwise;
    }
    [[nodiscard]] std::vector<index_t> integers(std::string const& wanted, std::vector<index_t> otherwise) const
    {
        auto const* one = find(wanted);
        return one != nullptr ? one->integers : std::move(otherwise);
    }

    /// "Conv, the node /first/Conv": as it stands in messages.
    [[nodiscard]] std::string described() const
    {
        return type + ", the node " + (!name.empty() ? name : outputs.empty() ? "without a name" : outputs[0]);
    }
};

/// A tensor that is given in each call.
struct input {
    std::string name;
    dims shape;            ///< -1 where the file leaves it open
    bool is_float = true;  ///< of float32
};

struct graph {
    std::vector<node> nodes;  ///< each after those whose results it takes
    std::map<std::string, constant> constants;
    std::vector<input> inputs;  ///< without the constants
    std::vector<std::string> outputs;
    index_t operator_set = 0;  ///< the version of ONNX's own operators
};

}  // namespace scorecam::onnx
