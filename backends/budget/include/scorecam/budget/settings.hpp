#pragma once
// The numbers of the surrogate. The defaults are measured on three networks (tests/budget/photos.test.cpp).
#include <cstdint>

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

}  // namespace scorecam::budget
