#pragma once
// The part of an enlarged map that an image sees, row by row.
#include <cstddef>
#include <vector>

#include <scorecam/cpu/resizer.hpp>
#include <scorecam/ops/axis.hpp>
#include <scorecam/ops/masking.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::cpu {

/// Resizes maps of extents `low` to `enlarged`, of which rows as wide as the image's are asked for.
template <class T, std::size_t Rank>
class window {
public:
    window(extents<Rank> const& low, extents<Rank> const& enlarged, extents<Rank> const& image, ops::axis_rule rule)
        : resize_{low, enlarged, rule}, enlarged_{enlarged}, image_{image}
    {
    }

    /// The rows of one map from its shift on.
    class rows {
    public:
        rows(window const& of, T const* map, ops::shift<Rank> const& from)
            : of_{of}, map_{map}, from_{from}, low_(of.resize_.row_buffer()), row_(static_cast<std::size_t>(of.resize_.width()))
        {
        }
        /// Row y of the image, outer axes flattened; there until the next call.
        [[nodiscard]] T const* at(index_t y)
        {
            index_t enlarged = 0;  // y on the enlarged map
            index_t step     = 1;
            for (std::size_t d = Rank - 1; d-- > 0; y /= of_.image_[d]) {
                enlarged += (y % of_.image_[d] + from_.at[d]) * step;
                step *= of_.enlarged_[d];
            }
            of_.resize_.blend(map_, enlarged, low_.data());
            of_.resize_.expand_row(low_.data(), row_.data());
            return row_.data() + from_.at[Rank - 1];
        }

    private:
        window const& of_;
        T const* map_;
        ops::shift<Rank> from_;
        std::vector<T> low_;
        std::vector<T> row_;
    };
    [[nodiscard]] rows rows_of(T const* map, ops::shift<Rank> const& from) const { return {*this, map, from}; }

private:
    resizer<T, Rank> resize_;
    extents<Rank> enlarged_;
    extents<Rank> image_;
};

}  // namespace scorecam::cpu
