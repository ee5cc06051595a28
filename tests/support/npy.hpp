#pragma once
// NumPy's files as tensors, for tests. They are read by code that is compiled once, of scorecam::xtensor, whose reader costs
// seconds wherever it is included.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/tensor.hpp>

namespace scorecam::testing {

template <class T>
struct npy_array {
    std::vector<index_t> shape;
    std::vector<T> elements;  // in C order
};

/// T is float, double, std::int64_t or std::uint8_t, and the file's. Throws xtensor::npy_error.
template <class T>
[[nodiscard]] npy_array<T> read_npy(std::string const& path);
extern template npy_array<float> read_npy<float>(std::string const&);
extern template npy_array<double> read_npy<double>(std::string const&);
extern template npy_array<std::int64_t> read_npy<std::int64_t>(std::string const&);
extern template npy_array<std::uint8_t> read_npy<std::uint8_t>(std::string const&);

/// An array of a .npy file with elements of type From, as T. Throws xtensor::npy_error, or shape_error for another rank.
template <class T, std::size_t Rank, class From = T>
[[nodiscard]] tensor<T, Rank> load(std::string const& path)
{
    auto const array = read_npy<From>(path);
    if (array.shape.size() != Rank) {
        throw shape_error{path + " has " + std::to_string(array.shape.size()) + " dimensions and not " +
                          std::to_string(Rank)};
    }
    extents<Rank> shape;
    for (std::size_t i = 0; i < Rank; ++i) { shape[i] = array.shape[i]; }
    tensor<T, Rank> elements{shape};
    std::transform(array.elements.begin(), array.elements.end(), elements.data(),
                   [](From value) { return static_cast<T>(value); });
    return elements;
}

}  // namespace scorecam::testing
