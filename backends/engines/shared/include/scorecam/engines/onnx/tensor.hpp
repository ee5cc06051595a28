#pragma once
// A tensor whose values an ONNX file gives: they stay where they are until they are asked for.
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <scorecam/engines/onnx/numbers.hpp>
#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::onnx {

/// What a tensor consists of; the numbers are those of TensorProto.DataType, which ONNX Runtime has, too.
enum class element : std::int32_t {
    undefined = 0,
    float32   = 1,
    uint8     = 2,
    int8      = 3,
    uint16    = 4,
    int16     = 5,
    int32     = 6,
    int64     = 7,
    boolean   = 9,
    float16   = 10,
    float64   = 11,
    uint32    = 12,
    uint64    = 13,
    bfloat16  = 16
};

namespace detail {

struct element_type {
    element number;
    char const* name;
    std::size_t bytes;
};
/// The numbers of whole bytes.
inline constexpr element_type element_types[] = {
    {element::float32, "float32", 4},  {element::uint8, "uint8", 1},   {element::int8, "int8", 1},
    {element::uint16, "uint16", 2},    {element::int16, "int16", 2},   {element::int32, "int32", 4},
    {element::int64, "int64", 8},      {element::boolean, "bool", 1},  {element::float16, "float16", 2},
    {element::float64, "float64", 8},  {element::uint32, "uint32", 4}, {element::uint64, "uint64", 8},
    {element::bfloat16, "bfloat16", 2}};

}  // namespace detail

[[nodiscard]] inline std::string to_string(element type)
{
    for (auto const& one : detail::element_types) {
        if (one.number == type) { return one.name; }
    }
    return "another type";
}

/// 0 of what is no number of whole bytes.
[[nodiscard]] inline std::size_t bytes_of(element type)
{
    for (auto const& one : detail::element_types) {
        if (one.number == type) { return one.bytes; }
    }
    return 0;
}

namespace detail {

[[nodiscard]] inline float of_bfloat16(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16U); }

[[nodiscard]] inline float of_float16(std::uint16_t bits)
{
    constexpr std::uint32_t rebias = 127 - 15;
    std::uint32_t const sign       = (bits & 0x8000U) << 16U;
    std::uint32_t const exponent   = bits >> 10U & 31U;
    std::uint32_t const mantissa   = bits & 1023U;
    if (exponent == 31) { return std::bit_cast<float>(sign | 0x7f800000U | mantissa << 13U); }  // infinity, NaN
    if (exponent == 0) {  // subnormal: mantissa * 2^-24
        float const value = static_cast<float>(mantissa) * 0x1p-24F;
        return sign != 0 ? -value : value;
    }
    return std::bit_cast<float>(sign | (exponent + rebias) << 23U | mantissa << 13U);
}

}  // namespace detail

/// Values that lie in a file of their own.
struct outside {
    std::string location;  ///< as the network's file has it
    std::uint64_t offset = 0;
    std::optional<std::uint64_t> length{};  ///< none: to the end
    std::filesystem::path file{};           ///< where that is; empty until it has been looked for
};

/// A tensor whose values are known: weights, or numbers that describe shapes. It refers to the bytes of the file it was read
/// from, unless it has `own`.
struct tensor {
    std::string name{};
    dims shape{};  ///< none for a scalar
    element type = element::undefined;
    std::string_view bytes{};                  ///< its values, little-endian
    std::shared_ptr<std::string const> own{};  ///< that the bytes lie in
    std::optional<outside> apart{};            ///< where they lie instead

    [[nodiscard]] bool of_integers() const
    {
        return bytes_of(type) > 0 && type != element::float32 && type != element::float64 && type != element::float16 &&
               type != element::bfloat16;
    }
    [[nodiscard]] bool of_floats() const { return bytes_of(type) > 0 && !of_integers(); }

    /// The values of a tensor of floating point, rounded to float32. Throws model_error if they cannot be had.
    [[nodiscard]] std::vector<float> floats() const
    {
        std::string read;
        auto const from = values(read);
        if (type == element::float32) {
            return as<float, float>(from, [](float v) { return v; });
        }
        if (type == element::float64) {
            return as<double, float>(from, [](double v) { return static_cast<float>(v); });
        }
        if (type == element::float16) { return as<std::uint16_t, float>(from, detail::of_float16); }
        if (type == element::bfloat16) { return as<std::uint16_t, float>(from, detail::of_bfloat16); }
        throw model_error{described() + " are of " + to_string(type) + " instead of float32; convert the network"};
    }

