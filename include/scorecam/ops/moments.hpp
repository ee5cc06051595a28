#pragma once
// How much there is in a channel, and how much it varies: what channels are chosen by.
#include <cmath>

#include <scorecam/config.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::ops {

template <class T>
struct moments {
    T mass;       ///< Σ |A|
    T deviation;  ///< standard deviation over the positions (of the population, as numpy.std)
};

template <class T>
[[nodiscard]] SCORECAM_HD moments<T> moments_of(T const* values, index_t count)
{
    using std::sqrt;
    double sum  = 0;
    double mass = 0;
    for (index_t i = 0; i < count; ++i) {
        auto const value = static_cast<double>(values[i]);
        sum += value;
        mass += value < 0 ? -value : value;
    }
    double const mean = sum / static_cast<double>(count);
    double squares    = 0;
    for (index_t i = 0; i < count; ++i) {
        double const apart = static_cast<double>(values[i]) - mean;
        squares += apart * apart;
    }
    return {static_cast<T>(mass), static_cast<T>(sqrt(squares / static_cast<double>(count)))};
}

}  // namespace scorecam::ops
