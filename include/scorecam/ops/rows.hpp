#pragma once
// Readings of a row of numbers: as it is, through a sigmoid, or as a softmax. The same readings turn a row of logits into
// a class score and a row of channel scores into channel weights.
#include <cmath>

#include <scorecam/config.hpp>
#include <scorecam/ops/range.hpp>
#include <scorecam/ops/team.hpp>
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

/// Whether class a (of output x) comes before class b (of output y) among the top ones: the larger output, then the lower
/// index. A NaN comes last.
template <class T>
[[nodiscard]] SCORECAM_HD constexpr bool comes_before(T x, index_t a, T y, index_t b)
{
    bool const x_is_nan = x != x;
    bool const y_is_nan = y != y;
    if (x > y || (y_is_nan && !x_is_nan)) { return true; }
    bool const equal = x == y || (x_is_nan && y_is_nan);
    return equal && a < b;
}

/// exp(v_i) / Σ_j exp(v_j) over the elements that take part, shifted by the maximum. A NaN makes every value NaN.
template <class Row>
struct softmax_of {
    using T = typename Row::value_type;
    Row values;
    T peak = -largest_of<T>;
    T sum  = 0;

    template <class Team = alone>
    SCORECAM_HD explicit softmax_of(Row r, Team const& team = {}) : values{r}
    {
        using std::exp;
        T const lowest    = peak;
        auto const value  = [&](index_t i) { return takes_part(r, i) ? r[i] : lowest; };
        auto const larger = [](T a, T b) { return b > a ? b : a; };  // never a NaN
        peak              = team.reduce(r.size(), lowest, value, larger);

        auto const term = [&, highest = peak](index_t i) { return takes_part(r, i) ? exp(r[i] - highest) : T(0); };
        sum             = team.reduce(r.size(), T(0), term, [](T a, T b) { return a + b; });
    }
    [[nodiscard]] SCORECAM_HD T operator()(index_t i) const
    {
        using std::exp;
        return exp(values[i] - peak) / sum;
    }
};

}  // namespace scorecam::ops
