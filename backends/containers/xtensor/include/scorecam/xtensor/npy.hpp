#pragma once
// NumPy's .npy files: weights, images and maps to and from Python.
#include <cstddef>
#include <exception>
#include <filesystem>
#include <fstream>
#include <ios>
#include <string>
#include <type_traits>

#include <xtensor/xnpy.hpp>
#include <xtensor/xtensor.hpp>

#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>
#include <scorecam/xtensor/view.hpp>

namespace scorecam::xtensor {

/// A file that does not exist, cannot be written, or is not the .npy file it should be.
class npy_error : public error {
public:
    using error::error;
};

namespace detail {

/// "float32", "int64", "uint8": NumPy's name of T.
template <class T>
[[nodiscard]] std::string dtype_of()
{
    auto const* const kind = std::is_floating_point_v<T> ? "float" : std::is_signed_v<T> ? "int" : "uint";
    return kind + std::to_string(8 * sizeof(T));
}

}  // namespace detail

/// The array in a .npy file, whose dtype is T and which has Rank dimensions; C or Fortran order.
/// Throws npy_error, or shape_error if the number of dimensions is another. Both texts begin with the path.
template <class T, std::size_t Rank>
[[nodiscard]] xt::xtensor<T, Rank> load_npy(std::filesystem::path const& path)
{
    std::ifstream file{path, std::ios::binary};
    if (!file) { throw npy_error{path.string() + " cannot be opened for reading"}; }
    try {
        auto const array = xt::load_npy<T>(file);
        if (static_cast<std::size_t>(file.gcount()) != array.size() * sizeof(T)) {  // xtensor does not look
            throw npy_error{path.string() + " ends before the last of the " + std::to_string(array.size()) +
                            " elements that its header promises"};
        }
        static_cast<void>(detail::extents_of<Rank>(array, path.string()));
        return array;
    } catch (error const&) {
        throw;
    } catch (std::exception const& found) {
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
