#pragma once
// A backend and a model at work: the scores of a list of perturbed copies of images. The loop that costs everything is here:
// score() has its body, from the mask to the score, and batch_queue cuts the list.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <scorecam/backend.hpp>
#include <scorecam/detail/checks.hpp>
#include <scorecam/detail/model_calls.hpp>
#include <scorecam/detail/recipe.hpp>
#include <scorecam/detail/scratch.hpp>
#include <scorecam/error.hpp>
#include <scorecam/model.hpp>
#include <scorecam/tensor.hpp>

namespace scorecam::detail {

/// A backend and a model of which there can be further ones for other threads.
template <class Backend, class Model>
concept replicable = Backend::space_type::host_accessible && requires(Backend const& on, Model& model) {
    { on.replica() } -> std::same_as<Backend>;
    model.replica();
};

/// Work on `total` copies, cut into batches of the strategy's size and shared by threads, none of which takes more than its
/// share in one batch. Somebody may stop it, and where memory runs out the strategy may name a smaller batch: what was done
/// is kept.
class batch_queue {
public:
    /// next(left): the size of the next batch, from 1 to `left`; asked by one thread at a time, as the strategy and the
    /// listener are.
    batch_queue(index_t total, index_t threads, batching_calls const& strategy, call_choices const& now,
                std::function<index_t(index_t)> next)
        : total_{total}, share_{(total + threads - 1) / threads}, strategy_{strategy}, now_{now}, next_{std::move(next)}
    {
        if (now_.report) { now_.report(0, total_); }
    }

    /// What one thread does: one_batch(first, n) until nothing is left.
    void run(std::function<void(index_t, index_t)> const& one_batch)
    {
        try {
            for (auto part = take(); part.n > 0; part = take()) {
                for (index_t n = part.n; part.n > 0; n = std::min(n, part.n)) {
                    auto const begin   = std::chrono::steady_clock::now();
                    index_t const more = did(one_batch, part.first, n);
                    if (more > 0) {
                        count(more, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
                    }
                    part.first += more;
                    part.n -= more;
                }
            }
        } catch (...) {
            std::lock_guard const lock{mutex_};
            if (!failure_) { failure_ = std::current_exception(); }
        }
    }

    /// After all threads: throws the first error of any, or says how large the largest batch was.
    [[nodiscard]] index_t finish() const
    {
        if (failure_) { std::rethrow_exception(failure_); }
        return largest_;
    }

private:
    struct range {
        index_t first, n;
    };

    [[nodiscard]] range take()
    {
        std::lock_guard const lock{mutex_};
        if (failure_ || started_ == total_) { return {started_, 0}; }
        if (now_.stop_requested && now_.stop_requested()) {
            throw cancelled{"stopped after " + std::to_string(done_) + " of " + std::to_string(total_) + " masked images"};
        }
        auto const n = next_(std::min(share_, total_ - started_));
        return {std::exchange(started_, started_ + n), n};
    }
    void count(index_t n, double seconds)
    {
        std::lock_guard const lock{mutex_};
        largest_ = std::max(largest_, n);
        if (strategy_.took) { strategy_.took(n, seconds); }
        done_ += n;
        if (now_.report) { now_.report(done_, total_); }
    }

    /// Runs a batch. The number of copies it did: n, or 0 if memory ran out, and then n is the smaller number to try.
    [[nodiscard]] index_t did(std::function<void(index_t, index_t)> const& one_batch, index_t first, index_t& n)
    {
        try {
            one_batch(first, n);
            return n;
        } catch (out_of_memory const&) {
            n = smaller_than(n);
        } catch (std::bad_alloc const&) {
            n = smaller_than(n);
        }
        return 0;
    }
    /// Called where an error is handled, which is thrown again if there is nothing smaller.
    [[nodiscard]] index_t smaller_than(index_t tried)
    {
        std::lock_guard const lock{mutex_};
        index_t const next = strategy_.on_out_of_memory ? std::min(strategy_.on_out_of_memory(tried), tried - 1) : 0;
        if (next < 1) { throw; }
        return next;
    }

    index_t total_, share_;
    batching_calls const& strategy_;
    call_choices const& now_;
    std::function<index_t(index_t)> next_;

    std::mutex mutex_;  // of all that follows
    index_t started_ = 0, done_ = 0, largest_ = 0;
    std::exception_ptr failure_;
};

/// A thread's own backend and model beside the caller's.
template <class Backend, class Model>
struct replica {
    using model_type = std::remove_cvref_t<decltype(std::declval<Model&>().replica())>;

