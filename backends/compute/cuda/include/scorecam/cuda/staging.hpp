#pragma once
// Pinned host memory on the way to the device.
#include <cstddef>
#include <cstring>
#include <list>
#include <memory>
#include <string>

#include <cuda_runtime_api.h>

#include <scorecam/cuda/error.hpp>
#include <scorecam/cuda/stream.hpp>
#include <scorecam/error.hpp>

namespace scorecam::cuda {

/// Copies host memory to the device without waiting for the stream, such that the host memory may be reused at once: the
/// bytes are put down in pinned memory, which is used again when the device has read it. (The runtime copies from ordinary
/// memory by waiting for the stream first, and reads pinned memory after the call has returned.)
class staging {
public:
    /// Throws scorecam::out_of_memory if the host has no memory to pin.
    void send(void const* host, void* device, std::size_t bytes, cudaStream_t stream)
    {
        auto& block = free_block(bytes);
        std::memcpy(block.memory.get(), host, bytes);
        check(cudaMemcpyAsync(device, block.memory.get(), bytes, cudaMemcpyHostToDevice, stream), "copying to the device");
        block.read.record(stream);
    }

    /// Gives back what is free and more than is worth keeping.
    void trim()
    {
        std::size_t kept = 0;
        for (auto block = blocks_.begin(); block != blocks_.end();) {
            bool const keep = kept + block->bytes <= worth_keeping || !block->read.reached();
            kept += keep ? block->bytes : 0;
            block = keep ? std::next(block) : blocks_.erase(block);
        }
    }

private:
    static constexpr std::size_t smallest      = std::size_t{64} << 10;  // lists of channels are small and many
    static constexpr std::size_t worth_keeping = std::size_t{16} << 20;  // a batch of 26 images of 3 × 224 × 224 floats

    struct unpin {
        void operator()(void* memory) const noexcept { forget(cudaFreeHost(memory)); }
    };
    struct pinned_block {
        std::unique_ptr<void, unpin> memory;
        std::size_t bytes;
        event read;  // by the device
        ~pinned_block() { forget(cudaEventSynchronize(read.get())); }
        pinned_block(std::unique_ptr<void, unpin> of, std::size_t size) : memory{std::move(of)}, bytes{size} {}
        pinned_block(pinned_block&&) = delete;
    };

    pinned_block& free_block(std::size_t bytes)
    {
        for (auto& block : blocks_) {
            if (block.bytes >= bytes && block.read.reached()) { return block; }
        }
        std::size_t const size = bytes > smallest ? bytes : smallest;
        void* memory           = nullptr;
        auto const status      = cudaMallocHost(&memory, size);
        if (status == cudaErrorMemoryAllocation) {
            forget(status);
            throw out_of_memory{"no " + std::to_string(size) + " bytes of host memory could be pinned; use a smaller batch"};
        }
        check(status, "pinning memory of the host");
        return blocks_.emplace_back(std::unique_ptr<void, unpin>{memory}, size);
    }

    std::list<pinned_block> blocks_;
};

}  // namespace scorecam::cuda
