#pragma once
// How much there is in a channel, and how much it varies: what channels are chosen by.
#include <cmath>

#include <scorecam/config.hpp>
#include <scorecam/ops/team.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::ops {

template <class T>
struct moments {
    T mass;       ///< Σ |A|
    T deviation;  ///< standard deviation over the positions (of the population, as numpy.std)
};

template <class T, class Team = alone>
[[nodiscard]] SCORECAM_HD moments<T> moments_of(T const* values, index_t count, Team const& team = {})
{
    using std::sqrt;
    struct sums {
        double value;
        double mass;
    };
    auto const both = [=](index_t i) {
        auto const value = static_cast<double>(values[i]);
        return sums{value, value < 0 ? -value : value};
    };
    auto const plus   = [](sums a, sums b) { return sums{a.value + b.value, a.mass + b.mass}; };
    auto const total  = team.reduce(count, sums{0, 0}, both, plus);
    double const mean = total.value / static_cast<double>(count);

    auto const square = [=](index_t i) {
        double const apart = static_cast<double>(values[i]) - mean;
        return apart * apart;
    };
    double const squares = team.reduce(count, 0.0, square, [](double a, double b) { return a + b; });
    return {static_cast<T>(total.mass), static_cast<T>(sqrt(squares / static_cast<double>(count)))};
}

}  // namespace scorecam::ops
