#pragma once
// Masks on their own, as a backend makes them.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <scorecam/ops/masking.hpp>
#include <scorecam/ops/range.hpp>
#include <scorecam/tensor.hpp>

#include <golden/recorded.hpp>

namespace golden {

/// The extrema of all activations (N,K,h,w), as masks of the given size are normalised with.
template <class Backend, class T>
[[nodiscard]] scorecam::tensor<scorecam::ops::range<T>, 2> extrema(Backend& on, scorecam::tensor<T, 4> const& activations,
                                                                   scorecam::extents<2> size, scorecam::ops::mask_rule rule)
{
    scorecam::tensor<scorecam::ops::range<T>, 2> ranges{scorecam::extents<2>{activations.extent(0), activations.extent(1)}};
    on.extrema(scorecam::merge_leading(activations.view()), size, rule, scorecam::merge_leading(ranges.view()));
    return ranges;
}

/// The masks of the first `channels` channels of all activations (N,K,h,w): X∘H where X is 1 everywhere.
template <class Backend, class T>
[[nodiscard]] scorecam::tensor<T, 4> masks(Backend& on, scorecam::tensor<T, 4> const& activations, index_t channels,
                                           scorecam::extents<2> size, scorecam::ops::mask_rule rule)
{
    index_t const N   = activations.extent(0);
    auto const ranges = extrema(on, activations, size, rule);
    std::vector<scorecam::ops::pick> picks;
    for (index_t n = 0; n < N; ++n) {
        for (index_t k = 0; k < channels; ++k) {
            picks.push_back({static_cast<std::int32_t>(n), static_cast<std::int32_t>(k)});
        }
    }
    scorecam::tensor<scorecam::ops::pick, 1> const list{{{N * channels}}, picks};
    scorecam::tensor<T, 4> ones{scorecam::prepend(size, N, 1)};
    std::fill_n(ones.data(), ones.size(), T(1));
    scorecam::tensor<T, 4> batch{scorecam::prepend(size, N * channels, 1)};
    on.mask(scorecam::as_const(ones.view()), {}, scorecam::masks_view<T, 4>{activations.view(), ranges.view(), rule}, list.view(), batch.view());
    return batch;
}

/// Masks were recorded for some cases only: they are large.
[[nodiscard]] inline bool exists(std::string const& array) { return std::filesystem::exists(folder(array) + ".npy"); }

}  // namespace golden
