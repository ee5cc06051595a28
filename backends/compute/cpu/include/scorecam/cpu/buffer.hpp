#pragma once
#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <type_traits>

#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::cpu {

/// Uninitialised host memory, aligned for every vector unit. Move-only: a copy would hide a cost.
template <class T>
class buffer {
    static_assert(std::is_trivially_copyable_v<T>);

public:
    explicit buffer(index_t size) : size_{static_cast<std::size_t>(size)}
    {
        try {
            data_.reset(static_cast<T*>(::operator new(size_ * sizeof(T), alignment)));
        } catch (std::bad_alloc const&) {
            throw out_of_memory{"no memory for " + std::to_string(size_ * sizeof(T)) + " bytes; use a smaller batch"};
        }
    }

    [[nodiscard]] T* data() const noexcept { return data_.get(); }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    static constexpr std::align_val_t alignment{64};  // a cache line, and the widest vector register of x86
    struct release {
        void operator()(T* memory) const noexcept { ::operator delete(memory, alignment); }
    };
    std::unique_ptr<T, release> data_;
    std::size_t size_;
};

}  // namespace scorecam::cpu
