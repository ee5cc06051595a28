#pragma once
// The specification, executable: serial, standard library only, slow on purpose. Every other backend is tested against it.
#include <algorithm>
#include <cstddef>
#include <new>
#include <string>
#include <vector>

#include <scorecam/backend.hpp>
#include <scorecam/batch_view.hpp>
#include <scorecam/error.hpp>
#include <scorecam/ops/resize.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam {

class reference_backend {
public:
    using space_type = host_space;

    /// Another one, for another thread.
    [[nodiscard]] reference_backend replica() const { return {}; }

    template <class T>
    [[nodiscard]] std::vector<T> allocate(index_t n)
    {
        try {
            return std::vector<T>(static_cast<std::size_t>(n));
        } catch (std::bad_alloc const&) {
            throw out_of_memory{"no memory for " + std::to_string(n) + " elements of " + std::to_string(sizeof(T)) +
                                " bytes; use a smaller batch"};
        }
    }
    template <class T, std::size_t Rank>
    void from_host(T const* host, tensor_view<T, Rank> view)
    {
        std::copy_n(host, view.size(), view.data());
    }
    template <class T, std::size_t Rank>
    void to_host(tensor_view<T const, Rank> view, T* host)
    {
        std::copy_n(view.data(), view.size(), host);
    }
    void wait() {}
    template <class T, std::size_t Rank>
    void copy(tensor_view<T const, Rank> from, tensor_view<T, Rank> to)
    {
        std::copy_n(from.data(), from.size(), to.data());
    }
    template <class T, class U, std::size_t Rank, layout Layout>
    void copy(tensor_view<T const, Rank> images, batch_view<U, Rank, Layout> batch)
    {
        auto const at        = strides_of(batch);
        index_t const pixels = trailing<Rank - 2>(images.shape()).size();
        T const* pixel       = images.data();
        for (index_t b = 0; b < images.extent(0); ++b) {
            for (index_t c = 0; c < images.extent(1); ++c) {
                for (index_t p = 0; p < pixels; ++p) { batch.data()[at(b, c, p)] = static_cast<U>(*pixel++); }
            }
        }
    }

    template <class T, std::size_t Rank, class F>
    void paint(tensor_view<T const, Rank> images, F const& f, tensor_view<T, Rank> out)
    {
        auto const size  = trailing<Rank - 2>(images.shape());
        auto const plane = trailing<Rank - 2>(out.shape()).size();
        for (index_t i = 0; i < out.extent(0); ++i) {
            for (index_t c = 0; c < out.extent(1); ++c) {
                for (index_t p = 0; p < plane; ++p) {
                    out[i][c].data()[p] = f(ops::pixel<T, Rank - 2>{images[i].data(), size, c, p});
                }
            }
        }
    }

    template <class T, std::size_t Rank>
    void extrema(tensor_view<T const, Rank> maps, extents<Rank - 1> size, ops::mask_rule rule,
                 tensor_view<ops::range<T>, 1> out)
    {
        auto const low = trailing<Rank - 1>(maps.shape());
        for (index_t n = 0; n < maps.extent(0); ++n) {
            auto const* map     = maps.data() + n * low.size();
            auto const captured = ops::range_of(map, low.size());
            bool const resize   = rule.extrema == ops::extrema_of::resized && !captured.flat() && captured.finite();
            out(n)              = resize ? extrema_of_resized(map, low, size, rule.axis) : captured;
        }
    }

    template <class T, std::size_t Rank, class Batch>
    void mask(tensor_view<T const, Rank> images, tensor_view<T const, Rank> background, masks_view<T, Rank> masks,
              tensor_view<ops::pick const, 1> picks, Batch const& batch)
    {
        using U         = typename Batch::element_type;
        auto const at   = strides_of(batch);
        auto const high = trailing<Rank - 2>(images.shape());
        for (index_t b = 0; b < picks.extent(0); ++b) {
            index_t const image = picks(b).image;
            auto const* behind = background.size() == 0 ? nullptr : background[background.extent(0) == 1 ? 0 : image].data();
            for (index_t p = 0; p < high.size(); ++p) {
                T const h = mask_at(masks, image, picks(b).channel, high, p);
                for (index_t c = 0; c < images.extent(1); ++c) {
                    index_t const pixel       = c * high.size() + p;
                    T const through           = behind == nullptr ? T(0) : behind[pixel];
                    batch.data()[at(b, c, p)] = static_cast<U>(ops::blend(images[image].data()[pixel], through, h));
                }
            }
        }
    }

    template <class T, std::size_t Rank>
    void average(masks_view<T, Rank> masks, tensor_view<T const, 3> weights, tensor_view<T, Rank> out)
    {
        auto const high = trailing<Rank - 2>(out.shape());
        for (index_t i = 0; i < out.extent(0); ++i) {
            for (index_t m = 0; m < out.extent(1); ++m) {
                for (index_t p = 0; p < high.size(); ++p) {
                    ops::weighted_mean_of<double> mean;
                    for (index_t k = 0; k < weights.extent(1); ++k) {
                        mean.include(static_cast<double>(weights(i, k, m)),
                                     static_cast<double>(mask_at(masks, i, k, high, p)));
                    }
                    out[i].data()[m * high.size() + p] = static_cast<T>(mean.value());
                }
            }
        }
    }

    template <class T>
    void top(tensor_view<T const, 2> outputs, tensor_view<index_t, 2> targets)
    {
        std::vector<index_t> order(static_cast<std::size_t>(outputs.extent(1)));
        for (index_t n = 0; n < outputs.extent(0); ++n) {
            for (std::size_t c = 0; c < order.size(); ++c) { order[c] = static_cast<index_t>(c); }
            std::sort(order.begin(), order.end(),
                      [&](index_t a, index_t b) { return ops::comes_before(outputs(n, a), a, outputs(n, b), b); });
            std::copy_n(order.begin(), targets.extent(1), targets[n].data());
        }
    }