    Backend on;
    model_type model;
    model_calls<Backend, model_type> calls{on, model};

    replica(Backend const& other, Model& of) : on{other.replica()}, model{of.replica()} {}
    replica(replica const&)            = delete;
    replica& operator=(replica const&) = delete;
};

/// Copies X∘m + B∘(1 - m): what masks let through, written as the model takes it. On a device it depends on the picks alone,
/// so that it can be recorded and replayed.
template <class Backend, class T, std::size_t Rank>
struct masked {
    static constexpr bool paints_pictures = false;
    const_view_on<Backend, T, Rank> images;
    const_view_on<Backend, T, Rank> background;
    masks_on<Backend, T, Rank> masks;

    template <class Batch>
    void operator()(Backend& on, index_t, const_view_on<Backend, ops::pick, 1> picks, Batch const& batch) const
    {
        on.mask(images, background, masks, picks, batch);
    }
};

/// Copies of activations of which one channel is 0.
template <class Backend, class T, std::size_t Rank>
struct without_channel {
    static constexpr bool paints_pictures = true;
    const_view_on<Backend, T, Rank> activations;
    const_view_on<Backend, T, Rank - 1> nothing;  // (1, h, w) of 0
    std::vector<ops::pick> const& copies;

    template <class Batch>
    void operator()(Backend& on, index_t first, const_view_on<Backend, ops::pick, 1> picks, Batch const& batch) const
    {
        if constexpr (std::is_convertible_v<Batch const&, view_on<Backend, T, Rank>>) {
            for (index_t n = 0; n < picks.size(); ++n) {
                auto const& [image, channel] = copies[static_cast<std::size_t>(first + n)];
                on.copy(activations.slice(image, 1), batch.slice(n, 1));
                on.copy(nothing, batch[n].slice(channel, 1));
            }
        }
    }
};

/// The unit that everything here is a client of: a backend, a model, replicas of both, the choices in force, memory and
/// counts. For one thread at a time, which enter() sees to for those that are kept. Not movable: others refer to its parts.
template <class Backend, class Model>
class scorer {
    using T = typename Model::value_type;
    template <class U, std::size_t Rank>
    using held = scratch<Backend, U, Rank>;

public:
    static constexpr std::size_t rank = spatial_rank_of<Model> + 2;
    using images_view                 = const_view_on<Backend, T, rank>;
    using recipe_type                 = recipe_for<Backend, Model>;

    template <class... Policies>
    explicit scorer(Backend& on, Model& model, Policies... policies)
        : on_{on}, calls_{on, model}, recipe_{recipe_of<Backend, Model>(std::move(policies)...)}
    {
    }
    scorer(scorer const&)            = delete;
    scorer& operator=(scorer const&) = delete;

    [[nodiscard]] Backend& on() { return on_; }
    [[nodiscard]] model_calls<Backend, Model>& calls() { return calls_; }
    [[nodiscard]] recipe_type const& chosen() const { return recipe_; }

    // ---- one call

    /// Holds the scorer for one call. Throws option_error if another thread, or a function that this call calls, is in it.
    [[nodiscard]] auto enter()
    {
        if (busy_.exchange(true)) {
            throw option_error{"the explainer is at work already; one thread at a time may call it, others need their own"};
        }
        auto const leave = [](std::atomic<bool>* busy) { busy->store(false); };
        return std::unique_ptr<std::atomic<bool>, decltype(leave)>{&busy_, leave};
    }

