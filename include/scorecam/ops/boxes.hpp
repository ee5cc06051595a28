#pragma once
// Boxes, and the candidates that a detector answers with, whatever the order in which it writes them.
#include <cstddef>

#include <scorecam/config.hpp>
#include <scorecam/ops/rows.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::ops {

/// From (left, top) to (right, bottom), in pixels of the model's input as a rule.
template <class T>
struct box {
    T left, top, right, bottom;

    [[nodiscard]] SCORECAM_HD constexpr T area() const
    {
        return right > left && bottom > top ? (right - left) * (bottom - top) : T(0);
    }
};

/// Intersection over union, from 0 to 1; 0 for boxes without area.
template <class T>
[[nodiscard]] SCORECAM_HD constexpr T overlap(box<T> const& a, box<T> const& b)
{
    auto const larger  = [](T x, T y) { return x > y ? x : y; };
    auto const smaller = [](T x, T y) { return x < y ? x : y; };
    T const both =
        box<T>{larger(a.left, b.left), larger(a.top, b.top), smaller(a.right, b.right), smaller(a.bottom, b.bottom)}.area();
    T const either = a.area() + b.area() - both;
    return either > T(0) ? both / either : T(0);
}

/// What the four numbers of a box are.
enum class box_format {
    centre,   ///< x and y of its middle, width, height (YOLO)
    corners,  ///< left, top, right, bottom
    corner,   ///< left, top, width, height
    rows      ///< top, left, bottom, right (TensorFlow)
};

/// How a detector's outputs hold its candidates. Each has a box, and a score for every class; or, after suppression, one
/// score and one class.
struct detection_layout {
    box_format format      = box_format::centre;
    bool candidates_last   = false;  ///< (4 + C, A) instead of (A, 4 + C); separate scores are (C, A) then
    bool objectness        = false;  ///< a fifth number by which all class scores are multiplied: (A, 5 + C)
    bool after_suppression = false;  ///< (N, 6): box, score, class
    int scores_output      = 0;      ///< the output with the class scores, if it is not the one with the boxes, output 0
    index_t first_class    = 0;      ///< so many leading classes are none: 1 where class 0 is the background

    [[nodiscard]] friend bool operator==(detection_layout const&, detection_layout const&) = default;
};

/// The candidates in a row of outputs.
template <class T>
struct candidates {
    row<T> boxes;
    row<T> scores;
    detection_layout layout;

    SCORECAM_HD candidates(row<T> outputs, detection_layout const& how)
        : boxes{outputs}, scores{how.scores_output > 0 ? outputs.output(how.scores_output) : outputs}, layout{how}
    {
    }

    [[nodiscard]] SCORECAM_HD index_t count() const { return layout.candidates_last ? boxes.shape[1] : boxes.shape[0]; }
    [[nodiscard]] SCORECAM_HD index_t classes() const
    {
        index_t const wide = layout.candidates_last ? scores.shape[0] : scores.shape[1];
        return wide - first_score() - layout.first_class;
    }
    [[nodiscard]] SCORECAM_HD box<T> box_of(index_t a) const
    {
        auto const number = [&](index_t i) { return at(boxes, a, i); };
        T const n[]       = {number(0), number(1), number(2), number(3)};
        switch (layout.format) {
        case box_format::centre:
            return {n[0] - n[2] / 2, n[1] - n[3] / 2, n[0] + n[2] / 2, n[1] + n[3] / 2};
        case box_format::corner:
            return {n[0], n[1], n[0] + n[2], n[1] + n[3]};
        case box_format::rows:
            return {n[1], n[0], n[3], n[2]};
        case box_format::corners:
            break;
        }
        return {n[0], n[1], n[2], n[3]};
    }
    /// The score of class c for candidate a, its objectness included.
    [[nodiscard]] SCORECAM_HD T score_of(index_t a, index_t c) const
    {
        if (layout.after_suppression) { return class_of(a) == c ? at(boxes, a, 4) : T(0); }
        T const own = at(scores, a, first_score() + layout.first_class + c);
        return layout.objectness ? own * at(boxes, a, 4) : own;
    }
    /// The class of a candidate after suppression; -1 for a row that holds none.
    [[nodiscard]] SCORECAM_HD index_t class_of(index_t a) const
    {
        return static_cast<index_t>(at(boxes, a, 5)) - layout.first_class;
    }

private:
    [[nodiscard]] SCORECAM_HD index_t first_score() const
    {
        return layout.scores_output > 0 ? 0 : layout.objectness ? 5 : 4;
    }
    [[nodiscard]] SCORECAM_HD T at(row<T> const& of, index_t a, index_t i) const
    {
        return layout.candidates_last ? of[i * of.shape[1] + a] : of[a * of.shape[1] + i];
    }
};

}  // namespace scorecam::ops
