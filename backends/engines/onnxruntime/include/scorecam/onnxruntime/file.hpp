#pragma once
// An ONNX file as bytes: which nodes it has, and the same file with some of their results as further outputs.
//
// The file is a protocol buffer: fields of (number, wire type, value), where a message is a field whose value is fields.
// Only the few fields below are looked at, so that neither onnx nor protobuf is needed. Numbers are those of
// onnx/onnx.proto.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <scorecam/error.hpp>

namespace scorecam::onnxruntime {

namespace detail {

/// Calls f(number, value) for every field of a message that holds bytes; passes over numbers.
template <class F>
void for_each_field(std::string_view message, F&& f)
{
    std::size_t at        = 0;
    auto const broken     = [] { return model_error{"the bytes are not an ONNX file; pass those of a .onnx file"}; };
    auto const next_value = [&] {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            if (at >= message.size()) { throw broken(); }
            auto const byte = static_cast<unsigned char>(message[at++]);
            value |= static_cast<std::uint64_t>(byte & 127U) << shift;
            if (byte < 128) { return value; }
        }
        throw broken();
    };
    while (at < message.size()) {
        auto const key      = next_value();
        std::uint64_t bytes = 0;
        switch (key & 7U) {
        case 0:
            next_value();
            continue;
        case 1:
            bytes = 8;
            break;
        case 2:
            bytes = next_value();
            break;
        case 5:
            bytes = 4;
            break;
        default:
            throw broken();
        }
        if (bytes > message.size() - at) { throw broken(); }
        if ((key & 7U) == 2) { f(key >> 3U, message.substr(at, bytes)); }
        at += bytes;
    }
}

[[nodiscard]] inline std::string number(std::uint64_t value)
{
    std::string bytes;
    for (; value >= 128; value >>= 7U) { bytes += static_cast<char>(value | 128U); }
    return bytes + static_cast<char>(value);
}
[[nodiscard]] inline std::string field(std::uint64_t which, std::string const& value)
{
    return number(which << 3U | 2U) + number(value.size()) + value;
}

namespace model_field {
inline constexpr std::uint64_t graph = 7;
}
namespace graph_field {
inline constexpr std::uint64_t node = 1, output = 12;
}
namespace node_field {
inline constexpr std::uint64_t output = 2, name = 3, type = 4;
}
namespace value_field {
inline constexpr std::uint64_t name = 1;
}

}  // namespace detail

/// A node and the tensors it makes.
struct node {
    std::string name;  ///< may be empty
    std::string type;  ///< "Conv", "Relu", ...
    std::vector<std::string> outputs;
};

/// What an ONNX file says about its graph.
struct graph {
    std::vector<node> nodes;           ///< in the order of the file
    std::vector<std::string> outputs;  ///< the tensors that are outputs
};

/// Throws model_error if the bytes are not an ONNX file.
[[nodiscard]] inline graph graph_of(std::string_view file)
{
    graph found;
    detail::for_each_field(file, [&](std::uint64_t of_model, std::string_view graph) {
        if (of_model != detail::model_field::graph) { return; }
        detail::for_each_field(graph, [&](std::uint64_t of_graph, std::string_view bytes) {
            if (of_graph == detail::graph_field::output) {
                detail::for_each_field(bytes, [&](std::uint64_t of_value, std::string_view name) {
                    if (of_value == detail::value_field::name) { found.outputs.emplace_back(name); }
                });
            }
            if (of_graph != detail::graph_field::node) { return; }
            auto& one = found.nodes.emplace_back();
            detail::for_each_field(bytes, [&](std::uint64_t of_node, std::string_view value) {
                if (of_node == detail::node_field::name) { one.name = value; }
                if (of_node == detail::node_field::type) { one.type = value; }
                if (of_node == detail::node_field::output) { one.outputs.emplace_back(value); }
            });
        });
    });
    return found;
}

/// The file with the named tensors as outputs behind its own. A message that occurs twice in a protocol buffer is merged, so
/// appending is enough.
[[nodiscard]] inline std::string with_outputs(std::string file, std::vector<std::string> const& tensors)
{
    for (auto const& name : tensors) {
        file += detail::field(detail::model_field::graph,
                              detail::field(detail::graph_field::output, detail::field(detail::value_field::name, name)));
    }
    return file;
}

/// The bytes of a file. Throws model_error if it cannot be read.
[[nodiscard]] inline std::string read_file(std::string const& name)
{
    std::string bytes;
    std::error_code none;
    if (std::filesystem::is_regular_file(name, none)) {
        std::ifstream in{name, std::ios::binary};
        bytes.assign(std::istreambuf_iterator<char>{in}, {});
    }
    if (bytes.empty()) { throw model_error{"cannot read " + name + "; pass the name of an ONNX file"}; }
    return bytes;
}

}  // namespace scorecam::onnxruntime
