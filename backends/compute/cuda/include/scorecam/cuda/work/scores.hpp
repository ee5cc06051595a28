#pragma once
// From the model's outputs to classes and scores, and from scores to weights.
#include <cstddef>

#include <scorecam/config.hpp>
#include <scorecam/cuda/device_calls.hpp>
#include <scorecam/ops/contribution.hpp>
#include <scorecam/ops/masking.hpp>
#include <scorecam/ops/rows.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::cuda::work {

/// The classes with the largest outputs, one after the other: the first of those that come after the last one found.
template <class T>
struct top {
    T const* outputs;  ///< (n, classes)
    index_t count;     ///< n
    index_t classes;
    index_t wanted;  ///< M
    index_t* out;    ///< (n, M)

    [[nodiscard]] SCORECAM_HD index_t rows() const { return count; }
    template <class Team>
    SCORECAM_HD void operator()(index_t row, Team const& together) const
    {
        struct candidate {
            T value;
            index_t index;  // -1 for none
        };
        T const* const values = outputs + row * classes;
        candidate last{T(0), -1};
        for (index_t m = 0; m < wanted; ++m) {
            auto const after_last = [=](index_t i) {
                bool const found = last.index < 0 || ops::comes_before(last.value, last.index, values[i], i);
                return candidate{values[i], found ? i : -1};
            };
            auto const first = [](candidate a, candidate b) {
                if (a.index < 0 || b.index < 0) { return a.index < 0 ? b : a; }
                return ops::comes_before(b.value, b.index, a.value, a.index) ? b : a;
            };
            last = together.reduce(classes, candidate{T(0), -1}, after_last, first);
            if (together.rank() == 0) { out[row * wanted + m] = last.index; }
        }
    }
};

/// scores(image, channel, m) = f(row)(targets(image, m)).
template <class T, class Score>
struct score {
    ops::outputs<T> outputs;  ///< of n images
    Score f;
    ops::pick const* picks;  ///< (n)
    index_t count;           ///< n
    index_t const* targets;  ///< (I, M)
    index_t wanted;          ///< M
    index_t channels;        ///< K
    T* scores;               ///< (I, K, M)

    [[nodiscard]] SCORECAM_HD index_t rows() const { return count; }
    template <class Team>
    SCORECAM_HD void operator()(index_t row, Team const& together) const
    {
        index_t const image = picks[row].image;
        T* const out        = scores + (image * channels + picks[row].channel) * wanted;
        auto const reading  = read_together(f, outputs[row], together);
        together.for_each(wanted, [&](index_t m) { out[m] = static_cast<T>(reading(targets[image * wanted + m])); });
    }
};

/// weights(i, k, m) = f(contributions of image i to target m)(k).
template <class T, class Weighting>
struct weigh {
    T const* scores;                 ///< (I, K, M)
    ops::channel_role const* roles;  ///< (I, K)
    T const* baseline;               ///< (I, M), or null
    T const* zero_mask;              ///< (I, M), or null
    Weighting f;
    index_t images;    ///< I
    index_t channels;  ///< K
    index_t wanted;    ///< M
    T* weights;        ///< (I, K, M)

    [[nodiscard]] SCORECAM_HD index_t rows() const { return images * wanted; }
    template <class Team>
    SCORECAM_HD void operator()(index_t row, Team const& together) const
    {
        index_t const image = row / wanted;
        index_t const first = image * channels * wanted + row % wanted;
        ops::contributions<T> const c{.scores    = scores + first,
                                      .roles     = roles + image * channels,
                                      .count     = channels,
                                      .stride    = wanted,
                                      .baseline  = baseline == nullptr ? T(0) : baseline[row],
                                      .zero_mask = zero_mask == nullptr ? T(0) : zero_mask[row]};
        auto const reading = read_together(f, c, together);
        together.for_each(channels,
                          [&](index_t k) { weights[first + k * wanted] = static_cast<T>(ops::weight_of(c, reading, k)); });
    }
};

}  // namespace scorecam::cuda::work
