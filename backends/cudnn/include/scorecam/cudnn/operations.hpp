#pragma once
// The operations of a plan as cuDNN computes them, prepared for batches of one size.
#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <cudnn.h>

#include <scorecam/cudnn/descriptors.hpp>
#include <scorecam/cudnn/error.hpp>
#include <scorecam/onnx/plan.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::cudnn {

/// What products of float32 are computed with: float32, or the tensor cores' 10 bits of mantissa.
enum class arithmetic { float32, tf32 };

/// What the operations of a network have in common.
struct conditions {
    cudnnHandle_t cudnn;
    index_t n;  ///< images
    form values;
    arithmetic products;
    std::size_t largest_workspace;  ///< bytes

    /// Whether products are those of float32.
    [[nodiscard]] bool exact() const { return values.type == CUDNN_DATA_FLOAT && products == arithmetic::float32; }
};

namespace detail {

/// What cuDNN's functions take as factors.
inline constexpr float one = 1, zero = 0;

/// A call of one operation, all pointers on the device.
struct call {
    cudnnHandle_t cudnn;
    std::vector<void const*> in;
    void* out;
    void const* weights;  // of a convolution
    void const* bias;
    void* workspace;
};

class convolving {
public:
    convolving(conditions const& all, onnx::step const& step, onnx::convolution const& what)
        : x_{described(all.values, all.n, step.inputs[0].shape)}, y_{described(all.values, all.n, step.output.shape)},
          weights_{described(all.values, what.shape)}, bias_{described(all.values, 1, {what.shape[0], 1, 1})},
          then_{described(what.then)}, function_{what.then.function}
    {
        auto const side = [](onnx::pair const& of, std::size_t a) { return static_cast<int>(of[a]); };
        check(cudnnSetConvolution2dDescriptor(how_.get(), side(what.padding, 0), side(what.padding, 1), side(what.stride, 0),
                                              side(what.stride, 1), side(what.dilation, 0), side(what.dilation, 1),
                                              CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT),
              step.node);
        check(cudnnSetConvolutionGroupCount(how_.get(), static_cast<int>(what.groups)), step.node);
        // The default lets cuDNN round float32 to TF32 where the device has it; tensor cores take bfloat16 as it is.
        check(cudnnSetConvolutionMathType(how_.get(), all.exact() ? CUDNN_FMA_MATH : CUDNN_DEFAULT_MATH), step.node);
        choose(all, step);
    }
    [[nodiscard]] std::size_t workspace() const { return workspace_; }

