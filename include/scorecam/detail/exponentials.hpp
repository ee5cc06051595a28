#pragma once
// exp of many numbers at once: loops without branches or calls, which compilers make vectors of.
#include <bit>
#include <cstdint>

#include <scorecam/tensor_view.hpp>

namespace scorecam::detail {

/// x = exp(x) for n numbers, to 1e-14 of each; beyond ±700 as for that. NaN stays NaN.
inline void exponentials(double* x, index_t n)
{
    constexpr double limit = 700, per_octave = 1.4426950408889634, rounder = 0x1.8p52;
    constexpr double octave = 0x1.62e4p-1, rest_of_octave = 1.4286068203094172e-6;  // log 2, in two parts (Cody and Waite)
    for (index_t i = 0; i < n; ++i) {  // by itself, as compilers make no vectors of comparisons that might trap
        double const above = x[i] < -limit ? -limit : x[i];
        x[i]               = above > limit ? limit : above;
    }
    for (index_t i = 0; i < n; ++i) {
        double const shifted = x[i] * per_octave + rounder;  // its last bits are the nearest integer
        double const octaves = shifted - rounder;
        double const r       = (x[i] - octaves * octave) - octaves * rest_of_octave;  // at most log 2 / 2
        double sum           = 1.0 / 479001600;
        sum                  = sum * r + 1.0 / 39916800;
        sum                  = sum * r + 1.0 / 3628800;
        sum                  = sum * r + 1.0 / 362880;
        sum                  = sum * r + 1.0 / 40320;
        sum                  = sum * r + 1.0 / 5040;
        sum                  = sum * r + 1.0 / 720;
        sum                  = sum * r + 1.0 / 120;
        sum                  = sum * r + 1.0 / 24;
        sum                  = sum * r + 1.0 / 6;
        sum                  = sum * r + 1.0 / 2;
        sum                  = (sum * r + 1.0) * r + 1.0;
        x[i] = sum * std::bit_cast<double>((std::bit_cast<std::uint64_t>(shifted) + 1023) << 52U);  // times 2 to the octaves
    }
}

}  // namespace scorecam::detail
