#pragma once
// Numbers that look random and are the same everywhere: inputs for tests and benchmarks.
#include <cstddef>
#include <cstdint>

#include <scorecam/ops/paint.hpp>
#include <scorecam/tensor.hpp>

namespace scorecam::testing {

/// A number in [-1, 1) that depends on the seed and the index alone.
template <class T = double>
[[nodiscard]] T drawn(std::uint64_t seed, index_t i)
{
    return static_cast<T>(static_cast<double>(ops::mix(seed * 1000003 + static_cast<std::uint64_t>(i)) >> 11U) * 0x1p-52 -
                          1);
}

/// A tensor of such numbers.
template <class T, std::size_t Rank>
[[nodiscard]] tensor<T, Rank> drawn_tensor(extents<Rank> shape, std::uint64_t seed)
{
    tensor<T, Rank> made{shape};
    for (index_t i = 0; i < made.size(); ++i) { made.data()[i] = drawn<T>(seed, i); }
    return made;
}

}  // namespace scorecam::testing