    /// Starts to work on the images, with nothing counted. Throws shape_error, non_finite_error or option_error.
    void begin(images_view images, call_choices const& now)
    {
        check_images(images, calls_.input_shape());
        now_ = now;
        calls_.restart();
        batch_size_ = 0;
        ask_for_replicas();
        for_each_replica([](auto& one) { one.calls.restart(); });
    }

    /// f's network on the images themselves: keep(backend, outputs, first, n) by the thread that ran them.
    template <class Keep>
    void look(images_view images, Keep const& keep)
    {
        work_through(images.extent(0), [&](Backend& on, auto& calls, index_t first, index_t n) {
            keep(on, calls.forward(calls.entered(images.slice(first, n))), first, n);
        });
    }

    /// The questions (I, M), given the model's answers to the images.
    auto choose_targets(model_outputs<T, typename Backend::space_type> const& outputs, held<index_t, 2>& out)
    {
        index_t const own = recipe_.questions;
        if (now_.listed || own > 0) {
            auto const list = now_.listed ? now_.listed(outputs.images(), own > 0 ? own : outputs.row_shape()[0])
                                          : all_of(own, outputs.images());
            return on_.from_host(list.data(), out.resize(on_, list.shape()));
        }
        if (outputs.row_shape().axes != 1 && outputs.row_shape().size() != outputs.row_shape()[0]) {
            throw target_error{"top classes are those of outputs (n, classes), and the model's are of the shape " +
                               to_string(outputs.row_shape()) +
                               " for each image; name targets, which the score reads: target{0}"};
        }
        if (now_.top < 1 || now_.top > outputs.extent(1)) {
            throw target_error{"the top " + std::to_string(now_.top) + " classes were asked of a model with " +
                               std::to_string(outputs.extent(1)) + " outputs; ask for 1 to " +
                               std::to_string(outputs.extent(1))};
        }
        on_.top(outputs.flat(), out.resize(on_, {{outputs.images(), now_.top}}));
    }

    /// Scores perturbed copies: copy {i, k} of the list, made by perturb(backend, first, picks, where), has scores(i, k, m)
    /// = f(answer)(targets(i, m)). `subject` is what is copied, the images or the activations. seen(first, outputs) is told
    /// of every batch, by the thread that ran it.
    template <class Perturb, class Seen>
    void score(images_view subject, std::vector<ops::pick> const& copies, Perturb const& perturb,
               const_view_on<Backend, index_t, 2> targets, view_on<Backend, T, 3> scores, Seen const& seen)
    {
        auto const picks = upload(copies, picks_);
        work_through(static_cast<index_t>(copies.size()), [&](Backend& on, auto& calls, index_t first, index_t n) {
            auto const of_batch = picks.slice(first, n);
            calls.with_room_for(
                n, subject, recipe_.place, perturb.paints_pictures, [&](auto const& where, auto const& answer) {
                    auto const run = [&](const_view_on<Backend, ops::pick, 1> chosen) {
                        perturb(on, first, chosen, where);                    // X∘m + B∘(1 - m)
                        auto const outputs = answer(where);                   // the network, or what of it is behind the tap
                        recipe_.score(on, outputs, chosen, targets, scores);  // f
                        return outputs;
                    };
                    seen(first, perturb.paints_pictures ? run(of_batch) : calls.run_chunk(where.data(), of_batch, run));
                });
        });
    }

