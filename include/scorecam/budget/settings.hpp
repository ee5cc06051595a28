#pragma once
// The numbers of the surrogate. What the defaults reach is tested on three networks (tests/budget/photos.test.cpp).
#include <cstdint>
#include <string>

#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::budget {

struct settings {
    std::uint64_t seed = 0;     ///< of the random draws
    double noise       = 1e-2;  ///< variance of what is not a smooth function of the mask, in units of the kernel
    double confidence  = 0.9;   ///< of the predicted error: the quantile of the draws
    double inflation   = 1;     ///< what the predicted error is multiplied by, beside the link's `inflation`
    index_t draws      = 64;    ///< joint ones, for the predicted error
};

/// Throws option_error if a number is outside its range.
inline void check(settings const& s)
{
    auto const refuse = [](bool bad, char const* what) {
        if (bad) { throw option_error{std::string{"the surrogate's "} + what}; }
    };
    refuse(!(s.noise > 0), "noise is a variance above 0");
    refuse(!(s.inflation >= 0), "inflation is a factor of 0 or more");
    refuse(!(s.confidence > 0 && s.confidence < 1), "confidence is a share between 0 and 1");
    refuse(s.draws < 1, "number of draws is 1 or more");
}

}  // namespace scorecam::budget
