#pragma once
// A detector's score: how surely, and how near, it still finds a box.
#include <cstddef>

#include <scorecam/error.hpp>
#include <scorecam/ops/boxes.hpp>
#include <scorecam/policies/kinds.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam {

/// A box that is asked about, and its class.
template <class T>
struct asked_box {
    ops::box<T> box;
    index_t class_index;
};

/// D-RISE, Petsiuk et al., CVPR 2021 (arXiv:2006.03204): the largest IoU · class score (· objectness) over all candidates of
/// the row, for each of the boxes (Q) that are asked about, from 0 to 1 if the scores are. Target q is box q; where no
/// target is named, all are asked. The boxes lie in the backend's memory and have the units of the model's. In place of the
/// paper's cosine of the vectors of class probabilities stands the score of the one class that is asked about.
template <class T, class Space = host_space>
struct box_score {
    using kind = kinds::score;
    tensor_view<asked_box<T> const, 1, Space> boxes;
    ops::detection_layout layout{};

    [[nodiscard]] index_t questions() const { return boxes.extent(0); }

    struct reading {
        ops::candidates<T> found;
        asked_box<T> const* asked;
        [[nodiscard]] SCORECAM_HD T operator()(index_t q) const
        {
            T largest = 0;
            for (index_t a = 0; a < found.count(); ++a) {
                T const near = overlap(found.box_of(a), asked[q].box);
                if (!(near > T(0))) { continue; }
                T const score = near * found.score_of(a, asked[q].class_index);
                if (!(score <= largest) && largest == largest) { largest = score; }  // a NaN stays
            }
            return largest;
        }
    };
    [[nodiscard]] SCORECAM_HD reading operator()(ops::row<T> outputs) const { return {{outputs, layout}, boxes.data()}; }
};
template <class T, class Space>
box_score(tensor_view<asked_box<T> const, 1, Space>, ops::detection_layout) -> box_score<T, Space>;

}  // namespace scorecam
