#pragma once
// Blocks of threads without a device: each thread is a fibre, and a barrier lets the others run. The bodies of the kernels
// run here as they are, with any number of threads; between two barriers in an order of chance, so that what needs a barrier
// and has none shows. AddressSanitizer is told of every switch, so that it sees the fibres' stacks as such.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <new>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

#include <ucontext.h>

#include <scorecam/cuda/team.hpp>

#if defined(__SANITIZE_ADDRESS__)
#define SCORECAM_TEST_FIBRES_UNDER_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SCORECAM_TEST_FIBRES_UNDER_ASAN
#endif
#endif
#if defined(SCORECAM_TEST_FIBRES_UNDER_ASAN)
#include <sanitizer/common_interface_defs.h>
#endif

namespace fibres {

using scorecam::index_t;

class block;

/// What a kernel's body sees of one fibre, see cuda::team.
class lane {
public:
    lane(block& of, index_t rank) : block_{&of}, rank_{rank} {}
    [[nodiscard]] index_t rank() const { return rank_; }
    [[nodiscard]] index_t size() const;
    void sync() const;
    [[nodiscard]] void* shared() const;

private:
    block* block_;
    index_t rank_;
};

/// A block of `threads` fibres. Its shared memory is poisoned at first.
class block {
public:
    block(index_t threads, unsigned seed) : lanes_(static_cast<std::size_t>(threads)), chance_{seed}
    {
        shared_.reset(new (std::align_val_t{16}) std::byte[lanes_.size() * scorecam::cuda::bytes_per_lane]);
        std::memset(shared_.get(), 0xff, lanes_.size() * scorecam::cuda::bytes_per_lane);
    }

    /// Runs body(lane) in every fibre to its end. Throws std::logic_error if some end while others wait at a barrier.
    void run(std::function<void(lane)> const& body)
    {
        body_ = &body;
        for (auto& one : lanes_) { prepare(one); }
        std::vector<fibre*> waiting;
        for (auto& one : lanes_) { waiting.push_back(&one); }
        while (!waiting.empty()) {
            std::shuffle(waiting.begin(), waiting.end(), chance_);
            std::vector<fibre*> still;
            for (auto* one : waiting) {
                enter(*one);
                if (!one->done) { still.push_back(one); }
            }
            if (!still.empty() && still.size() != waiting.size()) {
                throw std::logic_error{"some threads of a block returned while others wait at a barrier"};
            }
            waiting = std::move(still);
        }
    }

    [[nodiscard]] index_t size() const { return static_cast<index_t>(lanes_.size()); }
    [[nodiscard]] void* shared() const { return shared_.get(); }
    /// Leaves the running fibre until all others have come here, too.
    void sync() { leave(*running_); }

private:
    static constexpr std::size_t stack_bytes = std::size_t{256} << 10;  // sanitizers need much of it
    struct fibre {
        ucontext_t context;
        std::unique_ptr<std::byte[]> stack{new std::byte[stack_bytes]};
        bool done         = false;
        void* asan_frames = nullptr;
    };
    struct free_shared {
        void operator()(std::byte* memory) const { ::operator delete[](memory, std::align_val_t{16}); }
    };

    void prepare(fibre& one)
    {
        one.done        = false;
        one.asan_frames = nullptr;
        getcontext(&one.context);
        one.context.uc_stack.ss_sp   = one.stack.get();
        one.context.uc_stack.ss_size = stack_bytes;
        one.context.uc_link          = nullptr;  // it leaves by itself
        auto const self              = reinterpret_cast<std::uintptr_t>(this);
        makecontext(&one.context, reinterpret_cast<void (*)()>(&block::start), 2, static_cast<unsigned>(self >> 32U),
                    static_cast<unsigned>(self));
    }
    static void start(unsigned high, unsigned low)
    {
        auto* const self = reinterpret_cast<block*>((static_cast<std::uintptr_t>(high) << 32U) | low);
        self->arrived(nullptr, &self->outside_bottom_, &self->outside_size_);
        auto& one = *self->running_;
        (*self->body_)(lane{*self, &one - self->lanes_.data()});
        one.done = true;
        self->leave(one);
    }
    void enter(fibre& one)
    {
        running_ = &one;
        leaving(&outside_frames_, one.stack.get(), stack_bytes);
        swapcontext(&outside_, &one.context);
        arrived(outside_frames_, nullptr, nullptr);
    }
    void leave(fibre& one)
    {
        leaving(one.done ? nullptr : &one.asan_frames, outside_bottom_, outside_size_);
        swapcontext(&one.context, &outside_);
        arrived(one.asan_frames, &outside_bottom_, &outside_size_);
    }

    // ---- what AddressSanitizer wants to know: null for frames that never come back

#if defined(SCORECAM_TEST_FIBRES_UNDER_ASAN)
    static void leaving(void** frames, void const* bottom, std::size_t size)
    {
        __sanitizer_start_switch_fiber(frames, bottom, size);
    }
    static void arrived(void* frames, void const** bottom, std::size_t* size)
    {
        __sanitizer_finish_switch_fiber(frames, bottom, size);
    }
#else
    static void leaving(void**, void const*, std::size_t) {}
    static void arrived(void*, void const**, std::size_t*) {}
#endif

    std::vector<fibre> lanes_;
    std::mt19937 chance_;
    std::unique_ptr<std::byte[], free_shared> shared_;
    std::function<void(lane)> const* body_ = nullptr;
    fibre* running_                        = nullptr;
    ucontext_t outside_{};
    void* outside_frames_       = nullptr;
    void const* outside_bottom_ = nullptr;
    std::size_t outside_size_   = 0;
};

inline index_t lane::size() const { return block_->size(); }
inline void lane::sync() const { block_->sync(); }
inline void* lane::shared() const { return block_->shared(); }

}  // namespace fibres
