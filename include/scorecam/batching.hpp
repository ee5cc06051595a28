#pragma once
// How many masked images go through the model at once.
#include <algorithm>
#include <concepts>
#include <string>

#include <scorecam/error.hpp>
#include <scorecam/policy.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam {

/// What a batching strategy may know when it is asked for the next batch.
struct batch_request {
    index_t remaining;        ///< images that still have to go through the model, at least 1
    index_t bytes_per_image;  ///< of one input
    index_t preferred;        ///< the model's preferred_batch(), or 8
};

/// A batching strategy answers with the size of the next batch, from 1 to `remaining`. The map does not depend on it.
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

static_assert(batching<preferred_batch> && batching<fixed_batch> && batching<bounded_batch>);

}  // namespace scorecam
