#pragma once
// The operations of a plan as cuDNN computes them, prepared for batches of one size.
#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <cuda_runtime_api.h>
#include <cudnn.h>

#include <scorecam/cuda/error.hpp>
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
    cudaStream_t stream;  // the handle's
    std::vector<void const*> in;
    void* out;
    void const* weights;  // of a convolution
    void const* bias;
    void* workspace;
};

/// What cuDNN does of a convolution, + bias, + residual, and its activation in one call.
enum class in_one { everything, sums, nothing };

/// In the best of the ways that cuDNN offers, which the first run finds out; what is left is done step by step.
class convolving {
public:
    convolving(conditions const& all, onnx::step const& step, onnx::convolution const& what)
        : x_{described(all.values, all.n, step.inputs[0].shape)}, y_{described(all.values, all.n, step.output.shape)},
          weights_{described(all.values, what.shape)}, bias_{described(all.values, 1, {what.shape[0], 1, 1})},
          then_{described(what.then)}, function_{what.then.function}, exact_{all.exact()}
    {
        auto const side = [](onnx::pair const& of, std::size_t a) { return static_cast<int>(of[a]); };
        check(cudnnSetConvolution2dDescriptor(how_.get(), side(what.padding, 0), side(what.padding, 1), side(what.stride, 0),
                                              side(what.stride, 1), side(what.dilation, 0), side(what.dilation, 1),
                                              CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT),
              step.node);
        check(cudnnSetConvolutionGroupCount(how_.get(), static_cast<int>(what.groups)), step.node);
        // The default lets cuDNN round float32 to TF32 where the device has it; tensor cores take bfloat16 as it is.
        check(cudnnSetConvolutionMathType(how_.get(), exact_ ? CUDNN_FMA_MATH : CUDNN_DEFAULT_MATH), step.node);
        choose(all, step);
    }
    [[nodiscard]] std::size_t workspace() const { return workspace_; }

    void operator()(call const& at, std::string const& node)
    {
        while (best().done != in_one::nothing && !was_done_in_one(at, node)) {
            ways_.erase(ways_.begin());
            take_best(node);
        }
        if (best().done == in_one::nothing) { sum_step_by_step(at, node); }
        if (best().done != in_one::everything && function_ != onnx::pointwise::none) {
            check(cudnnActivationForward(at.cudnn, then_.get(), &one, y_.get(), at.out, &zero, y_.get(), at.out), node);
        }
    }

private:
    using offer = cudnnConvolutionFwdAlgoPerf_t;
    struct way {
        in_one done;
        offer by;
    };
    [[nodiscard]] way const& best() const { return ways_.front(); }
    /// From now on with its algorithm, and the arithmetic that this was offered with.
    void take_best(std::string const& node)
    {
        if (!exact_) { check(cudnnSetConvolutionMathType(how_.get(), best().by.mathType), node); }
    }

    /// False if cuDNN has no such call, or one that needs more workspace than it said for the convolution alone: nothing was
    /// enqueued then. What is wrong with the arguments themselves shows in the last way as well.
    [[nodiscard]] bool was_done_in_one(call const& at, std::string const& node)
    {
        auto const* residual = at.in.size() > 1 ? at.in[1] : nullptr;
        auto const& then     = best().done == in_one::everything ? then_ : nothing_;
        auto const said      = cudnnConvolutionBiasActivationForward(
            at.cudnn, &one, x_.get(), at.in[0], weights_.get(), at.weights, how_.get(), best().by.algo, at.workspace,
            workspace_, residual != nullptr ? &one : &zero, y_.get(), residual != nullptr ? residual : at.out, bias_.get(),
            at.bias, then.get(), y_.get(), at.out);
        auto const kind = CUDNN_STATUS_CATEGORY(said);
        if (kind == CUDNN_STATUS_NOT_SUPPORTED || kind == CUDNN_STATUS_BAD_PARAM) { return false; }
        check(said, node);
        return true;
    }
    void sum_step_by_step(call const& at, std::string const& node)
    {
        check(cudnnConvolutionForward(at.cudnn, &one, x_.get(), at.in[0], weights_.get(), at.weights, how_.get(),
                                      best().by.algo, at.workspace, workspace_, &zero, y_.get(), at.out),
              node);
        check(cudnnAddTensor(at.cudnn, &one, bias_.get(), at.bias, &one, y_.get(), at.out), node);
        if (at.in.size() > 1) { check(cudnnAddTensor(at.cudnn, &one, y_.get(), at.in[1], &one, y_.get(), at.out), node); }
    }

