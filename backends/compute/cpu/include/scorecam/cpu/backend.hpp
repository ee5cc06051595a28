#pragma once
// The fast host backend: rows and threads for the masks, blocks of positions for the sums.
#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <vector>

#include <Eigen/Core>

#include <scorecam/backend.hpp>
#include <scorecam/batch_view.hpp>
#include <scorecam/cpu/buffer.hpp>
#include <scorecam/cpu/resizer.hpp>
#include <scorecam/cpu/sums.hpp>
#include <scorecam/cpu/window.hpp>
#include <scorecam/cpu/workers.hpp>
#include <scorecam/reference.hpp>

namespace scorecam::cpu {

/// Runs on the given number of threads, by default all of the machine. Results do not depend on that number.
class backend {
public:
    using space_type = host_space;

    explicit backend(int threads = workers::hardware_threads()) : workers_{threads} {}

    [[nodiscard]] int threads() const { return workers_.threads(); }
    /// Another one, for another thread that calls the model.
    [[nodiscard]] backend replica() const { return backend{1}; }

    template <class T>
    [[nodiscard]] buffer<T> allocate(index_t n)
    {
        return buffer<T>{n};
    }

    // What costs nothing beside a forward is left to the reference.
    template <class T, std::size_t Rank>
    void from_host(T const* host, tensor_view<T, Rank> view)
    {
        serial_.from_host(host, view);
    }
    template <class T, std::size_t Rank>
    void to_host(tensor_view<T const, Rank> view, T* host)
    {
        serial_.to_host(view, host);
    }
    void wait() {}
    template <class T, std::size_t Rank>
    void copy(tensor_view<T const, Rank> from, tensor_view<T, Rank> to)
    {
        serial_.copy(from, to);
    }
    template <class T, class U, std::size_t Rank, layout Layout>
    void copy(tensor_view<T const, Rank> images, batch_view<U, Rank, Layout> batch)
    {
        serial_.copy(images, batch);
    }
    template <class T, std::size_t Rank, class F>
    void paint(tensor_view<T const, Rank> images, F const& f, tensor_view<T, Rank> out)
    {
        serial_.paint(images, f, out);
    }
    template <class T>
    void top(tensor_view<T const, 2> outputs, tensor_view<index_t, 2> targets)
    {
        serial_.top(outputs, targets);
    }
    template <class T, class Score>
    void score(model_outputs<T> outputs, Score const& f, tensor_view<ops::pick const, 1> picks,
               tensor_view<index_t const, 2> targets, tensor_view<T, 3> scores)
    {
        serial_.score(outputs, f, picks, targets, scores);
    }
    template <class T, std::size_t Rank>
    void moments(tensor_view<T const, Rank> maps, tensor_view<ops::moments<T>, 1> out)
    {
        serial_.moments(maps, out);
    }
    template <class T, class Weighting>
    void weigh(tensor_view<T const, 3> scores, tensor_view<ops::channel_role const, 2> roles,
               tensor_view<T const, 2> baseline, tensor_view<T const, 2> zero_mask, Weighting const& f,
               tensor_view<T, 3> weights)
    {
        serial_.weigh(scores, roles, baseline, zero_mask, f, weights);
    }
    template <class T, std::size_t Rank>
    void normalise(tensor_view<T, Rank> maps, tensor_view<ops::range<T> const, 1> ranges, ops::mask_rule rule)
    {
        serial_.normalise(maps, ranges, rule);
    }

    template <class T, std::size_t Rank>
    void extrema(tensor_view<T const, Rank> maps, extents<Rank - 1> size, ops::mask_rule rule,
                 tensor_view<ops::range<T>, 1> out);

    template <class T, std::size_t Rank, class Batch>
    void mask(tensor_view<T const, Rank> images, tensor_view<T const, Rank> background, masks_view<T, Rank> masks,
              tensor_view<ops::pick const, 1> picks, Batch const& batch);

    /// Row by row of the map: each mask's row is made once for all targets.
    template <class T, std::size_t Rank>
    void average(masks_view<T, Rank> masks, tensor_view<T const, 3> weights, tensor_view<T, Rank> out);

