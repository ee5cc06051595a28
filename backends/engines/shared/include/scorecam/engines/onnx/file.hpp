#pragma once
// ONNX files: their graph, the weights beside them, and the same file with further outputs.
//
// A file may say anything. Its numbers become sizes in one way, product(); nothing is allocated for what is not in the file.
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <scorecam/engines/onnx/beside.hpp>
#include <scorecam/engines/onnx/graph.hpp>
#include <scorecam/engines/onnx/tensor.hpp>
#include <scorecam/engines/onnx/wire.hpp>
#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::onnx {

namespace detail {

/// Where a tensor says that its values lie apart.
[[nodiscard]] inline outside outside_of(std::vector<std::string_view> const& entries, std::string const& tensor)
{
    outside found;
    auto const digits = [&](std::string_view text) {
        std::uint64_t value     = 0;
        auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{} || end != text.data() + text.size()) {
            throw model_error{"the weights " + tensor + " lie at '" + wire::name_from(text.substr(0, 40)) +
                              "' of a file, which is no number of bytes; export the network again"};
        }
        return value;
    };
    for (auto const entry : entries) {
        std::string_view key, value;
        wire::for_each_field(entry, [&](wire::field const& of) {
            if (of.is_text(wire::in_entry::key)) { key = of.bytes; }
            if (of.is_text(wire::in_entry::value)) { value = of.bytes; }
        });
        if (key == "location") { found.location = wire::name_from(value); }
        if (key == "offset") { found.offset = digits(value); }
        if (key == "length") { found.length = digits(value); }
    }
    return found;
}

/// Numbers that a file has as fields, as the bytes of their type.
[[nodiscard]] inline std::string bytes_from(std::vector<index_t> const& numbers, std::size_t size)
{
    std::string all(numbers.size() * size, '\0');
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        auto value = static_cast<std::uint64_t>(numbers[i]);
        for (std::size_t b = 0; b < size; ++b, value >>= 8U) { all[i * size + b] = static_cast<char>(value & 255U); }
    }
    return all;
}

[[nodiscard]] inline tensor read_tensor(std::string_view message)
{
    namespace in = wire::in_tensor;
    tensor found;
    std::string_view raw;          // all values, or those that stand in one piece
    std::string pieces;            // those that stand in several
    std::vector<index_t> numbers;  // those that are written digit by digit
    std::vector<std::string_view> entries;
    bool apart = false;
    wire::for_each_field(message, [&](wire::field const& of) {
        switch (of.id) {
        case in::dims:
            wire::append_numbers(of, found.shape);
            break;
        case in::element:
            if (of.is_number(in::element) && of.value <= 255) { found.type = static_cast<element>(of.value); }
            break;
        case in::int32s:
        case in::int64s:
        case in::uint64s:
            wire::append_numbers(of, numbers);
            break;
        case in::floats:
        case in::doubles:
        case in::raw:
            if (raw.empty() && pieces.empty()) {
                raw = of.bytes;
            } else {
                if (pieces.empty()) { pieces = raw; }
                pieces += of.bytes;
            }
            break;
        case in::name:
            if (of.is_text(in::name)) { found.name = wire::name_from(of.bytes); }
            break;
        case in::apart:
            if (of.is_text(in::apart)) { entries.push_back(of.bytes); }
            break;
        case in::location:
            apart = of.is_number(in::location) && of.value == in::external;
            break;
        default:
            break;
        }
    });
    if (apart) {
        found.apart = outside_of(entries, found.name);
        return found;
    }
    if (!numbers.empty()) { pieces = bytes_from(numbers, bytes_of(found.type)); }
    if (!pieces.empty()) { found.own = std::make_shared<std::string const>(std::move(pieces)); }
    found.bytes = found.own ? std::string_view{*found.own} : raw;
    found.expect(found.bytes.size());
    return found;
}