    /// In one call where cuDNN has one for it, or step by step.
    void operator()(call const& at, std::string const& node)
    {
        auto const* residual = at.in.size() > 1 ? at.in[1] : nullptr;
        if (in_one_) {
            auto const& none = function_ == onnx::pointwise::relu ? then_ : nothing_;
            auto const said  = cudnnConvolutionBiasActivationForward(
                at.cudnn, &one, x_.get(), at.in[0], weights_.get(), at.weights, how_.get(), algorithm_, at.workspace,
                workspace_, residual != nullptr ? &one : &zero, y_.get(), residual != nullptr ? residual : at.out,
                bias_.get(), at.bias, none.get(), y_.get(), at.out);
            in_one_ = said != CUDNN_STATUS_NOT_SUPPORTED;  // nothing was enqueued then, and never is it tried again
            if (in_one_) { check(said, node); }
        }
        if (!in_one_) {
            check(cudnnConvolutionForward(at.cudnn, &one, x_.get(), at.in[0], weights_.get(), at.weights, how_.get(),
                                          algorithm_, at.workspace, workspace_, &zero, y_.get(), at.out),
                  node);
            check(cudnnAddTensor(at.cudnn, &one, bias_.get(), at.bias, &one, y_.get(), at.out), node);
            if (residual != nullptr) {
                check(cudnnAddTensor(at.cudnn, &one, y_.get(), residual, &one, y_.get(), at.out), node);
            }
        }
        bool const done = function_ == onnx::pointwise::none || (in_one_ && function_ == onnx::pointwise::relu);
        if (!done) {
            check(cudnnActivationForward(at.cudnn, then_.get(), &one, y_.get(), at.out, &zero, y_.get(), at.out), node);
        }
    }

private:
    /// The algorithm that cuDNN expects to be the fastest of those that give the same bits each time, in the memory there
    /// is. With no ReLU behind it, cuDNN's call for all at once knows one algorithm only: that one is taken where it is
    /// offered, and run with the arithmetic that it was offered with.
    void choose(conditions const& all, onnx::step const& step)
    {
        cudnnConvolutionFwdAlgoPerf_t offered[CUDNN_CONVOLUTION_FWD_ALGO_COUNT];
        int count = 0;
        check(cudnnGetConvolutionForwardAlgorithm_v7(all.cudnn, x_.get(), weights_.get(), how_.get(), y_.get(),
                                                     CUDNN_CONVOLUTION_FWD_ALGO_COUNT, &count, offered),
              step.node);
        auto const end    = offered + count;
        auto const usable = [&](cudnnConvolutionFwdAlgoPerf_t const& o) {
            return o.status == CUDNN_STATUS_SUCCESS && o.determinism == CUDNN_DETERMINISTIC &&
                   o.memory <= all.largest_workspace;
        };
        auto const first  = std::find_if(offered, end, usable);
        auto const of_all = std::find_if(offered, end, [&](cudnnConvolutionFwdAlgoPerf_t const& o) {
            return usable(o) && o.algo == CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM;
        });
        if (first == end) {
            throw model_error{step.node + ": cuDNN has no algorithm for it in " + std::to_string(all.largest_workspace) +
                              " bytes; give more in settings::workspace"};
        }
        in_one_            = function_ == onnx::pointwise::relu || of_all != end;
        auto const& chosen = function_ != onnx::pointwise::relu && of_all != end ? *of_all : *first;
        algorithm_         = chosen.algo;
        workspace_         = chosen.memory;
        if (!all.exact()) { check(cudnnSetConvolutionMathType(how_.get(), chosen.mathType), step.node); }
    }

