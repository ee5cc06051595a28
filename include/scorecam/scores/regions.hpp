#pragma once
// A segmenter's score: how much of a class there is in a region.
#include <cmath>
#include <cstddef>
#include <string>

#include <scorecam/error.hpp>
#include <scorecam/model_outputs.hpp>
#include <scorecam/ops/rows.hpp>
#include <scorecam/policies/kinds.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam {

/// What the numbers of a cell are.
enum class cell_values {
    logits,         ///< of classes that exclude each other: a softmax makes probabilities of them
    probabilities,  ///< used as they are
    sigmoids        ///< logits of classes that do not exclude each other
};

/// The probability of class c over a region, of outputs (C, h, w): its mean, or its sum in cells. After Vinogradova et al.,
/// Seg-Grad-CAM, AAAI 2020 (arXiv:2002.11434), which sums logits over the cells of interest. Region q, of the size of the
/// outputs and with the class `classes(q)`, is target q; where no target is named, all are asked. A point is a region of one
/// cell. Both views lie in the backend's memory; every region has a cell.
template <class T, class Space = host_space>
struct region_score {
    using kind = kinds::score;
    tensor_view<unsigned char const, 3, Space> regions;  ///< (Q, h, w): 0 outside
    tensor_view<index_t const, 1, Space> classes;        ///< (Q)
    cell_values values = cell_values::logits;
    bool mean          = true;

    [[nodiscard]] index_t questions() const { return regions.extent(0); }

    struct reading {
        T const* outputs;  // (C, cells)
        index_t all_classes, cells;
        unsigned char const* regions;
        index_t const* classes;
        cell_values values;
        bool mean;

        [[nodiscard]] SCORECAM_HD T operator()(index_t q) const
        {
            T sum           = 0;
            index_t counted = 0;
            for (index_t p = 0; p < cells; ++p) {
                if (regions[q * cells + p] == 0) { continue; }
                sum += probability(outputs + p, classes[q]);
                ++counted;
            }
            return mean && counted > 0 ? sum / static_cast<T>(counted) : sum;
        }
        /// Of class c, in the cell whose logits stand at `at`, `cells` apart.
        [[nodiscard]] SCORECAM_HD T probability(T const* at, index_t c) const
        {
            using std::exp;
            T const own = at[c * cells];
            if (values == cell_values::probabilities) { return own; }
            T others = 0;  // how much of the others there is for one of c: no exponent overflows to a NaN
            if (values == cell_values::sigmoids) {
                others = exp(-own);
            } else {
                for (index_t other = 0; other < all_classes; ++other) {
                    others += other == c ? T(0) : exp(at[other * cells] - own);
                }
            }
            return T(1) / (T(1) + others);
        }
    };
    [[nodiscard]] SCORECAM_HD reading operator()(ops::row<T> outputs) const
    {
#if !defined(__CUDA_ARCH__)
        if (outputs.shape.axes != 3 || outputs.shape[1] != regions.extent(1) || outputs.shape[2] != regions.extent(2)) {
            throw shape_error{"regions of the shape " + to_string(trailing<2>(regions.shape())) +
                              " were given for outputs " + to_string(outputs.shape) +
                              " of one image; give regions of the last two extents of outputs (C, h, w)"};
        }
#endif
        return {outputs.data, outputs.shape[0], outputs.shape[1] * outputs.shape[2], regions.data(), classes.data(), values,
                mean};
    }
};

/// The cells (h, w) where class c has the largest number of all, of one image's outputs (C, h, w); 1 there, 0 elsewhere.
/// Throws shape_error or target_error.
template <class T>
[[nodiscard]] tensor<unsigned char, 2> predicted_region(tensor_view<T const, 3> outputs, index_t c)
{
    if (c < 0 || c >= outputs.extent(0)) {
        throw target_error{"class " + std::to_string(c) + " does not exist: the outputs are " + to_string(outputs.shape()) +
                           ", so classes run from 0 to " + std::to_string(outputs.extent(0) - 1)};
    }
    tensor<unsigned char, 2> region{trailing<2>(outputs.shape())};
    for (index_t p = 0; p < region.size(); ++p) {
        index_t best = 0;
        for (index_t other = 1; other < outputs.extent(0); ++other) {
            if (outputs.data()[other * region.size() + p] > outputs.data()[best * region.size() + p]) { best = other; }
        }
        region.data()[p] = best == c ? 1 : 0;
    }
    return region;
}

}  // namespace scorecam
