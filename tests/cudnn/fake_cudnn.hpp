#pragma once
// A cuDNN that computes on the host, in the order of the streams: what tests can ask of it.
#include <cstddef>

namespace fake_cudnn {

/// What it does not know, as some devices and versions do not: the one call for convolution, bias and activation.
enum class refused { nothing, grouped_in_one, relu_with_the_fastest, relu_in_one, everything_in_one };
void refuse(refused what);

/// Fails with that status in the call of a convolution after `calls` others; -1: never.
void fail_with(int status, int calls);

/// Bytes of workspace that its convolutions ask for; twice as many with the algorithm that does everything in one call.
void ask_for_workspace(std::size_t bytes);

/// How often convolutions were computed in one call, and how often by themselves, and how often activations apart from them,
/// since the last call of this.
struct counts {
    int in_one      = 0;
    int alone       = 0;
    int activations = 0;
};
[[nodiscard]] counts counted();

/// Descriptors and handles that are not given back.
[[nodiscard]] int alive();

}  // namespace fake_cudnn
