#pragma once
// Where an image is changed to see whether the activations lie where they say, and how much of the answer is near.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <scorecam/tensor_view.hpp>

namespace scorecam::testing::detail {

/// A box of one channel of an image (C, spatial...).
template <std::size_t SpatialRank>
struct place {
    index_t channel;
    std::array<index_t, SpatialRank> from, to;  // pixels, without `to`

    [[nodiscard]] bool has(index_t p, extents<SpatialRank> const& image) const
    {
        bool inside = true;
        for (std::size_t d = SpatialRank; d-- > 0; p /= image[d]) {
            inside = inside && from[d] <= p % image[d] && p % image[d] < to[d];
        }
        return inside;
    }
    /// As a share of the image's axis d.
    [[nodiscard]] double centre(std::size_t d, extents<SpatialRank> const& image) const
    {
        return static_cast<double>(from[d] + to[d]) / 2 / static_cast<double>(image[d]);
    }
};

/// Places whose answers count together.
template <std::size_t SpatialRank>
struct places {
    std::string name;
    std::vector<place<SpatialRank>> all;
    double enough;  ///< how near the answers have to be, beyond chance
};

/// The corners of an image, in its first channel and in its last, and places all over it: a corner alone cannot tell, as
/// some faults leave each corner where it is. A place is as large as a cell of the map, and at least an eighth of the image:
/// so large that no layer steps over it, so small that it is clear where it is.
template <std::size_t SpatialRank>
[[nodiscard]] std::vector<places<SpatialRank>> places_in(extents<SpatialRank + 1> const& image,
                                                         extents<SpatialRank> const& map)
{
    constexpr double enough_at_a_corner       = 0.2;  // one cell answers, and its neighbours may do so more
    constexpr double enough_all_over          = 0.5;
    using ends                                = std::array<char const*, 2>;
    static constexpr std::array<ends, 3> axes = {{{"front", "back"}, {"top", "bottom"}, {"left", "right"}}};
    std::array<index_t, SpatialRank> parts{};
    index_t const most = *std::max_element(map.extent, map.extent + SpatialRank);
    for (std::size_t d = 0; d < SpatialRank; ++d) {
        auto const cells = map[d] == 1 ? most : map[d];  // a row of cells may be a column
        parts[d]         = std::min({index_t{8}, cells, image[d + 1]});
    }
    auto const box = [&](index_t channel, std::array<index_t, SpatialRank> const& at) {
        place<SpatialRank> made{channel, {}, {}};
        for (std::size_t d = 0; d < SpatialRank; ++d) {
            made.from[d] = at[d] * image[d + 1] / parts[d];
            made.to[d]   = ((at[d] + 1) * image[d + 1] + parts[d] - 1) / parts[d];
        }
        return made;
    };
    index_t const last = image[0] - 1;
    std::vector<places<SpatialRank>> made;
    for (std::size_t corner = 0; corner < std::size_t{1} << SpatialRank; ++corner) {
        for (index_t channel = 0; channel <= last; channel += std::max<index_t>(1, last)) {
            std::array<index_t, SpatialRank> at{};
            std::string name = "channel " + std::to_string(channel) + " of the image changed at its";
            for (std::size_t d = 0; d < SpatialRank; ++d) {
                auto const end = corner >> d & 1U;
                at[d]          = end == 0 ? 0 : parts[d] - 1;
                name += std::string{" "} + axes[axes.size() - SpatialRank + d][end];
            }
            made.push_back({name, {box(channel, at), box(channel, at)}, enough_at_a_corner});
        }
    }
    places<SpatialRank> over{"the image changed at places all over it", {}, enough_all_over};
    index_t const steps = *std::max_element(parts.begin(), parts.end());
    for (index_t i = 0; i < steps; ++i) {
        std::array<index_t, SpatialRank> at{};
        for (std::size_t d = 0; d < SpatialRank; ++d) {  // every part of every axis, and no two axes in step
            auto const stride = static_cast<index_t>(2 * d + 1);
            at[d]             = (i * (parts[d] % stride == 0 ? parts[d] - 1 : stride) + static_cast<index_t>(d)) % parts[d];
        }
        over.all.push_back(box(i % image[0], at));
    }
    made.push_back(over);
    return made;
}

/// How activations may lie in memory: as the model says, or as it should have said.
enum class tap_order { as_declared, channels_last, extents_swapped, transposed };
inline constexpr std::array tap_orders = {tap_order::as_declared, tap_order::channels_last, tap_order::extents_swapped,
                                          tap_order::transposed};
[[nodiscard]] inline char const* to_string(tap_order order)
{
    switch (order) {
    case tap_order::as_declared:
        return "as they are";
    case tap_order::channels_last:
        return "if their memory is read as (n, ..., K) instead of (n, K, ...)";
    case tap_order::extents_swapped:
        return "if their memory is read with the last two extents swapped, w and h";
    default:
        return "if the map is transposed, h and w swapped";
    }
}

/// Where element i of the activations of one image lies, as a share of the map's axes; NaN along axes of one cell.
template <std::size_t SpatialRank>
[[nodiscard]] std::array<double, SpatialRank> position_of(index_t i, extents<SpatialRank + 1> const& activation,
                                                          tap_order order)
{
    constexpr std::size_t last = SpatialRank - 1, before = SpatialRank > 1 ? SpatialRank - 2 : last;
    auto map = trailing<SpatialRank>(activation);
    if (order == tap_order::extents_swapped) { std::swap(map[before], map[last]); }
    index_t p = order == tap_order::channels_last ? i / activation[0] : i % map.size();
    std::array<double, SpatialRank> at{};
    for (std::size_t d = SpatialRank; d-- > 0; p /= map[d]) {
        at[d] = map[d] == 1 ? std::numeric_limits<double>::quiet_NaN()
                            : (static_cast<double>(p % map[d]) + 0.5) / static_cast<double>(map[d]);
    }
    if (order == tap_order::transposed) { std::swap(at[before], at[last]); }
    return at;
}

/// How much of an answer lies near the place it is an answer to, and how much would if it were spread over the whole map.
struct nearness {
    double share  = 0;
    double chance = 0;

    /// 1 if all of it lies there, 0 if no more than by chance, negative if less; NaN if no place is away from it.
    [[nodiscard]] double beyond_chance() const { return (share - chance) / (1 - chance); }
};

/// Near is at most 3/8 of the map away along each axis. `answer` has a weight for each activation of one image, not all 0.
template <std::size_t SpatialRank>
[[nodiscard]] nearness near_of(place<SpatialRank> const& changed, extents<SpatialRank> const& image,
                               std::vector<double> const& answer, extents<SpatialRank + 1> const& activation,
                               tap_order order)
{
    constexpr double farthest = 0.375;  // tells the two cells of a small map apart, and bears with cells that see a lot
    double near = 0, all = 0, cells = 0;
    for (std::size_t i = 0; i < answer.size(); ++i) {
        auto const at = position_of<SpatialRank>(static_cast<index_t>(i), activation, order);
        bool is_near  = true;
        for (std::size_t d = 0; d < SpatialRank; ++d) {
            is_near = is_near && !(std::abs(at[d] - changed.centre(d, image)) > farthest);  // NaN is near
        }
        near += is_near ? answer[i] : 0;
        cells += is_near ? 1 : 0;
        all += answer[i];
    }
    return {near / all, cells / static_cast<double>(answer.size())};
}

}  // namespace scorecam::testing::detail
