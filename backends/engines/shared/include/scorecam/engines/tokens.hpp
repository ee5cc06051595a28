#pragma once
// Layers of tokens, as vision transformers have them: laid out on the image they are activations like any other.
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam {

/// How tokens lie on the image: row by row on a grid, after `leading` ones that belong to no place (class tokens,
/// registers). (n, leading + h·w, C) of plain transformers; with leading = 0 also (n, h·w, C) and (n, h, w, C) of windowed
/// ones.
template <std::size_t SpatialRank = 2>
struct token_grid {
    extents<SpatialRank> grid;
    index_t leading = 1;
};

/// What the output of a layer is to Score-CAM.
enum class layer_form { none, maps, tokens };

/// The form of a layer's output with the extents `dims` after the batch: (K, h, w) are maps; (leading + h·w, C) and
/// (h, w, C) are tokens if the grid says so. More than one position is needed. `shape` is (K, h, w) in both cases.
template <std::size_t SpatialRank>
[[nodiscard]] layer_form form_of(std::vector<index_t> const& dims, std::optional<token_grid<SpatialRank>> const& tokens,
                                 extents<SpatialRank + 1>& shape)
{
    if (tokens && tokens->grid.size() > 1 && !dims.empty()) {
        bool in_rows = dims.size() == SpatialRank + 1 && tokens->leading == 0;
        for (std::size_t d = 0; in_rows && d < SpatialRank; ++d) { in_rows = dims[d] == tokens->grid[d]; }
        if (in_rows || (dims.size() == 2 && dims[0] == tokens->leading + tokens->grid.size())) {
            shape = prepend(tokens->grid, dims.back());
            return layer_form::tokens;
        }
    }
    if (dims.size() != SpatialRank + 1) { return layer_form::none; }
    for (std::size_t d = 0; d <= SpatialRank; ++d) { shape[d] = dims[d]; }
    return shape.size() > 0 && shape.size() > shape[0] ? layer_form::maps : layer_form::none;
}

/// Lays tokens (n, leading + h·w, C) out as maps (n, C, h, w).
template <class T, std::size_t SpatialRank>
void lay_out(tensor_view<T const, 3> tokens, index_t leading, tensor_view<T, SpatialRank + 2> maps)
{
    auto const places   = trailing<SpatialRank>(maps.shape()).size();
    auto const channels = maps.extent(1);
    if (tokens.extent(0) != maps.extent(0) || tokens.extent(1) != leading + places || tokens.extent(2) != channels) {
        throw shape_error{"tokens of the shape " + to_string(tokens.shape()) + ", of which " + std::to_string(leading) +
                          " lead, do not fill maps of the shape " + to_string(maps.shape())};
    }
    for (index_t n = 0; n < maps.extent(0); ++n) {
        for (index_t c = 0; c < channels; ++c) {
            T* const map = maps.data() + (n * channels + c) * places;
            for (index_t p = 0; p < places; ++p) { map[p] = tokens(n, leading + p, c); }
        }
    }
}

}  // namespace scorecam
