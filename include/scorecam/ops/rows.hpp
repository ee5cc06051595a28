#pragma once
// Readings of a row of numbers: as it is, through a sigmoid, or as a softmax. The same readings turn a row of logits into
// a class score and a row of channel scores into channel weights.
#include <cmath>

#include <scorecam/config.hpp>
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
    [[nodiscard]] SCORECAM_HD auto operator()(index_t i) const
    {
        using T   = typename Row::value_type;
        T const v = values[i];
        return v < T(0) ? T(0) : v;
    }
};

/// exp(v_i) / Σ_j exp(v_j), shifted by the maximum. A NaN in the row makes every value NaN.
template <class Row>
struct softmax_of {
    using T = typename Row::value_type;
    Row values;
    T peak;
    T sum;

    SCORECAM_HD explicit softmax_of(Row r) : values{r}, peak{r[0]}, sum{0}
    {
        using std::exp;
        for (index_t i = 1; i < r.size(); ++i) { peak = r[i] > peak ? r[i] : peak; }
        for (index_t i = 0; i < r.size(); ++i) { sum += exp(r[i] - peak); }
    }
    [[nodiscard]] SCORECAM_HD T operator()(index_t i) const
    {
        using std::exp;
        return exp(values[i] - peak) / sum;
    }
};

}  // namespace scorecam::ops
