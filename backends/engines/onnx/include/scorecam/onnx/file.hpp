#pragma once
// An ONNX file, read by ONNX's own protocol buffers, as a graph.
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

#include <onnx/onnx_pb.h>

#include <scorecam/error.hpp>
#include <scorecam/onnx/graph.hpp>

namespace scorecam::onnx {

namespace detail {

/// The bytes of a tensor whose values lie in another file, beside that of the network.
[[nodiscard]] inline std::string bytes_apart(::onnx::TensorProto const& tensor, std::filesystem::path const& folder)
{
    std::string location;
    std::int64_t offset = 0, length = -1;
    auto const number = [](std::string const& digits, std::int64_t& to) {
        if (std::from_chars(digits.data(), digits.data() + digits.size(), to).ec != std::errc{}) { to = -1; }
    };
    for (auto const& entry : tensor.external_data()) {
        if (entry.key() == "location") { location = entry.value(); }
        if (entry.key() == "offset") { number(entry.value(), offset); }
        if (entry.key() == "length") { number(entry.value(), length); }
    }
    auto const file = (folder / location).string();
    std::error_code none;
    auto const size = static_cast<std::int64_t>(std::filesystem::file_size(file, none));
    if (none || offset < 0 || offset > size || length > size - offset) {
        throw model_error{"the weights " + tensor.name() + " are not in " + file +
                          "; pass the network with its weights beside it"};
    }
    std::string bytes(static_cast<std::size_t>(length < 0 ? size - offset : length), '\0');
    std::ifstream in{file, std::ios::binary};
    in.seekg(offset);
    in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!in) {
        throw model_error{"the weights " + tensor.name() + " cannot be read from " + file + "; make that file readable"};
    }
    return bytes;
}

/// ONNX stores numbers either as fields or as little-endian bytes, in the file or apart.
template <class Stored, class T, class Fields>
[[nodiscard]] std::vector<T> values_of(::onnx::TensorProto const& tensor, Fields const& fields, std::size_t count,
                                       std::filesystem::path const& folder)
{
    bool const apart  = tensor.data_location() == ::onnx::TensorProto::EXTERNAL;
    auto const& bytes = apart ? bytes_apart(tensor, folder) : tensor.raw_data();
    std::vector<T> values;
    if (!bytes.empty()) {
        std::vector<Stored> stored(bytes.size() / sizeof(Stored));
        std::memcpy(stored.data(), bytes.data(), stored.size() * sizeof(Stored));
        values.assign(stored.begin(), stored.end());
    } else {
        values.assign(fields.begin(), fields.end());
    }
    if (values.size() != count) {
        throw model_error{"the weights " + tensor.name() + " are " + std::to_string(values.size()) + " numbers instead of " +
                          std::to_string(count) + "; export the network again"};
    }
    return values;
}

[[nodiscard]] inline constant constant_of(::onnx::TensorProto const& tensor, std::filesystem::path const& folder)
{
    constant found;
    found.shape.assign(tensor.dims().begin(), tensor.dims().end());
    auto const count = static_cast<std::size_t>(product(found.shape));
    switch (tensor.data_type()) {
    case ::onnx::TensorProto::FLOAT:
        found.floats = values_of<float, float>(tensor, tensor.float_data(), count, folder);
        break;
    case ::onnx::TensorProto::INT64:
        found.integers = values_of<std::int64_t, index_t>(tensor, tensor.int64_data(), count, folder);
        break;
    case ::onnx::TensorProto::INT32:
        found.integers = values_of<std::int32_t, index_t>(tensor, tensor.int32_data(), count, folder);
        break;
    default:
        found.readable = false;
    }
    return found;
}

[[nodiscard]] inline node node_of(::onnx::NodeProto const& from, std::filesystem::path const& folder)
{
    node one{from.name(), from.domain().empty() || from.domain() == "ai.onnx" ? "" : from.domain() + ".", {}, {}, {}};
    one.type += from.op_type();
    one.inputs.assign(from.input().begin(), from.input().end());
    one.outputs.assign(from.output().begin(), from.output().end());
    for (auto const& given : from.attribute()) {
        auto& kept   = one.attributes.emplace_back();
        kept.name    = given.name();
        kept.integer = given.i();
        kept.real    = given.f();
        kept.word    = given.s();
        kept.integers.assign(given.ints().begin(), given.ints().end());
        if (given.has_t()) { kept.value = constant_of(given.t(), folder); }
    }
    return one;
}

[[nodiscard]] inline input input_of(::onnx::ValueInfoProto const& from)
{
    input one{from.name(), {}, from.type().tensor_type().elem_type() == ::onnx::TensorProto::FLOAT};
    for (auto const& d : from.type().tensor_type().shape().dim()) {
        one.shape.push_back(d.has_dim_value() && d.dim_value() > 0 ? d.dim_value() : -1);
    }
    return one;
}

}  // namespace detail

/// Reads a file, and the weights that lie in files beside it. Throws model_error if it is not an ONNX file.
[[nodiscard]] inline graph read_file(std::string const& name)
{
    std::error_code none;
    std::ifstream in;
    if (std::filesystem::is_regular_file(name, none)) { in.open(name, std::ios::binary); }
    if (!in.is_open()) { throw model_error{"cannot read " + name + "; pass the name of an ONNX file"}; }
    ::onnx::ModelProto model;
    if (!model.ParseFromIstream(&in) || model.graph().node().empty()) {
        throw model_error{name + " is not an ONNX file; pass the name of an ONNX file"};
    }
    auto const folder = std::filesystem::path{name}.parent_path();
    auto& from        = *model.mutable_graph();
    graph found;
    for (auto const& set : model.opset_import()) {
        if (set.domain().empty() || set.domain() == "ai.onnx") { found.operator_set = set.version(); }
    }
    for (auto& tensor : *from.mutable_initializer()) {
        found.constants[tensor.name()] = detail::constant_of(tensor, folder);
        tensor.Clear();  // never twice in memory
    }
    for (auto const& one : from.node()) { found.nodes.push_back(detail::node_of(one, folder)); }
    for (auto const& one : from.input()) {
        if (found.constants.count(one.name()) == 0) { found.inputs.push_back(detail::input_of(one)); }
    }
    for (auto const& one : from.output()) { found.outputs.push_back(one.name()); }
    return found;
}

}  // namespace scorecam::onnx