    template <class T, std::size_t Rank>
    void combine(tensor_view<T const, Rank> maps, tensor_view<T const, 3> weights, tensor_view<T, Rank> out);

    template <class T, std::size_t Rank>
    void heatmap(tensor_view<T const, Rank> sums, ops::heatmap_rule rule, tensor_view<T, Rank> maps,
                 tensor_view<ops::range<T>, 1> ranges);

private:
    /// s(A_k) of image i.
    template <class T, std::size_t Rank>
    static std::vector<T> normalised(masks_view<T, Rank> const& masks, index_t i, index_t k)
    {
        index_t const image = masks.of_image(i);
        index_t const size  = trailing<Rank - 2>(masks.maps.shape()).size();
        auto const* map     = masks.maps[image].data() + k * size;
        std::vector<T> values(map, map + size);
        for (auto& value : values) {
            value = ops::min_max(value, masks.ranges(image, k), static_cast<T>(masks.rule.epsilon));
        }
        return values;
    }
    template <class T, std::size_t Rank>
    static ops::shift<Rank - 2> shift_of(masks_view<T, Rank> const& masks, index_t k)
    {
        return masks.shifts.size() > 0 ? masks.shifts(k) : ops::shift<Rank - 2>{};
    }

    template <class T>
    using row_array = Eigen::Array<T, Eigen::Dynamic, 1>;
    template <class T>
    static Eigen::Map<row_array<T> const> row_at(T const* data, index_t width)
    {
        return {data, width};
    }
    /// A row of a batch whose neighbours are `stride` apart.
    template <class Row, class U>
    static void write(Row const& values, U* to, index_t stride)
    {
        if constexpr (std::is_same_v<typename Row::Scalar, U>) {
            if (stride == 1) {
                Eigen::Map<row_array<U>>{to, values.size()} = values;
                return;
            }
        }
        for (index_t x = 0; x < values.size(); ++x) { to[x * stride] = static_cast<U>(values(x)); }
    }