[[nodiscard]] inline attribute attribute_of(std::string_view message)
{
    namespace in = wire::in_attribute;
    attribute found;
    wire::for_each_field(message, [&](wire::field const& of) {
        if (of.is_text(in::name)) { found.name = wire::name_from(of.bytes); }
        if (of.is(in::real, wire::field::kind::four_bytes)) { found.real = wire::float_from(of.bytes); }
        if (of.is_number(in::integer)) { found.integer = static_cast<index_t>(of.value); }
        if (of.is_text(in::word)) { found.word = of.bytes; }
        if (of.is_text(in::tensor)) { found.value = read_tensor(of.bytes); }
        if (of.id == in::integers) { wire::append_numbers(of, found.integers); }
        if (of.id == in::reals) {
            for (auto rest = of.bytes; rest.size() >= sizeof(float); rest.remove_prefix(sizeof(float))) {
                found.reals.push_back(wire::float_from(rest.substr(0, sizeof(float))));
            }
        }
    });
    return found;
}

inline constexpr std::size_t most_attributes = 1U << 10U;

[[nodiscard]] inline node node_of(std::string_view message)
{
    namespace in = wire::in_node;
    node found;
    std::string_view domain;
    wire::for_each_field(message, [&](wire::field const& of) {
        if (of.of != wire::field::kind::bytes) { return; }
        if (found.attributes.size() > most_attributes) {
            throw model_error{"the node " + found.name + " has more than " + std::to_string(most_attributes) +
                              " attributes; export the network again"};
        }
        if (of.id == in::input) { found.inputs.push_back(wire::name_from(of.bytes)); }
        if (of.id == in::output) { found.outputs.push_back(wire::name_from(of.bytes)); }
        if (of.id == in::name) { found.name = wire::name_from(of.bytes); }
        if (of.id == in::type) { found.type = wire::name_from(of.bytes); }
        if (of.id == in::domain) { domain = of.bytes; }
        if (of.id == in::attribute) { found.attributes.push_back(attribute_of(of.bytes)); }
    });
    if (!domain.empty() && domain != "ai.onnx") { found.type = wire::name_from(domain) + "." + found.type; }
    return found;
}

[[nodiscard]] inline value value_of(std::string_view message)
{
    value found{{}, {}, element::undefined};
    auto const dim_of = [](std::string_view dim) {
        index_t extent = -1;
        wire::for_each_field(dim, [&](wire::field const& of) {
            auto const given = static_cast<index_t>(of.value);
            if (of.is_number(wire::in_dim::value) && given > 0) { extent = given; }
        });
        return extent;
    };
    auto const read_tensor_type = [&](wire::field const& of) {
        if (of.is_number(wire::in_tensor_type::element) && of.value <= 255) { found.type = static_cast<element>(of.value); }
        if (!of.is_text(wire::in_tensor_type::shape)) { return; }
        wire::for_each_field(of.bytes, [&](wire::field const& dim) {
            if (dim.is_text(wire::in_shape::dim)) { found.shape.push_back(dim_of(dim.bytes)); }
        });
    };
    wire::for_each_field(message, [&](wire::field const& of) {
        if (of.is_text(wire::in_value::name)) { found.name = wire::name_from(of.bytes); }
        if (!of.is_text(wire::in_value::type)) { return; }
        wire::for_each_field(of.bytes, [&](wire::field const& type) {
            if (type.is_text(wire::in_type::tensor)) { wire::for_each_field(type.bytes, read_tensor_type); }
        });
    });
    return found;
}

/// So many nodes, attributes and tensors; a hundred bytes of memory stand for two of the file.
inline constexpr std::size_t most_parts = 1U << 20U;

