#pragma once
// The backend on a CUDA stream.
#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <cuda_runtime_api.h>

#include <scorecam/backend.hpp>
#include <scorecam/batch_view.hpp>
#include <scorecam/cuda/buffer.hpp>
#include <scorecam/cuda/convert.hpp>
#include <scorecam/cuda/device_calls.hpp>
#include <scorecam/cuda/error.hpp>
#include <scorecam/cuda/launch.hpp>
#include <scorecam/cuda/memory.hpp>
#include <scorecam/cuda/packs.hpp>
#include <scorecam/cuda/recording.hpp>
#include <scorecam/cuda/staging.hpp>
#include <scorecam/cuda/work/average.hpp>
#include <scorecam/cuda/work/combine.hpp>
#include <scorecam/cuda/work/extrema.hpp>
#include <scorecam/cuda/work/heatmap.hpp>
#include <scorecam/cuda/work/maps.hpp>
#include <scorecam/cuda/work/mask.hpp>
#include <scorecam/cuda/work/paint.hpp>
#include <scorecam/cuda/work/scores.hpp>
#include <scorecam/error.hpp>

namespace scorecam::cuda {

/// Everything is enqueued on the stream it is given, of the current device, which is the caller's and outlives it and its
/// buffers. Only wait() waits, and to_host() where the host's memory is not pinned. One host thread at a time.
///
/// Device memory comes from `Memory`, see memory.hpp. Throws scorecam::out_of_memory, and cuda_error for all else; an error
/// of what was enqueued shows in wait() at the latest.
template <memory_resource Memory = stream_ordered_memory>
class basic_backend {
    template <class T, std::size_t Rank>
    using view = tensor_view<T, Rank, cuda_space>;

public:
    using space_type = cuda_space;

    explicit basic_backend(cudaStream_t stream, Memory memory = {}) : stream_{stream}, memory_{std::move(memory)} {}

    [[nodiscard]] cudaStream_t queue() const noexcept { return stream_; }

    template <class T>
    [[nodiscard]] buffer<T, Memory> allocate(index_t n)
    {
        return {n, stream_, memory_};
    }
    /// The host memory may be reused at once, and nothing waits for the stream, see staging.hpp.
    template <class T, std::size_t Rank>
    void from_host(T const* host, view<T, Rank> to)
    {
        if (to.size() > 0) { staging_.send(host, to.data(), bytes_of(to), stream_); }
    }
    /// The elements are there after the next wait(). Memory that is not pinned makes the runtime wait here already.
    template <class T, std::size_t Rank>
    void to_host(view<T const, Rank> from, T* host)
    {
        if (from.size() == 0) { return; }
        check(cudaMemcpyAsync(host, from.data(), bytes_of(from), cudaMemcpyDeviceToHost, stream_), "copying to the host");
    }
    void wait()
    {
        check(cudaStreamSynchronize(stream_), "waiting for a stream");
        staging_.trim();
    }
    /// What work() enqueues, not run yet: recorded.replay() enqueues it. False if it cannot be recorded, see recording.hpp.
    /// Only with the runtime's own memory, which a graph keeps for itself; another resource might hand it to somebody else.
    template <class Work>
    [[nodiscard]] recording record(Work const& work)
        requires std::same_as<Memory, stream_ordered_memory>
    {
        return recording::of(stream_, work);
    }
    template <class T, std::size_t Rank>
    void copy(view<T const, Rank> from, view<T, Rank> to)
    {
        if (from.size() == 0) { return; }
        check(cudaMemcpyAsync(to.data(), from.data(), bytes_of(from), cudaMemcpyDeviceToDevice, stream_),
              "copying on the device");
    }
    template <class T, class U, std::size_t Rank, layout Layout>
    void copy(view<T const, Rank> images, batch_view<U, Rank, Layout, cuda_space> batch)
    {
        convert(images, batch, stream_);
    }

    template <class T, std::size_t Rank, class F>
    void paint(view<T const, Rank> images, F const& f, view<T, Rank> out)
    {
        constexpr std::size_t spatial = Rank - 2;
        work::painting<T, spatial, F> const what{.images   = images.data(),
                                                 .size     = trailing<spatial>(images.shape()),
                                                 .count    = out.extent(0),
                                                 .channels = out.extent(1),
                                                 .plane    = trailing<spatial>(out.shape()).size(),
                                                 .f        = f,
                                                 .out      = out.data()};
        if constexpr (work::painted_together<F, T, spatial>) {
            launch(work::paint_together<T, spatial, F>{what}, stream_);
        } else {
            launch(work::paint<T, spatial, F>{what}, stream_);
        }
    }

    template <class T, std::size_t Rank>
    void extrema(view<T const, Rank> maps, extents<Rank - 1> size, ops::mask_rule rule, view<ops::range<T>, 1> out)
    {
        launch(work::extrema<T, Rank - 1>{.maps  = maps.data(),
                                          .count = maps.extent(0),
                                          .low   = trailing<Rank - 1>(maps.shape()),
                                          .high  = size,
                                          .rule  = rule,
                                          .out   = out.data()},
               stream_);
    }

