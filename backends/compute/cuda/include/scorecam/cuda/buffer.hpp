#pragma once
// Device memory with an owner.
#include <cstddef>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>

#include <cuda_runtime_api.h>

#include <scorecam/cuda/memory.hpp>
#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::cuda {

/// Uninitialised device memory, allocated and given back in the order of one stream, which has to outlive it. Move-only: a
/// copy would hide a cost.
template <class T, memory_resource Memory = stream_ordered_memory>
class buffer {
    static_assert(std::is_trivially_copyable_v<T>, "scorecam: the elements of a buffer on a device are trivially copyable");

public:
    buffer() = default;
    /// Throws scorecam::out_of_memory.
    buffer(index_t size, cudaStream_t stream, Memory memory = {})
        : memory_{memory}, stream_{stream}, size_{checked(size)}, data_{static_cast<T*>(memory_.allocate(bytes(), stream))}
    {
    }
    buffer(buffer&& other) noexcept
        : memory_{other.memory_}, stream_{other.stream_}, size_{std::exchange(other.size_, 0)},
          data_{std::exchange(other.data_, nullptr)}
    {
    }
    buffer& operator=(buffer&& other) noexcept
    {
        if (this != &other) {
            release();
            memory_ = other.memory_;
            stream_ = other.stream_;
            size_   = std::exchange(other.size_, 0);
            data_   = std::exchange(other.data_, nullptr);
        }
        return *this;
    }
    ~buffer() { release(); }

    [[nodiscard]] T* data() const noexcept { return data_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    /// More than there are addresses would overflow to less.
    static std::size_t checked(index_t size)
    {
        if (static_cast<std::size_t>(size) > std::numeric_limits<std::size_t>::max() / sizeof(T)) {
            throw out_of_memory{"an allocation of " + std::to_string(size) + " elements of " + std::to_string(sizeof(T)) +
                                " bytes; use a smaller batch"};
        }
        return static_cast<std::size_t>(size);
    }
    [[nodiscard]] std::size_t bytes() const { return size_ * sizeof(T); }
    void release() noexcept
    {
        if (data_ != nullptr) { memory_.deallocate(data_, bytes(), stream_); }
    }

    [[no_unique_address]] Memory memory_{};
    cudaStream_t stream_ = nullptr;
    std::size_t size_    = 0;
    T* data_             = nullptr;
};

}  // namespace scorecam::cuda
