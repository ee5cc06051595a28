#pragma once
// Elements that go to and from memory together.
#include <cstddef>
#include <cstdint>

#include <scorecam/config.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::cuda {

/// What a thread moves at once: 16 bytes are the widest access of a GPU.
inline constexpr std::size_t bytes_per_pack = 16;

/// Count elements, which are moved by one access if they are 16 bytes.
template <class T, int Count>
struct alignas(sizeof(T) * Count) pack {
    static_assert(sizeof(T) * Count <= bytes_per_pack);
    T values[Count];
};

/// `from` is aligned to the whole pack, and nobody writes there meanwhile.
template <int Count, class T>
[[nodiscard]] SCORECAM_HD pack<T, Count> load_pack(T const* from)
{
#if defined(__CUDA_ARCH__)
    if constexpr (sizeof(pack<T, Count>) == bytes_per_pack) {
        uint4 const bits = __ldg(reinterpret_cast<uint4 const*>(from));
        return *reinterpret_cast<pack<T, Count> const*>(&bits);
    }
#endif
    return *reinterpret_cast<pack<T, Count> const*>(from);
}

/// Count elements, moved 16 bytes at once if they are as many or more.
template <int Count, class T>
SCORECAM_HD void load_values(T const* from, T* to)
{
    constexpr int whole = bytes_per_pack / sizeof(T);
    constexpr int each  = Count < whole ? Count : whole;
    for (int first = 0; first < Count; first += each) {
        auto const values = load_pack<each>(from + first);
        for (int j = 0; j < each; ++j) { to[first + j] = values.values[j]; }
    }
}

/// Said explicitly: the assignment of a struct may be split.
template <int Count, class T>
SCORECAM_HD void store_pack(T* to, pack<T, Count> const& values)
{
#if defined(__CUDA_ARCH__)
    if constexpr (sizeof(pack<T, Count>) == bytes_per_pack) {
        __stwb(reinterpret_cast<uint4*>(to), *reinterpret_cast<uint4 const*>(&values));
        return;
    }
#endif
    *reinterpret_cast<pack<T, Count>*>(to) = values;
}

/// Whether packs can be loaded from or stored to it.
[[nodiscard]] inline bool aligned_to_packs(void const* memory)
{
    return reinterpret_cast<std::uintptr_t>(memory) % bytes_per_pack == 0;
}

}  // namespace scorecam::cuda