    /// The scores (I, 1, M) of one picture for all images, or of one for each: a baseline, or what an all-zero mask lets
    /// through. `known` are the model's answers to the images themselves. seen(first, outputs) is told of other answers.
    template <class Seen>
    void score_picture(images_view subject, typename recipe_type::picture_type const& picture,
                       model_outputs<T, typename Backend::space_type> const& known,
                       const_view_on<Backend, index_t, 2> targets, held<T, 2>& out, Seen const& seen)
    {
        auto const scores = out.resize(on_, targets.shape());
        view_on<Backend, T, 3> const rows{scores.data(), scores.extent(0), 1, scores.extent(1)};
        std::vector<ops::pick> own;
        for (index_t i = 0; i < subject.extent(0); ++i) { own.push_back({static_cast<std::int32_t>(i), 0}); }
        auto const picks = upload(own, own_picks_);
        if (picture.is_unmasked) { return recipe_.score(on_, known, picks, targets, rows); }
        for (index_t first = 0; first < subject.extent(0);) {
            index_t const n    = picture.per_image ? next_batch(subject.extent(0) - first) : 1;
            auto const outputs = answer_to(subject.slice(first, n), subject, picture);
            seen(first, outputs);
            index_t const covered = picture.per_image ? n : subject.extent(0);
            for (index_t done = 0; done < covered; done += n) {
                recipe_.score(on_, outputs, picks.slice(first + done, n), targets, rows);
            }
            first += covered;
        }
    }
    void score_picture(images_view subject, typename recipe_type::picture_type const& picture,
                       model_outputs<T, typename Backend::space_type> const& known,
                       const_view_on<Backend, index_t, 2> targets, held<T, 2>& out)
    {
        score_picture(subject, picture, known, targets, out, [](index_t, auto const&) {});
    }
    /// The scores (1, M) of the answers to one image, the first.
    [[nodiscard]] const_view_on<Backend, T, 2> scores_of(model_outputs<T, typename Backend::space_type> const& outputs,
                                                         const_view_on<Backend, index_t, 2> targets, held<T, 2>& out)
    {
        auto const scores = out.resize(on_, {{1, targets.extent(1)}});
        recipe_.score(on_, outputs, upload(std::vector<ops::pick>{{0, 0}}, own_picks_), targets,
                      view_on<Backend, T, 3>{scores.data(), 1, 1, scores.extent(1)});
        return as_const(scores);
    }

    /// The model's answers to a picture painted for some of the images.
    [[nodiscard]] model_outputs<T, typename Backend::space_type> answer_to(images_view some, images_view subject,
                                                                           typename recipe_type::picture_type const& picture)
    {
        model_outputs<T, typename Backend::space_type> outputs;
        calls_.with_room_for(some.extent(0), subject, recipe_.place, true, [&](auto const& where, auto const& answer) {
            if constexpr (std::is_convertible_v<decltype(where), view_on<Backend, T, rank>>) {
                picture.paint(on_, some, where);
                outputs = answer(where);
            }
        });
        return outputs;
    }

    /// The size of the next batch, from 1 to `remaining`.
    [[nodiscard]] index_t next_batch(index_t remaining) const
    {
        auto const bytes = calls_.input_shape().size() * static_cast<index_t>(sizeof(batch_value_of<Model>));
        index_t const n  = recipe_.batching.next(batch_request{remaining, bytes, calls_.preferred_batch()});
        if (n < 1) {
            throw option_error{"the batching strategy asked for a batch of " + std::to_string(n) + " images; use 1 or more"};
        }
        return std::min({n, remaining, calls_.max_batch()});
    }

    // ---- what it cost

    [[nodiscard]] index_t forwards() const
    {
        index_t all = calls_.forwards();
        for_each_replica([&](auto const& one) { all += one.calls.forwards(); });
        return all;
    }
    [[nodiscard]] index_t batches() const
    {
        index_t all = calls_.batches();
        for_each_replica([&](auto const& one) { all += one.calls.batches(); });
        return all;
    }
    /// What the batching strategy settled on, or the largest batch.
    [[nodiscard]] index_t batch_size() const { return batch_size_; }
    [[nodiscard]] index_t bytes() const
    {
        index_t all = calls_.bytes() + picks_.bytes() + own_picks_.bytes();
        for_each_replica([&](auto const& one) { all += one.calls.bytes(); });
        return all;
    }

