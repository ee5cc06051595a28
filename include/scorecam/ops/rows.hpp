#pragma once
// Readings of a row of numbers: as it is, through a sigmoid, or as a softmax. The same readings turn a row of logits into
// a class score and a row of channel scores into channel weights.
#include <cmath>
#include <string>

#include <scorecam/config.hpp>
#include <scorecam/error.hpp>
#include <scorecam/ops/range.hpp>
#include <scorecam/ops/team.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::ops {

/// The extents of one output for one image, outermost first: (classes), (C, h, w), (anchors, 4 + C), ...
struct row_shape {
    static constexpr int most_axes = 4;
    index_t extent[most_axes]{};
    int axes = 0;

    [[nodiscard]] SCORECAM_HD constexpr index_t operator[](int axis) const { return extent[axis]; }
    /// How many numbers that are.
    [[nodiscard]] SCORECAM_HD constexpr index_t size() const
    {
        index_t product = 1;
        for (int d = 0; d < axes; ++d) { product *= extent[d]; }
        return product;
    }
    [[nodiscard]] friend SCORECAM_HD constexpr bool operator==(row_shape const& a, row_shape const& b)
    {
        bool same = a.axes == b.axes;
        for (int d = 0; same && d < a.axes; ++d) { same = a.extent[d] == b.extent[d]; }
        return same;
    }
};

template <class T>
struct outputs;

/// What the model answers for one image, as a score reads it: the numbers of its first output, row-major, and where there
/// are several the others. For a classifier element c is the number of class c.
template <class T>
struct row {
    using value_type = T;
    T const* data;
    index_t count;
    row_shape shape{};                 ///< of the first output; without axes where nobody said more than `count`
    outputs<T> const* of   = nullptr;  ///< all outputs of the batch
    index_t number_in_them = 0;        ///< the image's place in the batch

    [[nodiscard]] SCORECAM_HD constexpr index_t size() const { return count; }
    [[nodiscard]] SCORECAM_HD constexpr T operator[](index_t i) const { return data[i]; }
    /// The image's row of output number k, 0 for the first. Throws option_error on the host if there is none.
    [[nodiscard]] SCORECAM_HD constexpr row output(int k) const;
};

/// The outputs of a model for a batch of images: plain pointers, that a kernel can take by value.
template <class T>
struct outputs {
    static constexpr int most = 8;
    struct one {
        T const* data = nullptr;  ///< (images, shape...), row-major
        row_shape shape{};
    };
    one each[most]{};
    int count      = 0;
    index_t images = 0;

    /// What is answered for one image; it refers to this.
    [[nodiscard]] SCORECAM_HD constexpr row<T> operator[](index_t image) const { return row_of(image, 0); }
    [[nodiscard]] SCORECAM_HD constexpr row<T> row_of(index_t image, int k) const
    {
        index_t const size = each[k].shape.size();
        return {each[k].data + image * size, size, each[k].shape, this, image};
    }
};

template <class T>
[[nodiscard]] SCORECAM_HD constexpr row<T> row<T>::output(int k) const
{
    if (k == 0) { return *this; }
    bool const there = of != nullptr && k > 0 && k < of->count;
#if !defined(__CUDA_ARCH__)
    if (!there) {
        throw option_error{"a score reads output number " + std::to_string(k + 1) +
                           " of the model, and there is none here; read one that it has, see model_outputs"};
    }
#endif
    return there ? of->row_of(number_in_them, k) : row{nullptr, 0};  // a device stops at what is read of it
}

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

/// -v.
template <class Row>
struct negative_of {
    Row values;
    [[nodiscard]] SCORECAM_HD auto operator()(index_t i) const { return -values[i]; }
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

/// v_i less the mean of the elements that take part. A NaN makes every value NaN.
template <class Row>
struct centred_of {
    using T = typename Row::value_type;
    Row values;
    T mean = 0;

    template <class Team = alone>
    SCORECAM_HD explicit centred_of(Row r, Team const& team = {}) : values{r}
    {
        auto const add = [](T a, T b) { return a + b; };
        T const count  = team.reduce(r.size(), T(0), [&](index_t i) { return takes_part(r, i) ? T(1) : T(0); }, add);
        T const sum    = team.reduce(r.size(), T(0), [&](index_t i) { return takes_part(r, i) ? r[i] : T(0); }, add);
        mean           = count == T(0) ? T(0) : sum / count;
    }
    [[nodiscard]] SCORECAM_HD T operator()(index_t i) const { return values[i] - mean; }
};

}  // namespace scorecam::ops
