#pragma once
// The bytes of an ONNX file: a protocol buffer.
//
// That is fields of (number, wire type, value), where a message is a field whose value is fields. Only the few that are
// looked at are known here, so that neither onnx nor protobuf is needed; their numbers are those of onnx/onnx.proto.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::onnx::wire {

/// A field of a message. It has a number, or bytes that are a text, a message, or numbers one after the other.
struct field {
    enum class kind { number, bytes, four_bytes, eight_bytes };

    std::uint64_t id = 0;
    kind of          = kind::number;
    std::uint64_t value{};     ///< of a number; two's complement
    std::string_view bytes{};  ///< of all others, little-endian

    [[nodiscard]] bool is(std::uint64_t wanted, kind as) const { return id == wanted && of == as; }
    [[nodiscard]] bool is_text(std::uint64_t wanted) const { return is(wanted, kind::bytes); }
    [[nodiscard]] bool is_number(std::uint64_t wanted) const { return is(wanted, kind::number); }
};

[[nodiscard]] inline model_error broken()
{
    return model_error{"the bytes are not an ONNX file; pass the name of an ONNX file, or its bytes"};
}

/// Reads the number at the front of `bytes` and takes it away.
[[nodiscard]] inline std::uint64_t number_from(std::string_view& bytes)
{
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
        auto const byte = static_cast<unsigned char>(bytes.front());
        bytes.remove_prefix(1);
        value |= static_cast<std::uint64_t>(byte & 127U) << shift;
        if (byte < 128) { return value; }
    }
    throw broken();
}

/// Calls f(field) for every field of a message.
template <class F>
void for_each_field(std::string_view message, F&& f)
{
    while (!message.empty()) {
        auto const key = number_from(message);
        field found{key >> 3U};
        std::uint64_t bytes = 0;
        switch (key & 7U) {
        case 0:
            found.value = number_from(message);
            break;
        case 1:
            found.of = field::kind::eight_bytes;
            bytes    = 8;
            break;
        case 2:
            found.of = field::kind::bytes;
            bytes    = number_from(message);
            break;
        case 5:
            found.of = field::kind::four_bytes;
            bytes    = 4;
            break;
        default:
            throw broken();
        }
        if (bytes > message.size()) { throw broken(); }
        found.bytes = message.substr(0, static_cast<std::size_t>(bytes));
        message.remove_prefix(static_cast<std::size_t>(bytes));
        f(found);
    }
}

/// A field of numbers, which may be one of many or hold them all.
inline void append_numbers(field const& of, std::vector<index_t>& to)
{
    if (of.of == field::kind::number) { to.push_back(static_cast<index_t>(of.value)); }
    if (of.of != field::kind::bytes) { return; }
    for (auto rest = of.bytes; !rest.empty();) { to.push_back(static_cast<index_t>(number_from(rest))); }
}

/// A name, which stands in messages. Throws model_error if it holds what would break one.
[[nodiscard]] inline std::string name_from(std::string_view bytes)
{
    for (auto const c : bytes) {
        if (static_cast<unsigned char>(c) < 32 || c == 127) {
            throw model_error{"a name in the file holds control characters; export the network again"};
        }
    }
    return std::string{bytes};
}

/// A float in little-endian bytes; 0 if they are others.
[[nodiscard]] inline float float_from(std::string_view bytes)
{
    float value = 0;
    if (bytes.size() == sizeof value) { std::memcpy(&value, bytes.data(), sizeof value); }
    return value;
}

[[nodiscard]] inline std::string number(std::uint64_t value)
{
    std::string bytes;
    for (; value >= 128; value >>= 7U) { bytes += static_cast<char>(value | 128U); }
    return bytes + static_cast<char>(value);
}
[[nodiscard]] inline std::string text(std::uint64_t id, std::string_view value)
{
    return number(id << 3U | 2U) + number(value.size()) + std::string{value};
}

[[nodiscard]] inline std::string integer(std::uint64_t id, index_t value)
{
    return number(id << 3U) + number(static_cast<std::uint64_t>(value));
}
/// A field as it was read.
[[nodiscard]] inline std::string encoded(field const& one)
{
    switch (one.of) {
    case field::kind::number:
        return integer(one.id, static_cast<index_t>(one.value));
    case field::kind::bytes:
        return text(one.id, one.bytes);
    case field::kind::four_bytes:
        return number(one.id << 3U | 5U) + std::string{one.bytes};
    default:
        return number(one.id << 3U | 1U) + std::string{one.bytes};
    }
}

// Numbers of fields.
namespace in_model {
inline constexpr std::uint64_t graph = 7, operator_set = 8;
}
namespace in_operator_set {
inline constexpr std::uint64_t domain = 1, version = 2;
}
namespace in_graph {
inline constexpr std::uint64_t node = 1, initializer = 5, input = 11, output = 12, value = 13;
}
namespace in_node {
inline constexpr std::uint64_t input = 1, output = 2, name = 3, type = 4, attribute = 5, domain = 7;
}
namespace in_attribute {
inline constexpr std::uint64_t name = 1, real = 2, integer = 3, word = 4, tensor = 5, reals = 7, integers = 8;
}
namespace in_value {
inline constexpr std::uint64_t name = 1, type = 2;
}
namespace in_type {
inline constexpr std::uint64_t tensor = 1;
}
namespace in_tensor_type {
inline constexpr std::uint64_t element = 1, shape = 2;
}
namespace in_shape {
inline constexpr std::uint64_t dim = 1;
}
namespace in_dim {
inline constexpr std::uint64_t value = 1;
}
namespace in_tensor {
inline constexpr std::uint64_t dims = 1, element = 2, floats = 4, int32s = 5, int64s = 7, name = 8, raw = 9, doubles = 10,
                               uint64s = 11, apart = 13, location = 14;
inline constexpr std::uint64_t external = 1;  // a location
}  // namespace in_tensor
namespace in_entry {
inline constexpr std::uint64_t key = 1, value = 2;
}

}  // namespace scorecam::onnx::wire
