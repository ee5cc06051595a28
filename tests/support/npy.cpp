#include "support/npy.hpp"

#include <fstream>
#include <ios>
#include <vector>

#include <xtensor/xnpy.hpp>

#include <scorecam/xtensor/npy.hpp>

namespace scorecam::testing {

template <class T>
npy_array<T> read_npy(std::string const& path)
{
    std::ifstream file{path, std::ios::binary | std::ios::ate};
    auto const size = static_cast<std::streamoff>(file.tellg());
    file.seekg(0);
    if (!file) { throw xtensor::npy_error{path + " cannot be opened for reading"}; }
    auto const header =
        xtensor::read_npy_header(file, static_cast<std::uintmax_t>(size), {xt::detail::build_typestring<T>(), sizeof(T)});
    if (header.fortran_order) { throw xtensor::npy_error{path + " is in Fortran order"}; }
    npy_array<T> read{{}, std::vector<T>(header.elements)};
    for (auto const extent : header.shape) { read.shape.push_back(static_cast<index_t>(extent)); }
    file.read(reinterpret_cast<char*>(read.elements.data()), static_cast<std::streamsize>(header.elements * sizeof(T)));
    if (!file) { throw xtensor::npy_error{path + " cannot be read"}; }
    return read;
}
template npy_array<float> read_npy<float>(std::string const&);
template npy_array<double> read_npy<double>(std::string const&);
template npy_array<std::int64_t> read_npy<std::int64_t>(std::string const&);
template npy_array<std::uint8_t> read_npy<std::uint8_t>(std::string const&);

}  // namespace scorecam::testing
