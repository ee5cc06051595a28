#pragma once
// cuDNN's handles and descriptions with an owner.
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

#include <cuda_bf16.h>
#include <cudnn.h>

#include <scorecam/batch_view.hpp>

#include <scorecam/cudnn/error.hpp>
#include <scorecam/onnx/plan.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::cudnn {

/// One that cuDNN made with Create, and takes back with Destroy. Move-only.
template <class T, cudnnStatus_t (*Create)(T*), cudnnStatus_t (*Destroy)(T)>
class owned {
public:
    owned() { check(Create(&made_), "making a descriptor"); }
    owned(owned&& other) noexcept : made_{std::exchange(other.made_, nullptr)} {}
    owned& operator=(owned&& other) noexcept
    {
        std::swap(made_, other.made_);
        return *this;
    }
    ~owned()
    {
        if (made_ != nullptr) { static_cast<void>(Destroy(made_)); }
    }
    [[nodiscard]] T get() const noexcept { return made_; }

private:
    T made_ = nullptr;
};

using handle            = owned<cudnnHandle_t, cudnnCreate, cudnnDestroy>;
using tensor_descriptor = owned<cudnnTensorDescriptor_t, cudnnCreateTensorDescriptor, cudnnDestroyTensorDescriptor>;
using filter_descriptor = owned<cudnnFilterDescriptor_t, cudnnCreateFilterDescriptor, cudnnDestroyFilterDescriptor>;
using convolution_descriptor =
    owned<cudnnConvolutionDescriptor_t, cudnnCreateConvolutionDescriptor, cudnnDestroyConvolutionDescriptor>;
using pooling_descriptor = owned<cudnnPoolingDescriptor_t, cudnnCreatePoolingDescriptor, cudnnDestroyPoolingDescriptor>;
using activation_descriptor =
    owned<cudnnActivationDescriptor_t, cudnnCreateActivationDescriptor, cudnnDestroyActivationDescriptor>;
using sum_descriptor = owned<cudnnOpTensorDescriptor_t, cudnnCreateOpTensorDescriptor, cudnnDestroyOpTensorDescriptor>;

/// How values lie in memory: float32 with the channels first; bfloat16 with the channels last, as tensor cores take it.
struct form {
    cudnnDataType_t type;
    layout order;
    std::size_t bytes;  ///< of an element

    [[nodiscard]] cudnnTensorFormat_t format() const
    {
        return order == layout::channels_last ? CUDNN_TENSOR_NHWC : CUDNN_TENSOR_NCHW;
    }
};
template <class Element>
inline constexpr form form_of =
    std::is_same_v<Element, float> ? form{CUDNN_DATA_FLOAT, layout::channels_first, sizeof(float)}
                                   : form{CUDNN_DATA_BFLOAT16, layout::channels_last, sizeof(__nv_bfloat16)};

/// n images of (C, H, W), one after the other.
[[nodiscard]] inline tensor_descriptor described(form const& in, index_t n, image_shape const& shape)
{
    tensor_descriptor made;
    check(cudnnSetTensor4dDescriptor(made.get(), in.format(), in.type, static_cast<int>(n), static_cast<int>(shape[0]),
                                     static_cast<int>(shape[1]), static_cast<int>(shape[2])),
          "a tensor of " + to_string(prepend(shape, n)));
    return made;
}
/// Weights (M, C, h, w).
[[nodiscard]] inline filter_descriptor described(form const& in, extents<4> const& shape)
{
    filter_descriptor made;
    check(cudnnSetFilter4dDescriptor(made.get(), in.type, in.format(), static_cast<int>(shape[0]),
                                     static_cast<int>(shape[1]), static_cast<int>(shape[2]), static_cast<int>(shape[3])),
          "weights of " + to_string(shape));
    return made;
}
[[nodiscard]] inline activation_descriptor described(onnx::activation const& what)
{
    auto mode = CUDNN_ACTIVATION_IDENTITY;
    switch (what.function) {
    case onnx::pointwise::none:
        break;
    case onnx::pointwise::relu:
        mode = CUDNN_ACTIVATION_RELU;
        break;
    case onnx::pointwise::clipped_relu:
        mode = CUDNN_ACTIVATION_CLIPPED_RELU;
        break;
    case onnx::pointwise::sigmoid:
        mode = CUDNN_ACTIVATION_SIGMOID;
        break;
    case onnx::pointwise::tanh:
        mode = CUDNN_ACTIVATION_TANH;
        break;
    }
    activation_descriptor made;
    check(cudnnSetActivationDescriptor(made.get(), mode, CUDNN_PROPAGATE_NAN, what.ceiling), "an activation");
    return made;
}

}  // namespace scorecam::cudnn
