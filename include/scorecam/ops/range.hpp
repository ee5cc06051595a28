#pragma once
// The smallest and the largest value, and s(·) of the paper: min-max normalisation.
#include <limits>

#include <scorecam/config.hpp>
#include <scorecam/ops/team.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::ops {

/// Constants that device code may read: it cannot call std::numeric_limits.
template <class T>
inline constexpr T largest_of = std::numeric_limits<T>::max();
template <class T>
inline constexpr T nan_of = std::numeric_limits<T>::quiet_NaN();

/// Extrema. A NaN among the values makes both NaN, so that it is seen.
template <class T>
struct range {
    T lo;
    T hi;

    /// No contrast: nothing that min-max normalisation could stretch.
    [[nodiscard]] SCORECAM_HD constexpr bool flat() const { return lo == hi; }

    /// False if a NaN or an infinity is among the values, or if max - min overflows.
    [[nodiscard]] SCORECAM_HD constexpr bool finite() const { return hi - lo <= largest_of<T>; }

    SCORECAM_HD constexpr void include(T value)
    {
        bool const invisible = value != value;
        lo                   = value < lo || invisible ? value : lo;
        hi                   = value > hi || invisible ? value : hi;
    }
    SCORECAM_HD constexpr void include(range other)
    {
        include(other.lo);
        include(other.hi);
    }
};

/// The extrema of value(0) ... value(count - 1), at least one.
template <class T, class Value, class Team = alone>
[[nodiscard]] SCORECAM_HD constexpr range<T> range_over(index_t count, Value const& value, Team const& team = {})
{
    T const first   = value(0);
    auto const term = [&](index_t i) {
        T const v = value(i);
        return range<T>{v, v};
    };
    auto const merge = [](range<T> a, range<T> b) {
        a.include(b);
        return a;
    };
    return team.reduce(count, range<T>{first, first}, term, merge);
}

/// The extrema of a row of numbers.
template <class T, class Team = alone>
[[nodiscard]] SCORECAM_HD constexpr range<T> range_of(T const* values, index_t count, Team const& team = {})
{
    return range_over<T>(count, [=](index_t i) { return values[i]; }, team);
}

/// s(v) = (v - min) / (max - min + epsilon); 0 where there is no contrast.
template <class T>
[[nodiscard]] SCORECAM_HD constexpr T min_max(T value, range<T> r, T epsilon = T(0))
{
    return r.flat() ? T(0) : (value - r.lo) / (r.hi - r.lo + epsilon);
}

template <class T>
[[nodiscard]] SCORECAM_HD constexpr T relu(T value)
{
    return value < T(0) ? T(0) : value;  // written so that NaN stays NaN
}

}  // namespace scorecam::ops