    template <class T, class Score>
    void score(model_outputs<T> outputs, Score const& f, tensor_view<ops::pick const, 1> picks,
               tensor_view<index_t const, 2> targets, tensor_view<T, 3> scores)
    {
        for (index_t b = 0; b < picks.extent(0); ++b) {
            auto const reading = f(outputs.rows()[b]);
            for (index_t m = 0; m < targets.extent(1); ++m) {
                scores(picks(b).image, picks(b).channel, m) = static_cast<T>(reading(targets(picks(b).image, m)));
            }
        }
    }

    template <class T, std::size_t Rank>
    void moments(tensor_view<T const, Rank> maps, tensor_view<ops::moments<T>, 1> out)
    {
        for (index_t n = 0; n < maps.extent(0); ++n) {
            auto const size = trailing<Rank - 1>(maps.shape()).size();
            out(n)          = ops::moments_of(maps.data() + n * size, size);
        }
    }

    template <class T, class Weighting>
    void weigh(tensor_view<T const, 3> scores, tensor_view<ops::channel_role const, 2> roles,
               tensor_view<T const, 2> baseline, tensor_view<T const, 2> zero_mask, Weighting const& f,
               tensor_view<T, 3> weights)
    {
        index_t const K = scores.extent(1);
        index_t const M = scores.extent(2);
        for (index_t i = 0; i < scores.extent(0); ++i) {
            for (index_t m = 0; m < M; ++m) {
                ops::contributions<T> const c{.scores    = scores[i].data() + m,
                                              .roles     = roles[i].data(),
                                              .count     = K,
                                              .stride    = M,
                                              .baseline  = baseline.size() == 0 ? T(0) : baseline(i, m),
                                              .zero_mask = zero_mask.size() == 0 ? T(0) : zero_mask(i, m)};
                auto const reading = f(c);
                for (index_t k = 0; k < K; ++k) { weights(i, k, m) = static_cast<T>(ops::weight_of(c, reading, k)); }
            }
        }
    }

    template <class T, std::size_t Rank>
    void normalise(tensor_view<T, Rank> maps, tensor_view<ops::range<T> const, 1> ranges, ops::mask_rule rule)
    {
        for (index_t n = 0; n < maps.extent(0); ++n) {
            for (auto& value : maps.slice(n, 1)) { value = ops::min_max(value, ranges(n), static_cast<T>(rule.epsilon)); }
        }
    }

    template <class T, std::size_t Rank>
    void combine(tensor_view<T const, Rank> maps, tensor_view<T const, 3> weights, tensor_view<T, Rank> out)
    {
        index_t const plane = trailing<Rank - 2>(maps.shape()).size();
        for (index_t i = 0; i < maps.extent(0); ++i) {
            for (index_t m = 0; m < weights.extent(2); ++m) {
                for (index_t p = 0; p < plane; ++p) {
                    double sum = 0;
                    for (index_t k = 0; k < maps.extent(1); ++k) {
                        sum += static_cast<double>(weights(i, k, m)) * static_cast<double>(maps[i].data()[k * plane + p]);
                    }
                    out[i].data()[m * plane + p] = static_cast<T>(sum);
                }
            }
        }
    }

    template <class T, std::size_t Rank>
    void heatmap(tensor_view<T const, Rank> sums, ops::heatmap_rule rule, tensor_view<T, Rank> maps,
                 tensor_view<ops::range<T>, 1> ranges)
    {
        auto const low  = trailing<Rank - 1>(sums.shape());
        auto const high = trailing<Rank - 1>(maps.shape());
        for (index_t n = 0; n < sums.extent(0); ++n) {
            auto const* sum = sums.data() + n * low.size();
            std::vector<T> before(sum, sum + low.size());
            auto const range = ops::range_of(sum, low.size());
            for (auto& value : before) { value = ops::heat_before(value, range, rule); }

            ranges(n) = extrema_of_resized(before.data(), low, high, rule.axis);
            for (index_t p = 0; p < high.size(); ++p) {
                T const up = ops::resized(before.data(), low, high, rule.axis, coordinates_of(p, high));
                maps.data()[n * high.size() + p] = ops::heat_after(up, ranges(n), rule);
            }
        }
    }

private:
    /// H_k of image i at position p of an image of extents `high`.
    template <class T, std::size_t Rank>
    static T mask_at(masks_view<T, Rank> const& masks, index_t i, index_t k, extents<Rank - 2> const& high, index_t p)
    {
        index_t const image = masks.of_image(i);
        auto const low      = trailing<Rank - 2>(masks.maps.shape());
        auto at             = coordinates_of(p, high);
        for (std::size_t d = 0; masks.shifts.size() > 0 && d < Rank - 2; ++d) { at[d] += masks.shifts(k).at[d]; }
        T const up = ops::resized(masks.maps[image].data() + k * low.size(), low, masks.resized_to(high), masks.rule.axis, at);
        return ops::min_max(up, masks.ranges(image, k), static_cast<T>(masks.rule.epsilon));
    }

    template <class T, std::size_t Rank>
    static ops::range<T> extrema_of_resized(T const* map, extents<Rank> const& low, extents<Rank> const& high,
                                            ops::axis_rule rule)
    {
        T const first = ops::resized(map, low, high, rule, extents<Rank>{});
        ops::range<T> r{first, first};
        for (index_t p = 0; p < high.size(); ++p) { r.include(ops::resized(map, low, high, rule, coordinates_of(p, high))); }
        return r;
    }
};

static_assert(backend<reference_backend, float> && backend<reference_backend, double>);

}  // namespace scorecam
