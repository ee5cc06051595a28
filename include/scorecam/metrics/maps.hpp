#pragma once
// The maps under test: where they come from, and what is looked at before they are used.
#include <cmath>
#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/explanation.hpp>
#include <scorecam/metrics/measured.hpp>
#include <scorecam/model.hpp>
#include <scorecam/ops/range.hpp>
#include <scorecam/policies/target.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::metrics {

/// Maps (I, M, H, W) on the host, where explanations have them: M per image, one for each of its targets. A map (H, W) is
/// one of one image, maps (I, H, W) are one per image.
template <class Model, class Maps>
[[nodiscard]] auto as_maps(Maps const& maps)
{
    using T                  = typename Model::value_type;
    constexpr std::size_t R  = spatial_rank_of<Model>;
    constexpr bool all       = std::is_convertible_v<Maps const&, tensor_view<T const, R + 2>>;
    constexpr bool per_image = std::is_convertible_v<Maps const&, tensor_view<T const, R + 1>>;
    constexpr bool one       = std::is_convertible_v<Maps const&, tensor_view<T const, R>>;
    static_assert(all || per_image || one,
                  "scorecam: maps are host tensors or views of the model's value_type: (H, W), (I, H, W) or (I, M, H, W), "
                  "such as found.map() or found.maps of an explanation");
    if constexpr (all) {
        return tensor_view<T const, R + 2>{maps};
    } else if constexpr (per_image) {
        tensor_view<T const, R + 1> const view{maps};
        return tensor_view<T const, R + 2>{view.data(), prepend(trailing<R>(view.shape()), view.extent(0), 1)};
    } else if constexpr (one) {
        tensor_view<T const, R> const view{maps};
        return tensor_view<T const, R + 2>{view.data(), prepend(view.shape(), 1, 1)};
    }
}

/// Images (I, C, H, W) in the backend's memory, from those or from one image (C, H, W).
template <class Backend, class Model, class Images>
[[nodiscard]] auto as_images(Images const& images)
{
    using T                 = typename Model::value_type;
    using Space             = typename Backend::space_type;
    constexpr std::size_t R = spatial_rank_of<Model>;
    constexpr bool one      = std::is_convertible_v<Images const&, tensor_view<T const, R + 1, Space>>;
    constexpr bool several  = std::is_convertible_v<Images const&, tensor_view<T const, R + 2, Space>>;
    static_assert(one || several, "scorecam: an image is a tensor_view<value_type const, 3, space_type> (C, H, W) in the "
                                  "backend's memory, several images are one of rank 4");
    if constexpr (several) {
        return tensor_view<T const, R + 2, Space>{images};
    } else if constexpr (one) {
        tensor_view<T const, R + 1, Space> const view{images};
        return tensor_view<T const, R + 2, Space>{view.data(), prepend(view.shape(), 1)};
    }
}

/// The classes that an explanation's maps are of, as a policy.
template <class T, std::size_t R>
[[nodiscard]] targets_per_image targets_of(explanation<T, R> const& found)
{
    targets_per_image all;
    for (index_t i = 0; i < found.targets.extent(0); ++i) {
        auto const row = found.targets[i];
        all.classes_of_image.emplace_back(row.begin(), row.end());
    }
    return all;
}

/// Throws shape_error unless there are maps of the size of the images for each of them.
template <class T, std::size_t Rank, class Space>
void check_maps(tensor_view<T const, Rank> maps, tensor_view<T const, Rank, Space> images)
{
    auto wanted = images.shape();
    wanted[1]   = maps.extent(1);
    if (!(maps.shape() == wanted) || maps.size() == 0) {
        throw shape_error{"the maps have the shape " + to_string(maps.shape()) + " for images of the shape " +
                          to_string(images.shape()) +
                          "; give one map or more for each image, of its size (heatmap_rule's size = step_at::input)"};
    }
}

/// What is known of a map before anything is done with it. Throws non_finite_error.
template <class T, std::size_t Rank>
[[nodiscard]] caveat caveat_of(tensor_view<T const, Rank> map)
{
    auto const range = ops::range_of(map.data(), map.size());
    if (!range.finite()) { throw non_finite_error{"the map contains NaN or infinity; check how it was made"}; }
    return !range.flat() ? caveat::none : range.lo == T(0) ? caveat::empty_map : caveat::constant_map;
}

/// Throws option_error if a value is below 0, or above 1 by more than rounding.
template <class T, std::size_t Rank>
void check_unit_range(tensor_view<T const, Rank> map)
{
    auto const range       = ops::range_of(map.data(), map.size());
    constexpr double slack = 1e-5;  // maps scaled with an epsilon, in float
    if (!(range.lo >= T(0)) || !(static_cast<double>(range.hi) <= 1 + slack)) {
        throw option_error{"the map has values from " + std::to_string(range.lo) + " to " + std::to_string(range.hi) +
                           "; give one in [0, 1] (heatmap_rule's scale = scaling::min_max)"};
    }
}

}  // namespace scorecam::metrics
