#pragma once
// How many masked images go through the model at once.
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/policies/kinds.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam {

/// What a batching strategy may know when it is asked for the next batch.
struct batch_request {
    index_t remaining;        ///< images of the caller's share that still have to be run, at least 1
    index_t bytes_per_image;  ///< of one input
    index_t preferred;        ///< the model's preferred_batch(), or 8
};

/// A batching strategy answers with the size of the next batch, from 1 to `remaining`. The map does not depend on it.
///
/// Asked only if there:
/// - `took(n, seconds)`         a batch of n masked images was made and scored in that time
/// - `on_out_of_memory(tried)`  the size to go on with after memory ran out, or 0 to give up; scores earned are kept
/// - `chosen()`                 the size it decided on, for the report; 0 if undecided
template <class S>
concept batching = requires(S s, batch_request request) {
    { s.next(request) } -> std::convertible_to<index_t>;
};

/// What the model prefers, or 8: on CPUs a larger batch buys no speed and costs memory. The default.
struct preferred_batch {
    using kind = kinds::batching;
    [[nodiscard]] index_t next(batch_request r) const { return std::min(r.preferred, r.remaining); }
};

/// Always `size` images.
struct fixed_batch {
    using kind = kinds::batching;
    index_t size;
    [[nodiscard]] index_t next(batch_request r) const { return std::min(size, r.remaining); }
};

/// As many images as fit into `bytes` of inputs. What the engine itself needs grows with the batch and comes on top.
struct bounded_batch {
    using kind = kinds::batching;
    index_t bytes;
    [[nodiscard]] index_t next(batch_request r) const
    {
        if (bytes < r.bytes_per_image) {
            throw option_error{"a batch of at most " + std::to_string(bytes) + " bytes cannot hold one input of " +
                               std::to_string(r.bytes_per_image) + " bytes; allow at least that much"};
        }
        return std::min(bytes / r.bytes_per_image, r.remaining);
    }
};

/// Starts with `size` images and halves that whenever memory runs out, on the host or a device. What it came down to is kept
/// for the next explanation, and does not depend on how many callers ran out of memory, or in which order.
struct shrinking_batch {
    using kind   = kinds::batching;
    index_t size = 64;
    [[nodiscard]] index_t next(batch_request r) const { return std::min(size, r.remaining); }
    [[nodiscard]] index_t on_out_of_memory(index_t tried)
    {
        while (size > 1 && size >= tried) { size /= 2; }
        return tried > 1 ? size : 0;
    }
    [[nodiscard]] index_t chosen() const { return size; }
};

/// Times a few sizes on the first batches of the first explanation, whose results are used like any others, and keeps the
/// fastest for inputs of the same size. The fastest time of a size counts, so that a busy machine misleads it less, and the
/// smaller size stays unless a larger one is faster by 3 %. For models on the host: on a device nothing waits for a batch.
class tuned_batch {
public:
    using kind = kinds::batching;

    tuned_batch() = default;
    explicit tuned_batch(std::vector<index_t> sizes) : sizes_{std::move(sizes)}
    {
        if (sizes_.empty() || *std::min_element(sizes_.begin(), sizes_.end()) < 1) {
            throw option_error{"tuned_batch was given no sizes, or one below 1; give one or more, such as {4, 8, 16}"};
        }
    }

    [[nodiscard]] index_t next(batch_request r)
    {
        if (r.bytes_per_image != bytes_per_image_) {  // other inputs, another answer
            bytes_per_image_ = r.bytes_per_image;
            trial_           = 0;
            fastest_.assign(sizes_.size(), std::numeric_limits<double>::infinity());
        }
        return std::min(trial_ < trials() ? sizes_[trial_ % sizes_.size()] : chosen(), r.remaining);
    }
    void took(index_t n, double seconds)
    {
        if (trial_ >= trials() || n != sizes_[trial_ % sizes_.size()]) { return; }  // the last batch of a map may be smaller
        auto const which = trial_++ % sizes_.size();
        bool const cold  = trial_ <= sizes_.size();  // the first of each size pays for its memory
        if (!cold) { fastest_[which] = std::min(fastest_[which], seconds / static_cast<double>(n)); }
    }
    [[nodiscard]] index_t chosen() const
    {
        if (trial_ < trials()) { return 0; }
        std::size_t best = 0;
        for (std::size_t i = 1; i < sizes_.size(); ++i) {
            bool const better =
                sizes_[i] > sizes_[best] ? fastest_[i] < 0.97 * fastest_[best] : 0.97 * fastest_[i] < fastest_[best];
            if (better) { best = i; }
        }
        return sizes_[best];
    }

private:
    [[nodiscard]] std::size_t trials() const { return 4 * sizes_.size(); }

    std::vector<index_t> sizes_{4, 8, 16};
    std::vector<double> fastest_;  // seconds per image
    std::size_t trial_       = 0;
    index_t bytes_per_image_ = 0;
};

static_assert(batching<preferred_batch> && batching<fixed_batch> && batching<bounded_batch> && batching<shrinking_batch> &&
              batching<tuned_batch>);

template <>
struct choice<kinds::batching> {
    using standard = preferred_batch;
    template <class P, class T>
    static consteval void check()
    {
        static_assert(batching<P>,
                      "scorecam: a batching strategy has next(scorecam::batch_request) that returns the size of the next batch");
    }
};

}  // namespace scorecam
