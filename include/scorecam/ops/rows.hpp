#pragma once
// Readings of a row of numbers: as it is, through a sigmoid, or as a softmax. The same readings turn a row of logits into
// a class score and a row of channel scores into channel weights.
#include <cmath>

#include <scorecam/config.hpp>
#include <scorecam/ops/range.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::ops {

/// One row of the model's outputs: the numbers of all classes for one image.
template <class T>
struct row {
    using value_type = T;
    T const* data;
    index_t count;

    [[nodiscard]] SCORECAM_HD constexpr index_t size() const { return count; }
    [[nodiscard]] SCORECAM_HD constexpr T operator[](index_t i) const { return data[i]; }
};

/// The number itself.
template <class Row>
struct identity_of {
    Row values;
    [[nodiscard]] SCORECAM_HD auto operator()(index_t i) const { return values[i]; }
};

/// 1 / (1 + exp(-v)), without overflow.
template <class Row>
struct sigmoid_of {
    Row values;
    [[nodiscard]] SCORECAM_HD auto operator()(index_t i) const
    {
        using std::exp;
        using T       = typename Row::value_type;
        T const v     = values[i];
        T const small = exp(v < T(0) ? v : -v);
        return (v < T(0) ? small : T(1)) / (T(1) + small);
    }
};

/// max(v, 0).
template <class Row>
struct relu_of {
    Row values;
    [[nodiscard]] SCORECAM_HD auto operator()(index_t i) const { return relu(values[i]); }
};

/// Whether element i of a row counts; a row may leave some out.
template <class Row>
[[nodiscard]] SCORECAM_HD constexpr bool takes_part(Row const& row, index_t i)
{
    if constexpr (requires { row.takes_part(i); }) {
        return row.takes_part(i);
    } else {
        return true;
    }
}

/// exp(v_i) / Σ_j exp(v_j) over the elements that take part, shifted by the maximum. A NaN makes every value NaN.
template <class Row>
struct softmax_of {
    using T = typename Row::value_type;
    Row values;
    T peak = -largest_of<T>;
    T sum  = 0;

    SCORECAM_HD explicit softmax_of(Row r) : values{r}
    {
        using std::exp;
        for (index_t i = 0; i < r.size(); ++i) { peak = takes_part(r, i) && r[i] > peak ? r[i] : peak; }
        for (index_t i = 0; i < r.size(); ++i) { sum += takes_part(r, i) ? exp(r[i] - peak) : T(0); }
    }
    [[nodiscard]] SCORECAM_HD T operator()(index_t i) const
    {
        using std::exp;
        return exp(values[i] - peak) / sum;
    }
};

}  // namespace scorecam::ops