    /// The ways there are, with the algorithm that cuDNN expects to be the fastest of those that give the same bits each
    /// time, in the memory there is, or with the one that its call for all at once knows where no ReLU is behind it.
    void choose(conditions const& all, onnx::step const& step)
    {
        offer offered[CUDNN_CONVOLUTION_FWD_ALGO_COUNT];
        int count = 0;
        check(cudnnGetConvolutionForwardAlgorithm_v7(all.cudnn, x_.get(), weights_.get(), how_.get(), y_.get(),
                                                     CUDNN_CONVOLUTION_FWD_ALGO_COUNT, &count, offered),
              step.node);
        auto const end    = offered + count;
        auto const usable = [&](offer const& o) {
            return o.status == CUDNN_STATUS_SUCCESS && o.determinism == CUDNN_DETERMINISTIC &&
                   o.memory <= all.largest_workspace;
        };
        auto const* const fastest = std::find_if(offered, end, usable);
        auto const* const known   = std::find_if(offered, end, [&](offer const& o) {
            return usable(o) && o.algo == CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM;
        });
        if (fastest == end) { refuse(all, step, offered, end); }
        if (function_ == onnx::pointwise::relu) {
            ways_.push_back({in_one::everything, *fastest});
            if (known != end && known != fastest) { ways_.push_back({in_one::everything, *known}); }
        }
        if (known != end) { ways_.push_back({in_one::sums, *known}); }
        ways_.push_back({in_one::nothing, *fastest});
        for (auto const& each : ways_) { workspace_ = std::max(workspace_, each.by.memory); }
        take_best(step.node);
    }
    [[noreturn]] static void refuse(conditions const& all, onnx::step const& step, offer const* offered, offer const* end)
    {
        std::size_t least = 0;
        for (auto const* o = offered; o != end; ++o) {
            bool const would_do = o->status == CUDNN_STATUS_SUCCESS && o->determinism == CUDNN_DETERMINISTIC;
            if (would_do) { least = least == 0 ? o->memory : std::min(least, o->memory); }
        }
        throw model_error{step.node + ": cuDNN has no algorithm for it " +
                          (least > 0 ? "in " + std::to_string(all.largest_workspace) + " bytes; give " +
                                           std::to_string(least) + " in settings::workspace"
                                     : "that gives the same bits each time; try another precision")};
    }

    tensor_descriptor x_, y_;
    filter_descriptor weights_;
    tensor_descriptor bias_;
    convolution_descriptor how_;
    activation_descriptor then_;
    activation_descriptor nothing_ = described(onnx::activation{});
    onnx::pointwise function_;
    bool exact_;
    std::vector<way> ways_;      // the best first; the last one, which does nothing in one, is always there
    std::size_t workspace_ = 0;  // what any of them needs
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
        bool const last      = all.values.order == layout::channels_last;
        auto const positions = step.output.shape[1] * step.output.shape[2];
        lines_               = static_cast<std::size_t>(last ? all.n * positions : all.n);
        auto const bytes_of  = [&](index_t channels) {
            return static_cast<std::size_t>(last ? channels : channels * positions) * all.values.bytes;
        };
        line_ = bytes_of(step.output.shape[0]);
        for (auto const& x : step.inputs) { parts_.push_back(bytes_of(x.shape[0])); }
    }
    void operator()(call const& at, std::string const& node)
    {
        auto* out = static_cast<char*>(at.out);
        for (std::size_t i = 0; i < parts_.size(); out += parts_[i++]) {
            cuda::check(
                cudaMemcpy2DAsync(out, line_, at.in[i], parts_[i], parts_[i], lines_, cudaMemcpyDeviceToDevice, at.stream),
                node);
        }
    }

private:
    std::size_t lines_;               // an image, or with channels last a position of one
    std::size_t line_;                // bytes of the result
    std::vector<std::size_t> parts_;  // bytes of the inputs
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