    template <class T, std::size_t Rank>
    void moments(view<T const, Rank> maps, view<ops::moments<T>, 1> out)
    {
        launch(work::moments<T>{.maps      = maps.data(),
                                .count     = maps.extent(0),
                                .positions = trailing<Rank - 1>(maps.shape()).size(),
                                .out       = out.data()},
               stream_);
    }

    template <class T, std::size_t Rank>
    void normalise(view<T, Rank> maps, view<ops::range<T> const, 1> ranges, ops::mask_rule rule)
    {
        launch(work::normalise<T>{.maps      = maps.data(),
                                  .ranges    = ranges.data(),
                                  .count     = maps.extent(0),
                                  .positions = trailing<Rank - 1>(maps.shape()).size(),
                                  .epsilon   = static_cast<T>(rule.epsilon)},
               stream_);
    }

    template <class T, std::size_t Rank, class Batch>
    void mask(view<T const, Rank> images, view<T const, Rank> background, masks_view<T, Rank, cuda_space> masks,
              view<ops::pick const, 1> picks, Batch const& batch)
    {
        using U = typename Batch::element_type;
        static_assert(sizeof(U) <= bytes_per_pack && (sizeof(U) & (sizeof(U) - 1)) == 0,
                      "scorecam: the elements of a batch on a device have 1, 2, 4, 8 or 16 bytes");
        constexpr std::size_t spatial = Rank - 2;
        auto const low                = trailing<spatial>(masks.maps.shape());
        auto const high               = trailing<spatial>(images.shape());
        index_t const n               = picks.extent(0);
        index_t const channels        = images.extent(1);
        auto const normalised         = allocate<T>(n * low.size());  // affine: commutes with resizing
        launch(work::normalise_picks<T>{.maps      = masks.maps.data(),
                                        .ranges    = masks.ranges.data(),
                                        .picks     = picks.data(),
                                        .one_image = masks.maps.extent(0) == 1,
                                        .count     = n,
                                        .channels  = masks.maps.extent(1),
                                        .positions = low.size(),
                                        .epsilon   = static_cast<T>(masks.rule.epsilon),
                                        .out       = normalised.data()},
               stream_);

        auto const* behind = background.size() == 0 ? nullptr : background.data();
        auto const all     = [&](auto count) {
            return work::masking<T, U, spatial, decltype(count)::value>{
                    .images         = images.data(),
                    .background     = behind,
                    .one_background = background.extent(0) == 1,
                    .normalised     = normalised.data(),
                    .picks          = picks.data(),
                    .count          = n,
                    .channels       = channels,
                    .low            = low,
                    .high           = high,
                    .enlarged       = masks.resized_to(high),
                    .shifts         = masks.shifts.size() > 0 ? masks.shifts.data() : nullptr,
                    .axis           = masks.rule.axis,
                    .batch          = batch.data()};
        };
        constexpr int widest = bytes_per_pack / sizeof(U);
        using in_packs       = std::integral_constant<int, widest>;
        using one_by_one     = std::integral_constant<int, 1>;
        bool const packs     = images.extent(Rank - 1) % widest == 0 && aligned_to_packs(images.data()) &&
                           aligned_to_packs(behind) && aligned_to_packs(batch.data());
        if (order_of<Batch> == layout::channels_first || channels == 1) {  // the same, with one channel
            if (packs) {
                launch(work::mask<T, U, spatial, widest>{all(in_packs{})}, stream_);
            } else {
                launch(work::mask<T, U, spatial, 1>{all(one_by_one{})}, stream_);
            }
        } else if constexpr (order_of<Batch> == layout::channels_last) {
            if (packs && channels == 3) {
                launch(work::mask_channels_last<T, U, spatial, widest, 3>{all(in_packs{})}, stream_);
            } else {
                launch(work::mask_channels_last<T, U, spatial, 1, 0>{all(one_by_one{})}, stream_);
            }
        }
    }

    template <class T, std::size_t Rank>
    void average(masks_view<T, Rank, cuda_space> masks, view<T const, 3> weights, view<T, Rank> out)
    {
        constexpr std::size_t spatial = Rank - 2;
        auto const high               = trailing<spatial>(out.shape());
        auto const normalised         = allocate<T>(masks.maps.size());  // affine: commutes with resizing
        view<T, Rank> const to{normalised.data(), masks.maps.shape()};
        copy(masks.maps, to);
        normalise(merge_leading(to), merge_leading(masks.ranges), masks.rule);
        launch(work::average<T, spatial>{.normalised = normalised.data(),
                                         .one_image  = masks.maps.extent(0) == 1,
                                         .shifts     = masks.shifts.size() > 0 ? masks.shifts.data() : nullptr,
                                         .weights    = weights.data(),
                                         .images     = out.extent(0),
                                         .channels   = weights.extent(1),
                                         .wanted     = weights.extent(2),
                                         .low        = trailing<spatial>(masks.maps.shape()),
                                         .high       = high,
                                         .enlarged   = masks.resized_to(high),
                                         .axis       = masks.rule.axis,
                                         .out        = out.data()},
               stream_);
    }

