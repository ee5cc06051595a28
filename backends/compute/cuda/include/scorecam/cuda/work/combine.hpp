#pragma once
// Σ_k w_k A_k: maps (K, h·w) times weights (K, M), for few M and many K.
#include <cstddef>

#include <scorecam/config.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::cuda::work {

/// A block for each tile of positions × targets of an image. Its threads share the channels out among as many lanes as there
/// are: neighbours read neighbouring positions, and each activation read serves all targets of the tile. Sums are double, as
/// the reference's, so that the order of the channels does not matter.
template <class T>
struct combine {
    static constexpr index_t tile_positions = 32;  // one access of a warp
    static constexpr index_t tile_targets   = 4;

    T const* maps;      ///< (I, K, positions)
    T const* weights;   ///< (I, K, M)
    index_t images;     ///< I
    index_t channels;   ///< K
    index_t wanted;     ///< M
    index_t positions;  ///< h·w
    T* out;             ///< (I, M, positions)

    [[nodiscard]] SCORECAM_HD index_t rows() const { return images * target_tiles() * position_tiles(); }
    template <class Team>
    SCORECAM_HD void operator()(index_t row, Team const& together) const
    {
        index_t const image  = row / position_tiles() / target_tiles();
        index_t const target = row / position_tiles() % target_tiles() * tile_targets;
        index_t const first  = row % position_tiles() * tile_positions;
        index_t const width  = smaller(tile_positions, together.size());
        index_t const lanes  = together.size() / width;
        index_t const lane   = together.rank() / width;
        index_t const column = together.rank() % width;
        double* const slot   = together.template slots<double>();

        for (index_t from = first; from < smaller(first + tile_positions, positions); from += width) {
            index_t const p = from + column;
            bool const mine = lane < lanes && p < positions && p < first + tile_positions;
            double sums[tile_targets]{};
            for (index_t k = lane; mine && k < channels; k += lanes) {
                auto const a     = static_cast<double>(maps[(image * channels + k) * positions + p]);
                T const* const w = weights + (image * channels + k) * wanted + target;
                for (index_t m = 0; m < tile_targets; ++m) {
                    if (target + m < wanted) { sums[m] += static_cast<double>(w[m]) * a; }
                }
            }
            for (index_t m = 0; m < tile_targets && target + m < wanted; ++m) {
                slot[together.rank()] = sums[m];
                together.sync();
                if (mine && lane == 0) {
                    double sum = sums[m];
                    for (index_t other = 1; other < lanes; ++other) { sum += slot[other * width + column]; }
                    out[(image * wanted + target + m) * positions + p] = static_cast<T>(sum);
                }
                together.sync();  // before the slots are written again
            }
        }
    }

private:
    [[nodiscard]] SCORECAM_HD static constexpr index_t smaller(index_t a, index_t b) { return a < b ? a : b; }
    [[nodiscard]] SCORECAM_HD index_t target_tiles() const { return (wanted + tile_targets - 1) / tile_targets; }
    [[nodiscard]] SCORECAM_HD index_t position_tiles() const { return (positions + tile_positions - 1) / tile_positions; }
};

}  // namespace scorecam::cuda::work
