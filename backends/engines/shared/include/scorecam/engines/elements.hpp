#pragma once
// Between float32 and the numbers that a network's inputs, outputs and layers consist of.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <scorecam/engines/onnx/tensor.hpp>
#include <scorecam/error.hpp>

namespace scorecam::engines {

/// The type of that name, "float16"; undefined if it is none whose values can be read here.
[[nodiscard]] inline onnx::element element_named(std::string_view name)
{
    for (auto const& one : onnx::detail::element_types) {
        if (one.name == name) { return one.number; }
    }
    return onnx::element::undefined;
}

namespace detail {

/// The nearest float16, of two as near the even one; infinite beyond its range.
[[nodiscard]] inline std::uint16_t to_float16(float value)
{
    auto const bits       = std::bit_cast<std::uint32_t>(value);
    auto const sign       = static_cast<std::uint16_t>(bits >> 16U & 0x8000U);
    auto const magnitude  = std::bit_cast<float>(bits & 0x7fffffffU);
    auto const with_sign  = [&](std::uint32_t half) { return static_cast<std::uint16_t>(sign | half); };
    constexpr float least = 0x1p-14F;  // that is normal
    if (std::isnan(value)) { return with_sign(0x7e00U); }
    if (magnitude >= 65520) { return with_sign(0x7c00U); }
    if (magnitude < least) { return with_sign(static_cast<std::uint32_t>(std::nearbyint(magnitude * 0x1p24F))); }
    auto const rest  = bits & 0x1fffU;
    auto const above = rest > 0x1000U || (rest == 0x1000U && (bits & 0x2000U) != 0) ? 1U : 0U;
    return with_sign((((bits & 0x7fffffffU) >> 13U) - (112U << 10U)) + above);
}
/// The nearest bfloat16.
[[nodiscard]] inline std::uint16_t to_bfloat16(float value)
{
    auto const bits = std::bit_cast<std::uint32_t>(value);
    if (std::isnan(value)) { return 0x7fc0U; }
    return static_cast<std::uint16_t>((bits + 0x7fffU + (bits >> 16U & 1U)) >> 16U);
}
/// The nearest that T has.
template <class T>
[[nodiscard]] T to_integer(float value)
{
    constexpr auto least = static_cast<double>(std::numeric_limits<T>::min());
    constexpr auto most  = static_cast<double>(std::numeric_limits<T>::max());
    double const nearest = std::nearbyint(static_cast<double>(value));
    if (std::isnan(nearest)) { return T{0}; }
    if (nearest <= least) { return std::numeric_limits<T>::min(); }
    return nearest >= most ? std::numeric_limits<T>::max() : static_cast<T>(nearest);
}

/// Calls f(stored, to, of): a number as it is stored, and the ways to it and from it. False of a type that has none here.
template <class F>
bool with_type(std::string_view name, F&& f)
{
    auto const plain = [&](auto stored) {
        using T = decltype(stored);
        f(
            stored,
            [](float v) {
                if constexpr (std::is_integral_v<T>) {
                    return to_integer<T>(v);
                } else {
                    return static_cast<T>(v);
                }
            },
            [](T v) { return static_cast<float>(v); });
        return true;
    };
    switch (element_named(name)) {
    case onnx::element::float32:
        return plain(float{});
    case onnx::element::float64:
        return plain(double{});
    case onnx::element::float16:
        f(std::uint16_t{}, to_float16, onnx::detail::of_float16);
        return true;
    case onnx::element::bfloat16:
        f(std::uint16_t{}, to_bfloat16, onnx::detail::of_bfloat16);
        return true;
    case onnx::element::uint8:
        return plain(std::uint8_t{});
    case onnx::element::int8:
        return plain(std::int8_t{});
    case onnx::element::uint16:
        return plain(std::uint16_t{});
    case onnx::element::int16:
        return plain(std::int16_t{});
    case onnx::element::int32:
        return plain(std::int32_t{});
    case onnx::element::int64:
        return plain(std::int64_t{});
    default:
        return false;
    }
}

}  // namespace detail

/// Whether values of that type can be given to a network, or read.
[[nodiscard]] inline bool is_readable(std::string_view type)
{
    return detail::with_type(type, [](auto, auto, auto) {});
}

/// `count` numbers as those of that type, as near as it comes.
inline void store(float const* from, std::size_t count, std::string_view type, std::vector<std::byte>& to)
{
    detail::with_type(type, [&](auto stored, auto as, auto) {
        to.resize(count * sizeof stored);
        for (std::size_t i = 0; i < count; ++i) {
            decltype(stored) const one = as(from[i]);
            std::memcpy(to.data() + i * sizeof one, &one, sizeof one);
        }
    });
}
/// The other way.
inline void load(std::byte const* from, std::size_t count, std::string_view type, float* to)
{
    detail::with_type(type, [&](auto stored, auto, auto of) {
        for (std::size_t i = 0; i < count; ++i) {
            decltype(stored) one;
            std::memcpy(&one, from + i * sizeof one, sizeof one);
            to[i] = of(one);
        }
    });
}

/// A tensor of a network's own type, and its values as float32. What is float32 anyway is not copied.
struct buffer {
    std::vector<float> values{};
    std::vector<std::byte> own{};

    /// Room for `count` numbers of that type, where an engine may write.
    [[nodiscard]] void* room(std::size_t count, std::string_view type)
    {
        values.resize(count);
        if (type == "float32") { return values.data(); }
        own.resize(count * onnx::bytes_of(element_named(type)));
        return own.data();
    }
    /// What an engine wrote there.
    [[nodiscard]] float const* read(std::string_view type)
    {
        if (type != "float32") { load(own.data(), values.size(), type, values.data()); }
        return values.data();
    }
    /// Numbers as an engine takes them.
    [[nodiscard]] void const* filled(float const* from, std::size_t count, std::string_view type)
    {
        if (type == "float32") { return from; }
        store(from, count, type, own);
        return own.data();
    }
};

}  // namespace scorecam::engines