    template <class T>
    void top(view<T const, 2> outputs, view<index_t, 2> targets)
    {
        launch(work::top<T>{.outputs = outputs.data(),
                            .count   = outputs.extent(0),
                            .classes = outputs.extent(1),
                            .wanted  = targets.extent(1),
                            .out     = targets.data()},
               stream_);
    }

    /// A score_by holds a function object whose call operator is SCORECAM_HD, or, compiled with --extended-lambda, a lambda
    /// that is so and names its parameters' types: [] SCORECAM_HD(ops::row<float> row, index_t c) { return row[c]; }.
    template <class T, class Score>
    void score(model_outputs<T, cuda_space> outputs, Score const& f, view<ops::pick const, 1> picks,
               view<index_t const, 2> targets, view<T, 3> scores)
    {
        static_assert(std::is_trivially_copyable_v<Score>, "scorecam: a score on a device is trivially copyable");
        if constexpr (is_score_by<Score>) {
            static_assert(
                !std::is_pointer_v<decltype(f.function)>,
                "scorecam: a pointer to a function may be the host's: on a device score_by takes a function object "
                "whose call operator is SCORECAM_HD");
        }
        launch(work::score<T, Score>{.outputs  = outputs.rows(),
                                     .f        = f,
                                     .picks    = picks.data(),
                                     .count    = picks.extent(0),
                                     .targets  = targets.data(),
                                     .wanted   = targets.extent(1),
                                     .channels = scores.extent(1),
                                     .scores   = scores.data()},
               stream_);
    }

    template <class T, class Weighting>
    void weigh(view<T const, 3> scores, view<ops::channel_role const, 2> roles, view<T const, 2> baseline,
               view<T const, 2> zero_mask, Weighting const& f, view<T, 3> weights)
    {
        static_assert(std::is_trivially_copyable_v<Weighting>, "scorecam: a weighting on a device is trivially copyable");
        launch(work::weigh<T, Weighting>{.scores    = scores.data(),
                                         .roles     = roles.data(),
                                         .baseline  = baseline.size() == 0 ? nullptr : baseline.data(),
                                         .zero_mask = zero_mask.size() == 0 ? nullptr : zero_mask.data(),
                                         .f         = f,
                                         .images    = scores.extent(0),
                                         .channels  = scores.extent(1),
                                         .wanted    = scores.extent(2),
                                         .weights   = weights.data()},
               stream_);
    }

    template <class T, std::size_t Rank>
    void combine(view<T const, Rank> maps, view<T const, 3> weights, view<T, Rank> out)
    {
        launch(work::combine<T>{.maps      = maps.data(),
                                .weights   = weights.data(),
                                .images    = maps.extent(0),
                                .channels  = maps.extent(1),
                                .wanted    = weights.extent(2),
                                .positions = trailing<Rank - 2>(maps.shape()).size(),
                                .out       = out.data()},
               stream_);
    }

    template <class T, std::size_t Rank>
    void heatmap(view<T const, Rank> sums, ops::heatmap_rule rule, view<T, Rank> maps, view<ops::range<T>, 1> ranges)
    {
        auto const low    = trailing<Rank - 1>(sums.shape());
        auto const high   = trailing<Rank - 1>(maps.shape());
        auto const before = allocate<T>(sums.size());
        launch(work::heat_before<T, Rank - 1>{.sums   = sums.data(),
                                              .count  = sums.extent(0),
                                              .low    = low,
                                              .high   = high,
                                              .rule   = rule,
                                              .before = before.data(),
                                              .ranges = ranges.data()},
               stream_);
        launch(work::heat_after<T, Rank - 1>{.before = before.data(),
                                             .count  = sums.extent(0),
                                             .low    = low,
                                             .high   = high,
                                             .rule   = rule,
                                             .ranges = ranges.data(),
                                             .maps   = maps.data()},
               stream_);
    }

private:
    template <class T, std::size_t Rank>
    [[nodiscard]] static std::size_t bytes_of(view<T, Rank> of)
    {
        return static_cast<std::size_t>(of.size()) * sizeof(T);
    }

    cudaStream_t stream_;
    [[no_unique_address]] Memory memory_;
    staging staging_;
};

/// With memory of the runtime's own pool.
using backend = basic_backend<>;

static_assert(scorecam::backend<cuda::backend, float> && scorecam::backend<cuda::backend, double>);

}  // namespace scorecam::cuda