    /// The values of a tensor of integers. Throws model_error if they cannot be had.
    [[nodiscard]] std::vector<index_t> integers() const
    {
        std::string read;
        auto const from = values(read);
        auto const cast = [](auto v) { return static_cast<index_t>(v); };
        switch (type) {
        case element::boolean:
        case element::uint8:
            return as<std::uint8_t, index_t>(from, cast);
        case element::int8:
            return as<std::int8_t, index_t>(from, cast);
        case element::uint16:
            return as<std::uint16_t, index_t>(from, cast);
        case element::int16:
            return as<std::int16_t, index_t>(from, cast);
        case element::uint32:
            return as<std::uint32_t, index_t>(from, cast);
        case element::int32:
            return as<std::int32_t, index_t>(from, cast);
        case element::uint64:  // shapes: what is beyond int64 is refused as what is negative
        case element::int64:
            return as<std::int64_t, index_t>(from, cast);
        default:
            throw model_error{described() + " are of " + to_string(type) + " instead of integers; convert the network"};
        }
    }

    /// Throws model_error unless `given` bytes are what the shape needs.
    void expect(std::uint64_t given) const
    {
        auto const size = bytes_of(type);
        if (size == 0) { return; }
        constexpr std::uint64_t most = std::numeric_limits<index_t>::max();
        bool fits                    = given <= most;
        if (fits) {
            try {
                fits = static_cast<std::uint64_t>(product(shape, static_cast<index_t>(given / size))) * size == given;
            } catch (model_error const&) {
                fits = false;
            }
        }
        if (!fits) {
            std::string all;
            for (auto const d : shape) { all += (all.empty() ? "" : ", ") + std::to_string(d); }
            throw model_error{described() + " are " + std::to_string(given) + " bytes, which do not make the shape (" + all +
                              ") of " + to_string(type) + "; export the network again"};
        }
    }

private:
    [[nodiscard]] std::string described() const { return "the weights " + name; }

    [[nodiscard]] std::string_view values(std::string& read) const
    {
        if (!apart) {
            expect(bytes.size());
            return bytes;
        }
        auto const size = bytes_of(type) * static_cast<std::size_t>(product(shape, std::numeric_limits<index_t>::max() / 8));
        std::error_code none;
        auto const there = apart->file.empty() ? 0 : std::filesystem::file_size(apart->file, none);
        if (!none && size <= there) {  // no memory for what is not there
            read.resize(size);
            std::ifstream in{apart->file, std::ios::binary};
            in.seekg(static_cast<std::streamoff>(apart->offset));
            in.read(read.data(), static_cast<std::streamsize>(size));
            if (in && in.gcount() == static_cast<std::streamsize>(size)) { return read; }
        }
        throw model_error{described() + " cannot be read from " +
                          (apart->file.empty() ? apart->location : apart->file.string()) + "; make that file readable"};
    }

    template <class Stored, class T, class Convert>
    [[nodiscard]] static std::vector<T> as(std::string_view from, Convert convert)
    {
        std::vector<T> all(from.size() / sizeof(Stored));
        if constexpr (std::is_same_v<Stored, T>) {
            if (!all.empty()) { std::memcpy(all.data(), from.data(), all.size() * sizeof(T)); }
        } else {
            for (std::size_t i = 0; i < all.size(); ++i) {
                Stored one;
                std::memcpy(&one, from.data() + i * sizeof one, sizeof one);
                all[i] = convert(one);
            }
        }
        return all;
    }
};

namespace detail {

template <class T>
[[nodiscard]] tensor with_values(dims shape, element type, std::vector<T> const& values)
{
    tensor made{{}, std::move(shape), type};
    made.own = std::make_shared<std::string const>(reinterpret_cast<char const*>(values.data()), values.size() * sizeof(T));
    made.bytes = *made.own;
    return made;
}

}  // namespace detail

/// A tensor of values that are at hand.
[[nodiscard]] inline tensor tensor_of(dims shape, std::vector<float> const& values)
{
    return detail::with_values(std::move(shape), element::float32, values);
}
[[nodiscard]] inline tensor tensor_of(dims shape, std::vector<index_t> const& values)
{
    return detail::with_values(std::move(shape), element::int64, values);
}

}  // namespace scorecam::onnx