inline void read_graph(std::string_view message, graph& found, std::vector<value>& inputs)
{
    namespace in      = wire::in_graph;
    std::size_t parts = 0;
    wire::for_each_field(message, [&](wire::field const& of) {
        if (of.of != wire::field::kind::bytes) { return; }
        parts += of.id == in::node && !found.nodes.empty() ? 1 + found.nodes.back().attributes.size() : 1;
        if (parts > most_parts) {
            throw model_error{"the network has more than " + std::to_string(most_parts) +
                              " nodes, attributes and tensors; export it again"};
        }
        if (of.id == in::node) { found.nodes.push_back(node_of(of.bytes)); }
        if (of.id == in::initializer) {
            auto one                  = read_tensor(of.bytes);
            found.constants[one.name] = std::move(one);
        }
        if (of.id != in::input && of.id != in::output && of.id != in::value) { return; }
        auto one = value_of(of.bytes);
        if (of.id == in::input) { inputs.push_back(one); }
        if (of.id == in::output) { found.outputs.push_back(one.name); }
        found.known[one.name] = std::move(one);
    });
}

}  // namespace detail

/// What the bytes of an ONNX file say; the constants refer to them. Throws model_error if they are none.
[[nodiscard]] inline graph graph_of(std::string_view bytes)
{
    graph found;
    std::vector<value> inputs;
    wire::for_each_field(bytes, [&](wire::field const& of) {
        if (of.is_text(wire::in_model::graph)) { detail::read_graph(of.bytes, found, inputs); }
        if (!of.is_text(wire::in_model::operator_set)) { return; }
        std::string_view domain;
        index_t version = 0;
        wire::for_each_field(of.bytes, [&](wire::field const& one) {
            if (one.is_text(wire::in_operator_set::domain)) { domain = one.bytes; }
            if (one.is_number(wire::in_operator_set::version)) { version = static_cast<index_t>(one.value); }
        });
        if (domain.empty() || domain == "ai.onnx") { found.operator_set = version; }
    });
    if (found.nodes.empty()) { throw wire::broken(); }
    for (auto& one : inputs) {  // older files have their weights among the inputs, too
        if (found.constants.count(one.name) == 0) { found.inputs.push_back(std::move(one)); }
    }
    return found;
}

/// The file with the named tensors as outputs behind its own. A message that occurs twice in a protocol buffer is merged, so
/// appending is enough.
[[nodiscard]] inline std::string with_outputs(std::string file, std::vector<std::string> const& tensors)
{
    for (auto const& name : tensors) {
        file +=
            wire::text(wire::in_model::graph, wire::text(wire::in_graph::output, wire::text(wire::in_value::name, name)));
    }
    return file;
}

/// The bytes of a file. Throws model_error if it cannot be read.
[[nodiscard]] inline std::string read_bytes(std::string const& name)
{
    constexpr std::size_t room = 1U << 16U;  // for further outputs, without a second copy
    std::string bytes;
    std::error_code none;
    if (std::filesystem::is_regular_file(name, none)) {
        auto const size = std::filesystem::file_size(name, none);
        std::ifstream in{name, std::ios::binary};
        if (in.is_open() && !none && size > 0) {
            bytes.reserve(static_cast<std::size_t>(size) + room);
            bytes.resize(static_cast<std::size_t>(size));
            in.read(bytes.data(), static_cast<std::streamsize>(size));
            bytes.resize(static_cast<std::size_t>(in.gcount()));
        }
    }
    if (bytes.empty()) { throw model_error{"cannot read " + name + "; pass the name of an ONNX file"}; }
    return bytes;
}

/// Reads a file, and finds the weights that lie in files beside it. Throws model_error.
[[nodiscard]] inline graph read_file(std::string const& name)
{
    auto bytes = std::make_shared<std::string const>(read_bytes(name));
    graph found;
    try {
        found = graph_of(*bytes);
    } catch (model_error const& e) {
        if (std::string_view{e.what()} != wire::broken().what()) { throw; }
        throw model_error{name + " is not an ONNX file; pass the name of an ONNX file"};
    }
    find_weights(found, name);
    found.bytes = std::move(bytes);
    return found;
}

}  // namespace scorecam::onnx
