#pragma once
// Where the object is, according to somebody else: a box, several boxes or a mask.
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::metrics {

/// From `first` up to but not including `last`, axis by axis as a map has them: rows before columns. Files of annotations
/// have x before y: box_xyxy. A box without extent is empty.
template <std::size_t Rank = 2>
struct box {
    static constexpr std::size_t rank = Rank;
    extents<Rank> first;
    extents<Rank> last;

    /// Throws option_error unless it lies within a map of the given size.
    void check(extents<Rank> const& size) const
    {
        for (std::size_t d = 0; d < Rank; ++d) {
            if (first[d] < 0 || last[d] < first[d] || last[d] > size[d]) {
                throw option_error{"the box from " + to_string(first) + " to " + to_string(last) +
                                   " does not lie in a map of the size " + to_string(size) +
                                   "; a box goes from (top, left) to (bottom, right), the latter not included"};
            }
        }
    }
    [[nodiscard]] bool covers(extents<Rank> const& at) const
    {
        for (std::size_t d = 0; d < Rank; ++d) {
            if (at[d] < first[d] || at[d] >= last[d]) { return false; }
        }
        return true;
    }
};
template <std::size_t Rank>
box(extents<Rank>, extents<Rank>) -> box<Rank>;

/// The box from (x1, y1) to (x2, y2), the latter not included.
[[nodiscard]] constexpr box<2> box_xyxy(index_t x1, index_t y1, index_t x2, index_t y2) { return {{{y1, x1}}, {{y2, x2}}}; }

/// All of several boxes: the instances of a class.
template <std::size_t Rank = 2>
struct boxes {
    static constexpr std::size_t rank = Rank;
    std::vector<box<Rank>> all;

    explicit boxes(std::vector<box<Rank>> of) : all{std::move(of)} {}

    void check(extents<Rank> const& size) const
    {
        for (auto const& one : all) { one.check(size); }
    }
    [[nodiscard]] bool covers(extents<Rank> const& at) const
    {
        return std::any_of(all.begin(), all.end(), [&](auto const& one) { return one.covers(at); });
    }
};

/// The positions where a host view of the map's size is not 0; it outlives the call.
template <class U, std::size_t Rank>
struct region_mask {
    static constexpr std::size_t rank = Rank;
    tensor_view<U const, Rank> mask;

    explicit region_mask(tensor_view<U const, Rank> view) : mask{view} {}
    explicit region_mask(tensor_view<U, Rank> view)
        requires(!std::is_const_v<U>)
        : mask{view}
    {
    }

    void check(extents<Rank> const& size) const
    {
        if (!(mask.shape() == size)) {
            throw shape_error{"the mask has the shape " + to_string(mask.shape()) + " and the map " + to_string(size) +
                              "; resize one of them to the other"};
        }
    }
    [[nodiscard]] bool covers(extents<Rank> const& at) const
    {
        index_t offset = 0;
        for (std::size_t d = 0; d < Rank; ++d) { offset = offset * mask.extent(d) + at[d]; }
        return mask.data()[offset] != U(0);
    }
};
template <class U, std::size_t Rank>
region_mask(tensor_view<U, Rank>) -> region_mask<std::remove_const_t<U>, Rank>;

/// What the metrics of localisation compare a map with.
template <class R, std::size_t Rank>
concept region = requires(R const r, extents<Rank> at) {
    r.check(at);
    { r.covers(at) } -> std::convertible_to<bool>;
};

/// The offsets that a region covers in a map of the given size, in order.
template <std::size_t Rank, region<Rank> Region>
[[nodiscard]] std::vector<index_t> covered_by(Region const& where, extents<Rank> const& size)
{
    where.check(size);
    std::vector<index_t> covered;
    for (index_t p = 0; p < size.size(); ++p) {
        if (where.covers(coordinates_of(p, size))) { covered.push_back(p); }
    }
    return covered;
}

}  // namespace scorecam::metrics
