#pragma once
// NumPy's .npy files: weights, images and maps to and from Python.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ios>
#include <istream>
#include <string>
#include <type_traits>

#include <xtensor/xnpy.hpp>
#include <xtensor/xtensor.hpp>

#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>
#include <scorecam/xtensor/npy_header.hpp>
#include <scorecam/xtensor/view.hpp>

namespace scorecam::xtensor {

namespace detail {

/// "float32", "int64", "uint8": NumPy's name of T.
template <class T>
[[nodiscard]] std::string dtype_of()
{
    auto const* const kind = std::is_floating_point_v<T> ? "float" : std::is_signed_v<T> ? "int" : "uint";
    return kind + std::to_string(8 * sizeof(T));
}

template <class T, std::size_t Rank>
[[nodiscard]] xt::xtensor<T, Rank> read_npy(std::istream& file, std::uintmax_t size)
{
    auto const header = read_npy_header(file, size, {xt::detail::build_typestring<T>(), sizeof(T)});
    if (header.shape.size() != Rank) {
        throw shape_error{" has the shape " + text_of(header.shape) + ", which is not one of " + std::to_string(Rank) +
                          " dimensions"};
    }
    std::array<std::size_t, Rank> shape{};
    std::copy(header.shape.begin(), header.shape.end(), shape.begin());
    auto const read = [&](auto array) {
        auto const bytes = static_cast<std::streamsize>(header.elements * sizeof(T));
        file.read(reinterpret_cast<char*>(array.data()), bytes);
        if (file.gcount() != bytes) { throw npy_error{"it became shorter while it was read"}; }
        return array;
    };
    if (header.fortran_order) { return read(xt::xtensor<T, Rank, xt::layout_type::column_major>(shape)); }
    return read(xt::xtensor<T, Rank>(shape));
}

}  // namespace detail

/// The array in a .npy file, whose dtype is T and which has Rank dimensions; C or Fortran order.
/// Throws npy_error, or shape_error if the number of dimensions is another. Both texts begin with the path.
template <class T, std::size_t Rank>
[[nodiscard]] xt::xtensor<T, Rank> load_npy(std::filesystem::path const& path)
{
    std::ifstream file{path, std::ios::binary | std::ios::ate};
    auto const size = static_cast<std::streamoff>(file.tellg());
    file.seekg(0);
    if (!file) { throw npy_error{path.string() + " cannot be opened for reading"}; }
    try {
        return detail::read_npy<T, Rank>(file, static_cast<std::uintmax_t>(size));
    } catch (shape_error const& found) {
        throw shape_error{path.string() + found.what()};
    } catch (npy_error const& found) {
        throw npy_error{path.string() + " is not a .npy file of " + detail::dtype_of<T>() + ": " + found.what()};
    }
}

/// Writes a .npy file in C order: save_npy("map.npy", found.map()). Throws npy_error.
template <class T, std::size_t Rank>
void save_npy(std::filesystem::path const& path, tensor_view<T, Rank> array)
{
    std::ofstream file{path, std::ios::binary};
    std::string const bytes = xt::dump_npy(xtensor::adapt(array));
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) { throw npy_error{path.string() + " cannot be written"}; }
}

}  // namespace scorecam::xtensor