    // ---- to and from the host

    /// There after on().wait().
    template <class U, std::size_t Rank>
    [[nodiscard]] tensor<U, Rank> to_host(held<U, Rank> const& from)
    {
        tensor<U, Rank> host{from.shape()};
        on_.to_host(as_const(from.view()), host.data());
        return host;
    }
    template <class U>
    [[nodiscard]] const_view_on<Backend, U, 1> upload(std::vector<U> const& list, held<U, 1>& to)
    {
        auto const view = to.resize(on_, {{static_cast<index_t>(list.size())}});
        if (!list.empty()) { on_.from_host(list.data(), view); }
        return as_const(view);
    }

private:
    /// Calls one_batch(backend, calls, first, n) until all of `total` copies are done, on as many threads as there are
    /// replicas and this one.
    template <class Batch>
    void work_through(index_t total, Batch const& one_batch)
    {
        batch_queue work{total, 1 + replicas(), recipe_.batching, now_, [this](index_t left) { return next_batch(left); }};
        {
            std::vector<std::jthread> threads;
            try {
                for_each_replica([&](auto& one) {
                    threads.emplace_back(
                        [&] { work.run([&](index_t first, index_t n) { one_batch(one.on, one.calls, first, n); }); });
                });
            } catch (std::bad_alloc const&) {     // for want of memory or of a thread: those that run and this one do all,
            } catch (std::system_error const&) {  // with the same result
            }
            work.run([&](index_t first, index_t n) { one_batch(on_, calls_, first, n); });
        }
        batch_size_           = std::max(batch_size_, work.finish());
        index_t const settled = recipe_.batching.chosen ? recipe_.batching.chosen() : 0;
        if (settled > 0) { batch_size_ = std::min(batch_size_, settled); }
    }

    [[nodiscard]] static tensor<index_t, 2> all_of(index_t questions, index_t images)
    {
        tensor<index_t, 2> list{{{images, questions}}};
        for (index_t i = 0; i < images; ++i) {
            for (index_t m = 0; m < questions; ++m) { list(i, m) = m; }
        }
        return list;
    }

    void ask_for_replicas()
    {
        index_t const number = recipe_.concurrency;
        if (number < 1) { throw option_error{std::to_string(number) + " concurrent calls were asked for; use 1 or more"}; }
        if constexpr (replicable<Backend, Model>) {
            while (static_cast<index_t>(replicas_.size()) < number - 1) {
                replicas_.push_back(std::make_unique<replica<Backend, Model>>(on_, calls_.model()));
            }
            replicas_.resize(static_cast<std::size_t>(number - 1));
        } else if (number != 1) {
            throw option_error{std::to_string(number) +
                               " concurrent calls were asked for, but the model or the backend has no replica(); use one"};
        }
    }
    [[nodiscard]] index_t replicas() const
    {
        if constexpr (replicable<Backend, Model>) {
            return static_cast<index_t>(replicas_.size());
        } else {
            return 0;
        }
    }
    template <class F>
    void for_each_replica(F&& f) const
    {
        if constexpr (replicable<Backend, Model>) {
            for (auto const& one : replicas_) { f(*one); }
        }
    }

    struct none {};
    template <class B, class M>
    struct replica_list {
        using type = none;
    };
    template <class B, class M>
        requires replicable<B, M>
    struct replica_list<B, M> {
        using type = std::vector<std::unique_ptr<replica<B, M>>>;
    };

    Backend& on_;
    model_calls<Backend, Model> calls_;
    typename replica_list<Backend, Model>::type replicas_;
    recipe_type recipe_;
    call_choices now_;
    std::atomic<bool> busy_{false};
    index_t batch_size_ = 0;
    held<ops::pick, 1> picks_;
    held<ops::pick, 1> own_picks_;  // one for each image
};

}  // namespace scorecam::detail
