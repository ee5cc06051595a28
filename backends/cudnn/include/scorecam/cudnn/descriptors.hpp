#pragma once
// cuDNN's handles and descriptions with an owner.
#include <string>
#include <utility>

#include <cudnn.h>

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

/// (n, C, H, W) float32, one after the other.
[[nodiscard]] inline tensor_descriptor described(index_t n, image_shape const& shape)
{
    tensor_descriptor made;
    check(cudnnSetTensor4dDescriptor(made.get(), CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, static_cast<int>(n),
                                     static_cast<int>(shape[0]), static_cast<int>(shape[1]), static_cast<int>(shape[2])),
          "a tensor of " + to_string(prepend(shape, n)));
    return made;
}
/// The same inside larger images, whose elements are `stride` for each image.
[[nodiscard]] inline tensor_descriptor described(index_t n, image_shape const& shape, index_t stride)
{
    auto const [c, h, w] = shape.extent;
    tensor_descriptor made;
    check(cudnnSetTensor4dDescriptorEx(made.get(), CUDNN_DATA_FLOAT, static_cast<int>(n), static_cast<int>(c),
                                       static_cast<int>(h), static_cast<int>(w), static_cast<int>(stride),
                                       static_cast<int>(h * w), static_cast<int>(w), 1),
          "a part of a tensor, of " + to_string(prepend(shape, n)));
    return made;
}
/// Weights (M, C, h, w).
[[nodiscard]] inline filter_descriptor described(extents<4> const& shape)
{
    filter_descriptor made;
    check(cudnnSetFilter4dDescriptor(made.get(), CUDNN_DATA_FLOAT, CUDNN_TENSOR_NCHW, static_cast<int>(shape[0]),
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
