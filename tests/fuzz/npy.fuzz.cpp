// .npy files.
#include <sstream>

#include <scorecam/tensor.hpp>
#include <scorecam/xtensor/npy.hpp>

#include "fuzz/fuzzed.hpp"

namespace sx = scorecam::xtensor;

std::vector<std::string> fuzzed::seeds()
{
    xt::xtensor<float, 2> const rows{{1, 2, 3}, {4, 5, 6}};
    xt::xtensor<float, 2, xt::layout_type::column_major> const columns{rows};
    std::string const other = "\x93NUMPY\x02" + std::string(1, '\0') + "\x40" + std::string(3, '\0') +
                              "{'shape': (1L,), \"descr\": '<f4', 'fortran_order': False}";
    return {xt::dump_npy(rows), xt::dump_npy(columns), xt::dump_npy(xt::xtensor<std::int64_t, 1>{1, 2}), other};
}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    std::string const bytes{reinterpret_cast<char const*>(data), size};
    auto const read = [&]<class T, std::size_t Rank>(T, std::integral_constant<std::size_t, Rank>) {
        std::istringstream in{bytes};
        try {
            auto const array = sx::detail::read_npy<T, Rank>(in, size);
            fuzzed::require(array.size() * sizeof(T) <= size);
        } catch (sx::npy_error const& e) {
            fuzzed::require_sentence(e.what());
        } catch (scorecam::shape_error const& e) {
            fuzzed::require_sentence(e.what());
        }
    };
    read(0.0F, std::integral_constant<std::size_t, 2>{});
    read(std::int64_t{}, std::integral_constant<std::size_t, 1>{});
    return 0;
}
