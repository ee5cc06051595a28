#pragma once
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <unsupported/Eigen/CXX11/ThreadPool>

#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::cpu {

namespace detail {

/// A thread that waits for what it is to do.
class waiting_thread {
public:
    waiting_thread() : thread_{[this] { begin(); }} {}
    ~waiting_thread()
    {
        tell({});
        thread_.join();
    }
    waiting_thread(waiting_thread const&)            = delete;
    waiting_thread& operator=(waiting_thread const&) = delete;

    /// The first one counts; an empty function ends the thread.
    void tell(std::function<void()> work)
    {
        if (told_) { return; }
        work_ = std::move(work);
        told_ = true;
        told_.notify_one();
    }
    void OnCancel() {}  // Eigen's pool asks for it

private:
    void begin()
    {
        told_.wait(false);
        if (work_) { work_(); }
    }

    std::function<void()> work_;
    std::atomic<bool> told_{false};
    std::thread thread_;  // the last: it uses the others
};

/// What Eigen's pool takes its threads from: they run already. Where the system refuses one to the pool itself, those that
/// it has by then would be waited for without end.
struct threads_at_hand {
    using Task      = Eigen::StlThreadEnvironment::Task;
    using EnvThread = waiting_thread;

    std::shared_ptr<std::vector<std::unique_ptr<waiting_thread>>> threads =
        std::make_shared<std::vector<std::unique_ptr<waiting_thread>>>();

    /// Throws out_of_memory.
    explicit threads_at_hand(int number)
    {
        threads->reserve(static_cast<std::size_t>(number));
        try {
            for (int i = 0; i < number; ++i) { threads->push_back(std::make_unique<waiting_thread>()); }
        } catch (std::system_error const&) {
            throw out_of_memory{"the system gave " + std::to_string(threads->size() + 1) + " of the " +
                                std::to_string(number + 1) + " threads of a CPU backend; use fewer threads"};
        }
    }
    EnvThread* CreateThread(std::function<void()> work)
    {
        auto one = std::move(threads->back());
        threads->pop_back();
        one->tell(std::move(work));
        return one.release();
    }
    Task CreateTask(std::function<void()> work) { return {std::move(work)}; }
    void ExecuteTask(Task const& task) { task.f(); }
};

}  // namespace detail

/// A fixed number of threads, the calling one included, that share independent pieces of work.
class workers {
public:
    /// Throws option_error, and out_of_memory if the system gives no such number of threads.
    explicit workers(int threads) : threads_{threads}
    {
        if (threads < 1) { throw option_error{"a CPU backend with " + std::to_string(threads) + " threads; use 1 or more"}; }
        // Idle threads sleep: a model's own threads need the cores between two batches.
        if (threads > 1) {
            pool_ = std::make_unique<pool>(threads - 1, /*allow_spinning=*/false, detail::threads_at_hand{threads - 1});
        }
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
    using pool = Eigen::ThreadPoolTempl<detail::threads_at_hand>;

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
    std::unique_ptr<pool> pool_;
};

}  // namespace scorecam::cpu
