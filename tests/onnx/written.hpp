#pragma once
// ONNX files in the making, field by field: small networks, and such as nobody would export. Numbers of fields are those of
// onnx/onnx.proto.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <scorecam/engines/onnx/wire.hpp>

namespace onnx_written {

using scorecam::onnx::wire::text;

inline std::string number(std::uint64_t id, std::int64_t value) { return scorecam::onnx::wire::integer(id, value); }
/// An attribute of integers, of one integer, of a float.
inline std::string integers_attribute(std::string const& name, std::vector<std::int64_t> const& values)
{
    std::string all = text(1, name) + number(20, 7);
    for (auto const v : values) { all += number(8, v); }
    return text(5, all);
}
inline std::string integer_attribute(std::string const& name, std::int64_t value)
{
    return text(5, text(1, name) + number(20, 2) + number(3, value));
}

inline std::string node(std::string const& type, std::vector<std::string> const& inputs, std::string const& output,
                        std::string const& attributes = "")
{
    std::string all = text(2, output) + text(3, output) + text(4, type) + attributes;
    for (auto const& one : inputs) { all += text(1, one); }
    return text(1, all);
}

/// A constant, of float32 or int64.
template <class T>
std::string constant(std::string const& name, std::vector<std::int64_t> const& dims, std::vector<T> const& values)
{
    std::string all = number(2, sizeof(T) == 4 ? 1 : 7) + text(8, name) +
                      text(9, {reinterpret_cast<char const*>(values.data()), values.size() * sizeof(T)});
    for (auto const d : dims) { all += number(1, d); }
    return text(5, all);
}
/// So many zeros that are said to have the shape `dims`.
inline std::string weights(std::string const& name, std::vector<std::int64_t> const& dims, std::size_t floats)
{
    return constant(name, dims, std::vector<float>(floats));
}
/// Weights of that shape, -1 to 1, no two of which are alike.
inline std::string varied(std::string const& name, std::vector<std::int64_t> const& dims)
{
    std::int64_t count = 1;
    for (auto const d : dims) { count *= d; }
    std::vector<float> values(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = static_cast<float>((i * 7919 + 13) % 1009) / 504.5F - 1;  // both are primes
    }
    return constant(name, dims, values);
}

/// A float32 value; extents of -1 are open.
inline std::string value(std::string const& name, std::vector<std::int64_t> const& dims)
{
    std::string shape;
    for (auto const d : dims) { shape += text(1, d < 0 ? text(2, "n") : number(1, d)); }
    return text(1, name) + text(2, text(1, number(1, 1) + text(2, shape)));
}
inline std::string input(std::string const& name, std::vector<std::int64_t> const& dims)
{
    return text(11, value(name, dims));
}
inline std::string output(std::string const& name, std::vector<std::int64_t> const& dims)
{
    return text(12, value(name, dims));
}
inline std::string image(std::vector<std::int64_t> const& dims) { return input("x", dims); }

/// The whole file.
inline std::string network(std::string const& graph)
{
    return number(1, 7) + text(7, text(2, "written") + graph) + text(8, text(1, "") + number(2, 13));
}
/// x (n, 3, 8, 8) -> y
inline std::string file(std::string const& nodes_and_weights)
{
    return network(image({-1, 3, 8, 8}) + nodes_and_weights + text(12, text(1, "y")));
}

}  // namespace onnx_written