    workers workers_;
    reference_backend serial_;
};

// Not inline: a program that links scorecam::cpu_compiled has those of float from there.

template <class T, std::size_t Rank>
void backend::extrema(tensor_view<T const, Rank> maps, extents<Rank - 1> size, ops::mask_rule rule,
                      tensor_view<ops::range<T>, 1> out)
{
    auto const low = trailing<Rank - 1>(maps.shape());
    resizer<T, Rank - 1> const resize{low, size, rule.axis};
    workers_.for_each(maps.extent(0), [&](index_t n) {
        auto const* map = maps.data() + n * low.size();
        auto r          = ops::range_of(map, low.size());
        if (rule.extrema == ops::extrema_of::resized && !r.flat() && r.finite()) {
            auto row = resize.row_buffer();
            r        = resize.extrema(map, row.data());
        }
        out(n) = r;
    });
}

template <class T, std::size_t Rank, class Batch>
void backend::mask(tensor_view<T const, Rank> images, tensor_view<T const, Rank> background, masks_view<T, Rank> masks,
                   tensor_view<ops::pick const, 1> picks, Batch const& batch)
{
    auto const out  = strides_of(batch);
    auto const high = trailing<Rank - 2>(images.shape());
    window<T, Rank - 2> const resize{trailing<Rank - 2>(masks.maps.shape()), masks.resized_to(high), high, masks.rule.axis};
    workers_.for_each(picks.extent(0), [&](index_t b) {
        index_t const i     = picks(b).image;
        index_t const k     = picks(b).channel;
        index_t const width = high[Rank - 3];
        auto const behind =
            background.size() == 0 ? images.slice(0, 0) : background.slice(background.extent(0) == 1 ? 0 : i, 1);
        auto const map = normalised(masks, i, k);  // affine: commutes with resizing
        auto resized   = resize.rows_of(map.data(), shift_of(masks, k));
        for (index_t y = 0; y < high.size() / width; ++y) {
            Eigen::Map<row_array<T> const> const h{resized.at(y), width};
            for (index_t c = 0; c < images.extent(1); ++c) {
                index_t const at = c * high.size() + y * width;
                auto const pixel = row_at(images[i].data() + at, width);
                auto* const row  = batch.data() + out(b, c, y * width);
                if (behind.size() == 0) {
                    write(h * pixel, row, out.position);
                } else {
                    auto const through = row_at(behind.data() + at, width);
                    write(through + h * (pixel - through), row, out.position);
                }
            }
        }
    });
}

template <class T, std::size_t Rank>
void backend::average(masks_view<T, Rank> masks, tensor_view<T const, 3> weights, tensor_view<T, Rank> out)
{
    auto const high     = trailing<Rank - 2>(out.shape());
    index_t const width = high[Rank - 3];
    index_t const M     = out.extent(1);
    window<T, Rank - 2> const resize{trailing<Rank - 2>(masks.maps.shape()), masks.resized_to(high), high, masks.rule.axis};
    workers_.for_each(out.extent(0) * high.size() / width, [&](index_t each) {
        index_t const i = each / (high.size() / width);
        index_t const y = each % (high.size() / width);
        std::vector<ops::weighted_mean_of<double>> means(static_cast<std::size_t>(M * width));
        for (index_t k = 0; k < weights.extent(1); ++k) {
            auto const map = normalised(masks, i, k);
            auto resized   = resize.rows_of(map.data(), shift_of(masks, k));
            auto const* h  = resized.at(y);
            for (index_t m = 0; m < M; ++m) {
                auto const w = static_cast<double>(weights(i, k, m));
                for (index_t x = 0; x < width; ++x) {
                    means[static_cast<std::size_t>(m * width + x)].include(w, static_cast<double>(h[x]));
                }
            }
        }
        for (index_t m = 0; m < M; ++m) {
            auto* const row = out[i].data() + m * high.size() + y * width;
            for (index_t x = 0; x < width; ++x) {
                row[x] = static_cast<T>(means[static_cast<std::size_t>(m * width + x)].value());
            }
        }
    });
}

template <class T, std::size_t Rank>
void backend::combine(tensor_view<T const, Rank> maps, tensor_view<T const, 3> weights, tensor_view<T, Rank> out)
{
    index_t const plane = trailing<Rank - 2>(maps.shape()).size();
    for (index_t i = 0; i < maps.extent(0); ++i) {
        weighted_sums<T>{maps[i].data(), maps.extent(1), plane, weights[i].data(), weights.extent(2), out[i].data()}();
    }
}

template <class T, std::size_t Rank>
void backend::heatmap(tensor_view<T const, Rank> sums, ops::heatmap_rule rule, tensor_view<T, Rank> maps,
                      tensor_view<ops::range<T>, 1> ranges)
{
    auto const low  = trailing<Rank - 1>(sums.shape());
    auto const high = trailing<Rank - 1>(maps.shape());
    resizer<T, Rank - 1> const resize{low, high, rule.axis};
    workers_.for_each(sums.extent(0), [&](index_t n) {
        auto const* sum = sums.data() + n * low.size();
        std::vector<T> before(sum, sum + low.size());
        auto const range = ops::range_of(sum, low.size());
        for (auto& value : before) { value = ops::heat_before(value, range, rule); }

        auto* map = maps.data() + n * high.size();
        auto row  = resize.row_buffer();
        ranges(n) = resize.extrema(before.data(), row.data());
        for (index_t y = 0; y < resize.rows(); ++y) {
            auto* out = map + y * resize.width();
            resize.blend(before.data(), y, row.data());
            resize.expand_row(row.data(), out);
            for (index_t x = 0; x < resize.width(); ++x) { out[x] = ops::heat_after(out[x], ranges(n), rule); }
        }
    });
}

static_assert(scorecam::backend<cpu::backend, float> && scorecam::backend<cpu::backend, double>);

}  // namespace scorecam::cpu

#if defined(SCORECAM_CPU_COMPILED)
#include <scorecam/cpu/compiled.hpp>
#endif
