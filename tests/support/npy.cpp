#include "support/npy.hpp"

#include <exception>
#include <fstream>
#include <ios>

#include <xtensor/xnpy.hpp>

#include <scorecam/xtensor/npy.hpp>

namespace scorecam::testing {

template <class T>
npy_array<T> read_npy(std::string const& path)
{
    std::ifstream file{path, std::ios::binary};
    if (!file) { throw xtensor::npy_error{path + " cannot be opened for reading"}; }
    try {
        auto const array = xt::load_npy<T>(file);
        if (static_cast<std::size_t>(file.gcount()) != array.size() * sizeof(T)) {
            throw xtensor::npy_error{"it ends too early"};
        }
        npy_array<T> read;
        for (auto const extent : array.shape()) { read.shape.push_back(static_cast<index_t>(extent)); }
        read.elements.assign(array.begin(), array.end());
        return read;
    } catch (std::exception const& found) {
        throw xtensor::npy_error{path + " is not the .npy file it should be: " + found.what()};
    }
}
template npy_array<float> read_npy<float>(std::string const&);
template npy_array<double> read_npy<double>(std::string const&);
template npy_array<std::int64_t> read_npy<std::int64_t>(std::string const&);
template npy_array<std::uint8_t> read_npy<std::uint8_t>(std::string const&);

}  // namespace scorecam::testing
