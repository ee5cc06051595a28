#pragma once
// All the work of the backend for float and double, and for batches of half and bfloat16, as explicit instantiations of the
// launch() that was defined before this is included: by kernels.cu, and by the tests' made-up device.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <scorecam/cuda/backend.hpp>
#include <scorecam/ops/perturbation.hpp>
#include <scorecam/policies/score.hpp>
#include <scorecam/policies/weighting.hpp>
#include <scorecam/scores/boxes.hpp>
#include <scorecam/scores/classes.hpp>
#include <scorecam/scores/embeddings.hpp>
#include <scorecam/scores/regions.hpp>

namespace scorecam::cuda {

#define SCORECAM_LAUNCH(...) template void launch(__VA_ARGS__ const&, cudaStream_t)

#define SCORECAM_LAUNCH_ALL(T)                                                                                              \
    SCORECAM_LAUNCH(work::moments<T>);                                                                                      \
    SCORECAM_LAUNCH(work::normalise<T>);                                                                                    \
    SCORECAM_LAUNCH(work::normalise_picks<T>);                                                                              \
    SCORECAM_LAUNCH(work::top<T>);                                                                                          \
    SCORECAM_LAUNCH(work::score<T, probability>);                                                                           \
    SCORECAM_LAUNCH(work::score<T, logit>);                                                                                 \
    SCORECAM_LAUNCH(work::score<T, sigmoid>);                                                                               \
    SCORECAM_LAUNCH(work::score<T, value>);                                                                                 \
    SCORECAM_LAUNCH(work::score<T, contrast>);                                                                              \
    SCORECAM_LAUNCH(work::score<T, cosine_to<T, cuda_space>>);                                                              \
    SCORECAM_LAUNCH(work::score<T, box_score<T, cuda_space>>);                                                              \
    SCORECAM_LAUNCH(work::score<T, region_score<T, cuda_space>>);                                                           \
    SCORECAM_LAUNCH(work::weigh<T, raw_weights>);                                                                           \
    SCORECAM_LAUNCH(work::weigh<T, relu_weights>);                                                                          \
    SCORECAM_LAUNCH(work::weigh<T, softmax_weights>);                                                                       \
    SCORECAM_LAUNCH(work::weigh<T, uniform_weights>);                                                                       \
    SCORECAM_LAUNCH(work::weigh<T, centred_weights>);                                                                       \
    SCORECAM_LAUNCH(work::weigh<T, drop_weights>);                                                                          \
    SCORECAM_LAUNCH(work::weigh<T, relative_drop_weights>);                                                                 \
    SCORECAM_LAUNCH(work::combine<T>);                                                                                      \
    SCORECAM_LAUNCH(work::convert<T, T>);                                                                                   \
    SCORECAM_LAUNCH_MAPS(T, 1);                                                                                             \
    SCORECAM_LAUNCH_MAPS(T, 2);                                                                                             \
    SCORECAM_LAUNCH_MAPS(T, 3)

#define SCORECAM_LAUNCH_MAPS(T, Rank)                                                                                       \
    SCORECAM_LAUNCH(work::average<T, Rank>);                                                                                \
    SCORECAM_LAUNCH(work::extrema<T, Rank>);                                                                                \
    SCORECAM_LAUNCH_MASKS(T, T, Rank);                                                                                      \
    SCORECAM_LAUNCH(work::heat_before<T, Rank>);                                                                            \
    SCORECAM_LAUNCH(work::heat_after<T, Rank>);                                                                             \
    SCORECAM_LAUNCH(work::paint<T, Rank, ops::colour<T>>);                                                                  \
    SCORECAM_LAUNCH(work::paint_together<T, Rank, ops::plane_mean<T>>);                                                     \
    SCORECAM_LAUNCH(work::paint<T, Rank, ops::filter_axis<T>>);                                                             \
    SCORECAM_LAUNCH(work::paint<T, Rank, ops::gaussian_noise<T>>);                                                          \
    SCORECAM_LAUNCH(work::paint<T, Rank, ops::kept_by_rank<T>>);                                                            \
    SCORECAM_LAUNCH(work::paint<T, Rank, ops::times_map<T>>)

#define SCORECAM_LAUNCH_MASKS(T, U, Rank)                                                                                   \
    SCORECAM_LAUNCH(work::mask<T, U, Rank, 1>);                                                                             \
    SCORECAM_LAUNCH(work::mask<T, U, Rank, bytes_per_pack / sizeof(U)>);                                                    \
    SCORECAM_LAUNCH(work::mask_channels_last<T, U, Rank, 1, 0>);                                                            \
    SCORECAM_LAUNCH(work::mask_channels_last<T, U, Rank, bytes_per_pack / sizeof(U), 3>)

SCORECAM_LAUNCH_ALL(float);
SCORECAM_LAUNCH_ALL(double);
SCORECAM_LAUNCH_MASKS(float, __half, 1);
SCORECAM_LAUNCH_MASKS(float, __half, 2);
SCORECAM_LAUNCH_MASKS(float, __half, 3);
SCORECAM_LAUNCH_MASKS(float, __nv_bfloat16, 1);
SCORECAM_LAUNCH_MASKS(float, __nv_bfloat16, 2);
SCORECAM_LAUNCH_MASKS(float, __nv_bfloat16, 3);
SCORECAM_LAUNCH(work::convert<float, __half>);
SCORECAM_LAUNCH(work::convert<float, __nv_bfloat16>);
SCORECAM_LAUNCH(work::convert<__half, float>);  // results of networks
SCORECAM_LAUNCH(work::convert<__nv_bfloat16, float>);

}  // namespace scorecam::cuda
