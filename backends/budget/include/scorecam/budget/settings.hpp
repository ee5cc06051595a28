#pragma once
// The numbers of the surrogate. The defaults are measured on three networks (tests/budget/photos.test.cpp).
#include <cstdint>
#include <string>

#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::budget {

struct settings {
    std::uint64_t seed       = 0;     ///< of the random draws
    double noise             = 1e-2;  ///< variance of what is not a smooth function of the mask, in units of the kernel
    double caution           = 1.5;   ///< what predicted errors and deviations are multiplied by: the process is too sure
    double confidence        = 0.9;   ///< of the predicted error: the quantile of the draws
    index_t draws            = 64;    ///< joint ones, for the predicted error
    index_t sampled_channels = 256;   ///< that vary in the draws: those that matter most
};

/// Throws option_error if a number is outside its range.
inline void check(settings const& s)
{
    auto const refuse = [](bool bad, char const* what) {
        if (bad) { throw option_error{std::string{"the surrogate's "} + what}; }
    };
    refuse(!(s.noise > 0), "noise is a variance above 0");
    refuse(!(s.caution >= 0), "caution is a factor of 0 or more");
    refuse(!(s.confidence > 0 && s.confidence < 1), "confidence is a share between 0 and 1");
    refuse(s.draws < 1 || s.sampled_channels < 1, "numbers of draws and of sampled channels are 1 or more");
}

}  // namespace scorecam::budget
