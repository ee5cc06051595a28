#pragma once
// Working through a list of perturbed images in batches: as many at once as the batching strategy says, on as many threads
// as the callers policy says, until all are done, somebody stops it or memory runs out for good.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <mutex>
#include <new>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <scorecam/policies/batching.hpp>
#include <scorecam/policies/concurrency.hpp>
#include <scorecam/error.hpp>
#include <scorecam/detail/model_calls.hpp>
#include <scorecam/policies/registry.hpp>

namespace scorecam {

/// The batches of one backend and model, as the policies in force (a policy_set) have them.
template <class Backend, class Model, class Policies>
class batch_work {
    using calls_type  = model_calls<Backend, Model>;
    using others_type = further_callers<Backend, Model>;

public:
    batch_work(Backend& on, calls_type& model, others_type const& others, Policies& policies)
        : on_{on}, model_{model}, others_{others}, policies_{policies}
    {
    }

    /// The size of the next batch, from 1 to `remaining`.
    [[nodiscard]] index_t next(index_t remaining) const
    {
        auto const bytes = model_.input_shape().size() * static_cast<index_t>(sizeof(batch_value_of<Model>));
        index_t const n  = with_policy(in_force<kinds::batching>(), [&](auto& strategy) -> index_t {
            return strategy.next(batch_request{remaining, bytes, model_.preferred_batch()});
        });
        if (n < 1) {
            throw option_error{"the batching strategy asked for a batch of " + std::to_string(n) + " images; use 1 or more"};
        }
        return std::min({n, remaining, model_.max_batch()});
    }

    /// Calls one_batch(backend, model, first, n) until all of `total` images are done; no caller takes more than its share
    /// in one batch. Returns the size of the batches: what the strategy settled on, or the largest, `size` of earlier ones
    /// among them.
    template <class Work>
    index_t through(index_t total, Work const& one_batch, index_t size = 0) const
    {
        index_t const callers = 1 + others_.count();
        index_t const share   = (total + callers - 1) / callers;
        std::mutex mutex;  // of everything below, of the batching strategy and of the progress
        index_t started = 0, done = 0;
        std::exception_ptr failure;
        auto const next_range = [&] {
            std::lock_guard const lock{mutex};
            if (failure || started == total) { return std::pair{started, index_t{0}}; }
            stop_if_requested(done, total);
            auto const n = next(std::min(share, total - started));
            return std::pair{std::exchange(started, started + n), n};
        };
        auto const finish = [&](index_t n, double seconds) {
            std::lock_guard const lock{mutex};
            size = std::max(size, n);
            with_policy(in_force<kinds::batching>(), [&](auto& strategy) {
                if constexpr (requires { strategy.took(n, seconds); }) { strategy.took(n, seconds); }
            });
            done += n;
            report(done, total);
        };
        auto const smaller_than = [&](index_t tried) {
            std::lock_guard const lock{mutex};
            return with_policy(in_force<kinds::batching>(), [&](auto& strategy) -> index_t {
                if constexpr (requires { strategy.on_out_of_memory(tried); }) {
                    return std::min(strategy.on_out_of_memory(tried), tried - 1);
                } else {
                    return 0;
                }
            });
        };
        auto const work = [&](Backend& on, auto& model) {
            try {
                for (auto range = next_range(); range.second > 0; range = next_range()) {
                    auto& [first, left] = range;
                    for (index_t n = left; left > 0; n = std::min(n, left)) {
                        auto const begin = std::chrono::steady_clock::now();
                        index_t const at = first;
                        if (!survives(n, [&, at](index_t tried) { one_batch(on, model, at, tried); }, smaller_than)) {
                            continue;
                        }
                        finish(n, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
                        first += n;
                        left -= n;
                    }
                }
            } catch (...) {
                std::lock_guard const lock{mutex};
                if (!failure) { failure = std::current_exception(); }
            }
        };

        report(0, total);
        {
            std::vector<std::jthread> threads;
            others_.for_each([&](auto& one) { threads.emplace_back([&] { work(one.on, one.calls); }); });
            work(on_, model_);
        }
        if (failure) { std::rethrow_exception(failure); }
        with_policy(in_force<kinds::batching>(), [&](auto const& strategy) {
            if constexpr (requires { strategy.chosen(); }) {
                if (strategy.chosen() > 0) { size = std::min(size, index_t{strategy.chosen()}); }
            }
        });
        return size;
    }

private:
    /// Runs a batch of n; if memory runs out and a smaller size is to be tried, sets n to that and is false.
    template <class Batch, class Smaller>
    static bool survives(index_t& n, Batch const& run, Smaller const& smaller_than)
    {
        try {
            run(n);
            return true;
        } catch (out_of_memory const&) {
            auto const next = smaller_than(n);
            if (next < 1) { throw; }
            n = next;
        } catch (std::bad_alloc const&) {
            auto const next = smaller_than(n);
            if (next < 1) { throw; }
            n = next;
        }
        return false;
    }

    void report(index_t done, index_t total) const
    {
        with_policy(in_force<kinds::progress>(), [&](auto& listener) { listener.report(done, total); });
    }
    void stop_if_requested(index_t done, index_t total) const
    {
        if (with_policy(in_force<kinds::stop>(), [](auto const& stop) { return stop.requested(); })) {
            throw cancelled{"stopped after " + std::to_string(done) + " of " + std::to_string(total) + " masked images"};
        }
    }

    template <class Kind>
    [[nodiscard]] auto& in_force() const
    {
        return detail::policy_in_force<Kind>(policies_);
    }

    Backend& on_;
    calls_type& model_;
    others_type const& others_;
    Policies& policies_;
};

}  // namespace scorecam
