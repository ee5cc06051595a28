#pragma once
// The work of the backend on images of float that scorecam::cpu_compiled has: whoever links that does not compile it.
// Included by backend.hpp where SCORECAM_CPU_COMPILED is defined, which that target sees to.
#include <scorecam/cpu/backend.hpp>

// SCORECAM_CPU_WORK(prefix): the instantiations, declared with `extern template`, defined with `template`.
#define SCORECAM_CPU_WORK(...)                                                                                              \
    __VA_ARGS__ void backend::extrema(tensor_view<float const, 3>, extents<2>, ops::mask_rule,                              \
                                      tensor_view<ops::range<float>, 1>);                                                   \
    __VA_ARGS__ void backend::mask(tensor_view<float const, 4>, tensor_view<float const, 4>, masks_view<float, 4>,          \
                                   tensor_view<ops::pick const, 1>, tensor_view<float, 4> const&);                          \
    __VA_ARGS__ void backend::average(masks_view<float, 4>, tensor_view<float const, 3>, tensor_view<float, 4>);            \
    __VA_ARGS__ void backend::combine(tensor_view<float const, 4>, tensor_view<float const, 3>, tensor_view<float, 4>);     \
    __VA_ARGS__ void backend::heatmap(tensor_view<float const, 3>, ops::heatmap_rule, tensor_view<float, 3>,                \
                                      tensor_view<ops::range<float>, 1>)

namespace scorecam::cpu {

SCORECAM_CPU_WORK(extern template);

}  // namespace scorecam::cpu
