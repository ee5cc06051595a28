#pragma once
// What an ONNX file holds, as plain data: nodes, constants, inputs and outputs.
#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <scorecam/engines/onnx/numbers.hpp>
#include <scorecam/engines/onnx/tensor.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::onnx {

/// A parameter of a node. The member of its kind is set.
struct attribute {
    std::string name;
    index_t integer = 0;
    float real      = 0;
    std::string word;
    std::vector<index_t> integers;
    tensor value{};
    std::vector<float> reals{};
};

struct node {
    std::string name;  ///< may be empty
    std::string type;  ///< "Conv", "Relu", ...; of other domains "com.microsoft.Gelu"
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

/// A tensor that is computed, or given in each call.
struct value {
    std::string name;
    dims shape{};  ///< -1 where the file leaves it open
    element type = element::float32;
};

/// Its constants refer to the bytes that it was read from.
struct graph {
    std::vector<node> nodes{};  ///< in the order of the file: each after those whose results it takes
    std::map<std::string, tensor> constants{};
    std::vector<value> inputs{};  ///< without the constants
    std::vector<std::string> outputs{};
    index_t operator_set = 0;                    ///< the version of ONNX's own operators
    std::map<std::string, value> known{};        ///< tensors of which the file says more than the name
    std::shared_ptr<std::string const> bytes{};  ///< that are kept for the constants; null if the caller keeps them
};

}  // namespace scorecam::onnx
