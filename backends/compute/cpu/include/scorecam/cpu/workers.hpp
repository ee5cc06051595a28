#pragma once
#include <algorithm>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <unsupported/Eigen/CXX11/ThreadPool>

#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::cpu {

/// A fixed number of threads, the calling one included, that share independent pieces of work.
class workers {
public:
    explicit workers(int threads) : threads_{threads}
    {
        if (threads < 1) { throw option_error{"a CPU backend with " + std::to_string(threads) + " threads; use 1 or more"}; }
        // Idle threads sleep: a model's own threads need the cores between two batches.
        if (threads > 1) { pool_ = std::make_unique<Eigen::ThreadPool>(threads - 1, /*allow_spinning=*/false); }
    }

    /// As many threads as the machine runs at once.
    [[nodiscard]] static int hardware_threads()
    {
        return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    }

    [[nodiscard]] int threads() const { return threads_; }

    /// Calls work(i) once for each 0 <= i < count; the first error of a thread is thrown again when all are done. Where work
    /// cannot be handed on for want of memory, the calling thread does it.
    template <class Work>
    void for_each(index_t count, Work const& work)
    {
        share_out(count, {&work, [](void const* object, index_t i) { (*static_cast<Work const*>(object))(i); }});
    }

private:
    /// A function of i, wherever it lies.
    struct work_on {
        void const* object;
        void (*call)(void const*, index_t);
        void operator()(index_t i) const { call(object, i); }
    };

    void share_out(index_t count, work_on work)
    {
        auto const shares = std::clamp<index_t>(count, 1, threads_);
        std::vector<std::exception_ptr> failures(static_cast<std::size_t>(shares));
        auto const share = [&](index_t s) {
            try {
                for (index_t i = s * count / shares; i < (s + 1) * count / shares; ++i) { work(i); }
            } catch (...) {
                failures[static_cast<std::size_t>(s)] = std::current_exception();
            }
        };
        Eigen::Barrier others(static_cast<unsigned>(shares - 1));
        index_t handed_on = 1;
        try {
            for (; handed_on < shares; ++handed_on) {
                pool_->Schedule([&, s = handed_on] {
                    share(s);
                    others.Notify();
                });
            }
        } catch (...) {
            // No memory for a task. Those that are queued refer to this frame, so it stays, and does the work of the others.
        }
        share(0);
        for (index_t s = handed_on; s < shares; ++s) {
            share(s);
            others.Notify();
        }
        others.Wait();
        for (auto const& failure : failures) {
            if (failure) { std::rethrow_exception(failure); }
        }
    }

    int threads_;
    std::unique_ptr<Eigen::ThreadPool> pool_;
};

}  // namespace scorecam::cpu
