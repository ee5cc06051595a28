#pragma once
// Where masks come from, and what they are put on.
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/ops/masking.hpp>
#include <scorecam/ops/paint.hpp>
#include <scorecam/policies/kinds.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam {

/// What a mask's values mean. A map is made of the masks as they are.
enum class mask_sense {
    shows,  ///< 1 lets through
    hides   ///< 1 hides: 1 - m lets through
};

/// Masks that do not depend on the image, with values from 0 to 1.
template <class T, std::size_t SpatialRank = 2>
struct mask_list {
    tensor<T, SpatialRank + 1> maps;                ///< (K, h, w), small
    std::vector<ops::shift<SpatialRank>> shifts{};  ///< one for each, or none
    extents<SpatialRank> enlarged{};  ///< where there are shifts: what maps are enlarged to before they are cut
    mask_sense sense = mask_sense::shows;
};

/// The activations A_k, as Score-CAM has them. The default.
struct from_activations {
    using kind = kinds::masks;
};

/// Something that makes masks: make<T>(extents of the image) -> mask_list, the same for the same extents. One that follows
/// the activations has make<T>(image, grid) and follows_activations(): where that is true, `grid` are their extents.
template <class M, class T>
concept mask_source = requires(M const m, extents<2> size) {
    { m.template make<T>(size) } -> std::same_as<mask_list<T, 2>>;
} || requires(M const m, extents<2> size) {
    { m.template make<T>(size, size) } -> std::same_as<mask_list<T, 2>>;
    { m.follows_activations() } -> std::convertible_to<bool>;
};

/// Whether grids lie anywhere on the image, or as they are.
enum class grid_shifts { random, none };

/// RISE, Petsiuk et al. 2018, Section 3.2 (eclique/RISE, explanations.py, generate_masks): grids of zeros and ones, a one
/// with the given probability, enlarged bilinearly to one cell more than the image and shifted by up to one. Edges are
/// clamped. A function of the seed and the image's extents alone.
struct random_grids {
    using kind         = kinds::masks;
    index_t number     = 4000;
    index_t cells      = 7;  ///< along each side
    double probability = 0.5;
    std::uint64_t seed = 0;
    grid_shifts shifts = grid_shifts::random;

    template <class T, std::size_t R>
    [[nodiscard]] mask_list<T, R> make(extents<R> const& image) const
    {
        if (number < 1 || cells < 1 || !(probability > 0 && probability <= 1)) {
            throw option_error{std::to_string(number) + " random grids of " + std::to_string(cells) +
                               " cells a side were asked for, with ones of probability " + std::to_string(probability) +
                               "; give 1 or more of each, and a probability above 0 and up to 1"};
        }
        constexpr index_t most = 2147483647;  // masks are numbered in 32 bits
        for (std::size_t d = 0; d < R; ++d) {
            if (number > most || cells > image[d]) {
                throw option_error{std::to_string(number) + " random grids of " + std::to_string(cells) +
                                   " cells a side were asked for on images of " + to_string(image) +
                                   "; give 2147483647 grids at most, and no more cells than pixels"};
            }
        }
        std::uint64_t counter = 0;
        auto const drawn      = [&] { return static_cast<double>(ops::mix(seed ^ ops::mix(counter++)) >> 11U) * 0x1p-53; };
        extents<R> grid{}, cell{}, enlarged{};
        for (std::size_t d = 0; d < R; ++d) {
            grid[d]     = cells;
            cell[d]     = (image[d] + cells - 1) / cells;
            enlarged[d] = (cells + 1) * cell[d];
        }
        mask_list<T, R> all{tensor<T, R + 1>{prepend(grid, number)}, {}, enlarged};
        for (auto& value : all.maps.view()) { value = drawn() < probability ? T(1) : T(0); }
        for (index_t k = 0; k < number && shifts == grid_shifts::random; ++k) {
            ops::shift<R> from{};
            for (std::size_t d = 0; d < R; ++d) {
                from.at[d] = static_cast<std::int32_t>(drawn() * static_cast<double>(cell[d]));
            }
            all.shifts.push_back(from);
        }
        return all;
    }
};

/// Masks of the caller's own, the same for every image.
template <class T, std::size_t SpatialRank = 2>
struct given_masks {
    using kind = kinds::masks;
    mask_list<T, SpatialRank> list;

    explicit given_masks(mask_list<T, SpatialRank> masks) : list{std::move(masks)} {}

    template <class U, std::size_t R>
        requires(std::is_same_v<U, T> && R == SpatialRank)
    [[nodiscard]] mask_list<T, R> make(extents<R> const&) const
    {
        return list;
    }
};

/// Masks that are the activations in some other way: see hiding.hpp.
template <class P>
inline constexpr bool made_of_activations = false;

template <>
struct choice<kinds::masks> {
    using standard = from_activations;
    template <class P, class T>
    static consteval void check()
    {
        static_assert(
            std::is_same_v<P, from_activations> || mask_source<P, T> || requires(P const p) { p.list.maps; } ||
                made_of_activations<P>,
            "scorecam: a source of masks has make<T>(extents of the image) const that returns a "
            "scorecam::mask_list<T, spatial rank>, or make<T>(image, grid) const and follows_activations() const");
    }
};

/// What masks are put on.
enum class place {
    input,  ///< X∘H + B∘(1 - H), through the whole network. The default
    tap     ///< A∘H + B∘(1 - H), through the rest of the network behind the tapped layer, for models with resume()
};
template <>
struct policy_kind<place> {
    using type = kinds::place;
};
template <>
struct choice<kinds::place> {
    using standard = place;
    template <class P, class T>
    static consteval void check()
    {
        static_assert(std::is_convertible_v<P const&, place>, "scorecam: a place is convertible to scorecam::place");
    }
};

}  // namespace scorecam