    tensor_descriptor x_, y_;
    filter_descriptor weights_;
    tensor_descriptor bias_;
    convolution_descriptor how_;
    activation_descriptor then_;
    activation_descriptor nothing_ = described(onnx::activation{});
    onnx::pointwise function_;
    cudnnConvolutionFwdAlgo_t algorithm_{};
    std::size_t workspace_ = 0;
    bool in_one_           = true;
};

class pooling {
public:
    pooling(conditions const& all, onnx::step const& step, onnx::pooling const& what)
        : x_{described(all.values, all.n, step.inputs[0].shape)}, y_{described(all.values, all.n, step.output.shape)}
    {
        using kind      = onnx::pooling::kind;
        auto const mode = what.of == kind::max    ? CUDNN_POOLING_MAX
                          : what.of == kind::mean ? CUDNN_POOLING_AVERAGE_COUNT_EXCLUDE_PADDING
                                                  : CUDNN_POOLING_AVERAGE_COUNT_INCLUDE_PADDING;
        auto const side = [](onnx::pair const& of, std::size_t a) { return static_cast<int>(of[a]); };
        check(cudnnSetPooling2dDescriptor(how_.get(), mode, CUDNN_PROPAGATE_NAN, side(what.window, 0), side(what.window, 1),
                                          side(what.padding, 0), side(what.padding, 1), side(what.stride, 0),
                                          side(what.stride, 1)),
              step.node);
    }
    void operator()(call const& at, std::string const& node)
    {
        check(cudnnPoolingForward(at.cudnn, how_.get(), &one, x_.get(), at.in[0], &zero, y_.get(), at.out), node);
    }

private:
    tensor_descriptor x_, y_;
    pooling_descriptor how_;
};

class applying {
public:
    applying(conditions const& all, onnx::step const& step, onnx::activation const& what)
        : xy_{described(all.values, all.n, step.output.shape)}, how_{described(what)}
    {
    }
    void operator()(call const& at, std::string const& node)
    {
        check(cudnnActivationForward(at.cudnn, how_.get(), &one, xy_.get(), at.in[0], &zero, xy_.get(), at.out), node);
    }

private:
    tensor_descriptor xy_;
    activation_descriptor how_;
};

class adding {
public:
    adding(conditions const& all, onnx::step const& step) : all_{described(all.values, all.n, step.output.shape)}
    {
        check(cudnnSetOpTensorDescriptor(how_.get(), CUDNN_OP_TENSOR_ADD, CUDNN_DATA_FLOAT, CUDNN_PROPAGATE_NAN), step.node);
    }
    void operator()(call const& at, std::string const& node)
    {
        check(cudnnOpTensor(at.cudnn, how_.get(), &one, all_.get(), at.in[0], &one, all_.get(), at.in[1], &zero, all_.get(),
                            at.out),
              node);
    }

private:
    tensor_descriptor all_;
    sum_descriptor how_;
};

/// Each input is copied to its channels of the result.
class joining {
public:
    joining(conditions const& all, onnx::step const& step)
    {
        auto const at      = strides_of(prepend(step.output.shape, all.n), all.values.order);
        index_t channel    = 0;
        auto const element = static_cast<index_t>(all.values.bytes);
        for (auto const& x : step.inputs) {
            parts_.push_back({described(all.values, all.n, x.shape),
                              described(all.values, all.n, x.shape, step.output.shape), at(0, channel, 0) * element});
            channel += x.shape[0];
        }
    }
    void operator()(call const& at, std::string const& node)
    {
        for (std::size_t i = 0; i < parts_.size(); ++i) {
            check(cudnnTransformTensor(at.cudnn, &one, parts_[i].from.get(), at.in[i], &zero, parts_[i].to.get(),
                                       static_cast<char*>(at.out) + parts_[i].first),
                  node);
        }
    }

private:
    struct part {
        tensor_descriptor from, to;
        index_t first;  // byte
    };
    std::vector<part> parts_;
};

class normalising {
public:
    normalising(conditions const& all, onnx::step const& step, onnx::softmax const& what)
        : xy_{described(all.values, all.n, step.output.shape)},
          how_{what.logarithm ? CUDNN_SOFTMAX_LOG : CUDNN_SOFTMAX_ACCURATE}
    {
    }
    void operator()(call const& at, std::string const& node)
    {
        check(cudnnSoftmaxForward(at.cudnn, how_, CUDNN_SOFTMAX_MODE_CHANNEL, &one, xy_.get(), at.in[0], &zero, xy_.get(),
                                  at.out),
              node);
    }

private:
    tensor_descriptor xy_;
    cudnnSoftmaxAlgorithm_t how_;
};

}  // namespace detail

using operation = std::variant<detail::convolving, detail::pooling, detail::applying, detail::adding, detail::joining,
                               detail::normalising>;

[[nodiscard]] inline operation prepared(conditions const& all, onnx::step const& step)
{
    struct for_each_kind {
        conditions const& all;
        onnx::step const& step;

        operation operator()(onnx::convolution const& what) const { return detail::convolving{all, step, what}; }
        operation operator()(onnx::pooling const& what) const { return detail::pooling{all, step, what}; }
        operation operator()(onnx::activation const& what) const { return detail::applying{all, step, what}; }
        operation operator()(onnx::addition const&) const { return detail::adding{all, step}; }
        operation operator()(onnx::concatenation const&) const { return detail::joining{all, step}; }
        operation operator()(onnx::softmax const& what) const { return detail::normalising{all, step, what}; }
    };
    return std::visit(for_each_kind{all, step}, step.what);
}

}  // namespace scorecam::cudnn
