#pragma once
// Masks that are systematic: a patch at a time, a cell at a time, a channel at a time.
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/policies/kinds.hpp>
#include <scorecam/policies/masks.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam {

namespace detail {

/// Calls f(number, position) for every position in a box, in row-major order.
template <std::size_t R, class F>
void for_each_position(extents<R> const& box, F const& f)
{
    for (index_t n = 0; n < box.size(); ++n) {
        extents<R> at{};
        index_t left = n;
        for (std::size_t d = R; d-- > 0; left /= box[d]) { at[d] = left % box[d]; }
        f(n, at);
    }
}

}  // namespace detail

/// Occlusion, Zeiler and Fergus 2014, Section 4.2: patches of a number of pixels along each side hide what is below them, a
/// stride apart; the last ones end with the image (as captum.attr.Occlusion places its windows). They are as large as the
/// image.
struct patches {
    using kind     = kinds::masks;
    index_t size   = 32;
    index_t stride = 16;

    template <class T, std::size_t R>
    [[nodiscard]] mask_list<T, R> make(extents<R> const& image) const
    {
        constexpr double most = 1 << 28;  // numbers of all masks
        extents<R> steps{};
        double numbers = static_cast<double>(image.size());
        for (std::size_t d = 0; d < R && size > 0 && stride > 0; ++d) {
            steps[d] = std::max<index_t>(0, (image[d] - size + stride - 1) / stride) + 1;
            numbers *= static_cast<double>(steps[d]);
        }
        if (size < 1 || stride < 1 || stride > size || numbers > most) {
            throw option_error{
                "patches of " + std::to_string(size) + " pixels, " + std::to_string(stride) +
                " apart, were asked for on images of " + to_string(image) +
                "; give 1 or more, a stride up to the size, and so few that all masks together have up to 268435456 "
                "pixels"};
        }
        mask_list<T, R> all{tensor<T, R + 1>{prepend(image, steps.size())}, {}, {}, mask_sense::hides};
        detail::for_each_position(steps, [&](index_t k, extents<R> const& step) {
            T* const map = all.maps.data() + k * image.size();
            detail::for_each_position(image, [&](index_t p, extents<R> const& at) {
                bool inside = true;
                for (std::size_t d = 0; d < R; ++d) {
                    index_t const from = step[d] * stride;
                    inside             = inside && at[d] >= from && at[d] < from + size;
                }
                map[p] = inside ? T(1) : T(0);
            });
        });
        return all;
    }
};

/// The window around a cell.
enum class cell_window {
    one,      ///< the cell alone
    gaussian  ///< 1/4, 1/8 beside it, 1/16 beside both, along each of two axes
};

/// Recipro-CAM, Byun and Lee 2022 (arXiv:2209.14074), Section 3: each cell of what masks are put on is shown alone, in
/// row-major order; with the Gaussian window its neighbours faintly. With place::tap the cells are those of the activations.
struct single_cells {
    using kind         = kinds::masks;
    cell_window window = cell_window::one;

    template <class T, std::size_t R>
    [[nodiscard]] mask_list<T, R> make(extents<R> const& size) const
    {
        constexpr index_t most = 4096;
        if (size.size() > most) {
            throw option_error{"each cell of " + to_string(size) + " was to be shown alone, which are " +
                               std::to_string(size.size()) + " masks; use them with place::tap, for up to 4096 cells"};
        }
        mask_list<T, R> all{tensor<T, R + 1>{prepend(size, size.size())}};
        detail::for_each_position(size, [&](index_t k, extents<R> const& cell) {
            detail::for_each_position(size, [&](index_t p, extents<R> const& at) {
                double value = 1;
                for (std::size_t d = 0; d < R; ++d) {
                    index_t const apart = at[d] > cell[d] ? at[d] - cell[d] : cell[d] - at[d];
                    double const near   = window == cell_window::one ? (apart == 0 ? 1 : 0)
                                          : apart == 0               ? 0.5
                                          : apart == 1               ? 0.25
                                                                     : 0;
                    value *= near;
                }
                all.maps.data()[k * size.size() + p] = static_cast<T>(value);
            });
        });
        return all;
    }
};

/// Ablation-CAM, Ramaswamy and Desai 2020: the activations without one of their channels, which is 0 instead. For
/// place::tap, and estimate::weighted_sum.
struct channel_ablation {
    using kind = kinds::masks;
};
template <>
inline constexpr bool made_of_activations<channel_ablation> = true;

/// SS-CAM, Wang et al. 2020 (arXiv:2006.14255): each channel has several masks, made of the activation with noise; its score
/// is their mean. The noise is of the activation's size.
struct noisy_activations {
    using kind         = kinds::masks;
    index_t number     = 35;
    double deviation   = 2;
    std::uint64_t seed = 0;

    [[nodiscard]] double scale(index_t) const { return 1; }
};

/// How far the steps of an integration are apart.
enum class step_rule {
    even,        ///< n/N for n = 1 ... N
    accumulated  ///< their sums, 1/N, 3/N, 6/N ...: frgfm/torch-cam, methods/activation.py
};

/// IS-CAM, Naidu et al. 2020 (arXiv:2010.03023): each channel has several masks, s(Up(A_k)) times n/N; its score is their
/// mean.
struct scaled_activations {
    using kind      = kinds::masks;
    index_t number  = 10;
    step_rule steps = step_rule::even;

    static constexpr double deviation   = 0;
    static constexpr std::uint64_t seed = 0;
    [[nodiscard]] double scale(index_t n) const
    {
        auto const N = static_cast<double>(number), step = static_cast<double>(n + 1);
        return steps == step_rule::even ? step / N : step * (step + 1) / 2 / N;
    }
};

/// Several masks for each channel: `number`, the noise's deviation and seed, and the scale of the n-th.
template <class M>
concept copies_of_activations = requires(M const m, index_t n) {
    { m.number } -> std::convertible_to<index_t>;
    { m.deviation } -> std::convertible_to<double>;
    { m.seed } -> std::convertible_to<std::uint64_t>;
    { m.scale(n) } -> std::convertible_to<double>;
};

template <copies_of_activations M>
inline constexpr bool made_of_activations<M> = true;

}  // namespace scorecam
