#pragma once
// Masks as a backend reads them: always small, enlarged as they are written.
#include <cstddef>

#include <scorecam/ops/masking.hpp>
#include <scorecam/ops/range.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam {

/// The masks m_k = s(Up(A_k)) of I images, which are given by their maps A_k. Each is enlarged to the image's extents, or, where
/// masks are shifted, to `enlarged`, of which each shows the part that begins at its shift.
template <class T, std::size_t Rank, space Space = host_space>
struct masks_view {
    tensor_view<T const, Rank, Space> maps;                        ///< (I, K, h, w), or (1, K, h, w) for all images
    tensor_view<ops::range<T> const, 2, Space> ranges;             ///< (I, K) or (1, K): what s(.) normalises with
    ops::mask_rule rule{};                                         ///< how
    tensor_view<ops::shift<Rank - 2> const, 1, Space> shifts = {};  ///< (K), or empty
    extents<Rank - 2> enlarged{};                                  ///< where there are shifts

    /// Which of the maps are image i's.
    [[nodiscard]] constexpr index_t of_image(index_t i) const { return maps.extent(0) == 1 ? 0 : i; }
    /// The extents that the maps are resized to, for images of the given ones.
    [[nodiscard]] constexpr extents<Rank - 2> resized_to(extents<Rank - 2> const& image) const
    {
        return shifts.size() > 0 ? enlarged : image;
    }
};

}  // namespace scorecam
