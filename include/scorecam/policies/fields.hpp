#pragma once
// Random fields: smooth masks of zeros and ones on the grid of the activations, in pairs of opposites.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/ops/smooth_field.hpp>
#include <scorecam/policies/kinds.hpp>
#include <scorecam/policies/masks.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam {

/// Pairs of masks m and 1 - m, enlarged as any mask: m is 1 where a smooth random field is above one of its quantiles, which
/// is itself drawn, from .1 to .9. A function of the seed and the grid alone, with the same bits everywhere.
struct random_fields {
    using kind         = kinds::masks;
    index_t number     = 128;  ///< even
    index_t cells      = 0;    ///< along the image's longest side; 0: the grid of the activations, which are then captured
    std::uint64_t seed = 7;

    /// Whether make's grid is that of the activations.
    [[nodiscard]] bool follows_activations() const { return cells == 0; }

    /// `grid` are the activations' extents, which count where no number of cells was given.
    template <class T, std::size_t R>
    [[nodiscard]] mask_list<T, R> make(extents<R> const& image, extents<R> grid) const
    {
        constexpr index_t most = 1'000'000, most_cells = 256;
        if (number < 2 || number > most || number % 2 != 0 || cells < 0 || cells > most_cells) {
            throw option_error{
                std::to_string(number) + " random fields of " + std::to_string(cells) +
                " cells were asked for; they come in pairs: give an even number from 2 to 1000000, and up to 256 cells "
                "along the longest side, or 0 for the grid of the activations"};
        }
        index_t longest = 1;
        for (std::size_t d = 0; d < R; ++d) { longest = std::max(longest, image[d]); }
        for (std::size_t d = 0; d < R && cells > 0; ++d) {
            grid[d] = std::max<index_t>(1, (2 * cells * image[d] + longest) / (2 * longest));  // rounded
        }
        ops::smooth_fields<R> const fields{grid, seed};
        mask_list<T, R> all{tensor<T, R + 1>{prepend(grid, number)}};
        index_t const count = grid.size();
        for (index_t pair = 0; pair < number / 2; ++pair) {
            auto const n     = static_cast<std::uint64_t>(pair);
            auto const field = fields[n];
            auto ordered     = field;
            auto const drawn = (std::uint64_t{1} << 32U) + 8 * fields.beside(n);  // of 10 * 2^32: from .1 to .9
            auto const rank =
                static_cast<std::ptrdiff_t>(static_cast<std::uint64_t>(count - 1) * drawn / (std::uint64_t{10} << 32U));
            std::nth_element(ordered.begin(), ordered.begin() + rank, ordered.end());
            auto const bound = ordered[static_cast<std::size_t>(rank)];
            T* const shown   = all.maps.data() + 2 * pair * count;
            for (index_t p = 0; p < count; ++p) {
                bool const above = field[static_cast<std::size_t>(p)] > bound;
                shown[p]         = above ? T(1) : T(0);
                shown[count + p] = above ? T(0) : T(1);
            }
        }
        return all;
    }
};

}  // namespace scorecam
