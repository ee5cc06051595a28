#pragma once
// Between what a network holds and what the library reads.
#include <cstddef>
#include <type_traits>

#include <cuda_runtime_api.h>

#include <scorecam/batch_view.hpp>
#include <scorecam/cuda/launch.hpp>
#include <scorecam/cuda/work/convert.hpp>
#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::cuda {

/// Enqueues a copy in another type, by static_cast, or with the channels elsewhere. Either is a tensor_view (n, C,
/// spatial...) or a batch_view of that shape: a model in half answers with activations in float, channels first, by
///
///     convert(batch_view<__half const, 4, layout::channels_last, cuda_space>{half, {n, K, h, w}},
///             tensor_view<float, 4, cuda_space>{floats, n, K, h, w}, stream);
///
/// Throws shape_error for different shapes, and cuda_error.
template <class From, class To>
void convert(From const& from, To const& to, cudaStream_t stream)
{
    using T = std::remove_const_t<typename From::element_type>;
    using U = typename To::element_type;
    if (!(from.shape() == to.shape())) {
        throw shape_error{"elements of the shape " + to_string(from.shape()) + " cannot be converted to " +
                          to_string(to.shape()) + "; give the same shape (n, channels, ...) in both layouts"};
    }
    static_assert(std::is_same_v<typename From::space_type, cuda_space> &&
                      std::is_same_v<typename To::space_type, cuda_space>,
                  "scorecam: both views are of device memory, in cuda_space");
    constexpr std::size_t spatial = std::remove_cvref_t<decltype(from.shape())>::rank - 2;
    launch(work::convert<T, U>{.from      = from.data(),
                               .count     = from.shape()[0],
                               .channels  = from.shape()[1],
                               .positions = trailing<spatial>(from.shape()).size(),
                               .from_at   = strides_of(from),
                               .to_at     = strides_of(to),
                               .to        = to.data()},
           stream);
}

}  // namespace scorecam::cuda
