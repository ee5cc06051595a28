// The functions of cuDNN that the adapter calls, as slow and obvious loops. What is enqueued is run by the CUDA runtime that
// the program is linked with, so that a fake one decides about the order.
#include "cudnn/fake_cudnn.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include <cuda_bf16.h>
#include <cuda_runtime_api.h>
#include <cudnn.h>

#include "cuda/fake_runtime.hpp"

namespace {

using index_t = std::ptrdiff_t;

int alive_count                   = 0;
fake_cudnn::refused refused_calls = fake_cudnn::refused::nothing;
int failing_status                = 0;
int calls_before_failure          = -1;
std::size_t wanted_workspace      = 4096;
fake_cudnn::counts count;

}  // namespace

struct cudnnContext {
    cudaStream_t stream = nullptr;
};
struct cudnnTensorStruct {
    index_t n = 0, c = 0, h = 0, w = 0;
    index_t stride_n = 0, stride_c = 0, stride_h = 0, stride_w = 0;
    cudnnDataType_t type = CUDNN_DATA_FLOAT;

    [[nodiscard]] index_t at(index_t i, index_t j, index_t y, index_t x) const
    {
        return i * stride_n + j * stride_c + y * stride_h + x * stride_w;
    }
    /// As many elements as lie between the first and the last.
    [[nodiscard]] index_t reach() const { return at(n - 1, c - 1, h - 1, w - 1) + 1; }
    [[nodiscard]] bool same_shape(cudnnTensorStruct const& o) const { return n == o.n && c == o.c && h == o.h && w == o.w; }
    [[nodiscard]] bool alike(cudnnTensorStruct const& o) const { return same_shape(o) && type == o.type; }
    /// Of the same shape, in floats, one image after the other, one channel after the other.
    [[nodiscard]] cudnnTensorStruct plain() const { return {n, c, h, w, c * h * w, h * w, w, 1, CUDNN_DATA_FLOAT}; }
};
struct cudnnFilterStruct {
    index_t m = 0, c = 0, h = 0, w = 0;
    cudnnTensorFormat_t order = CUDNN_TENSOR_NCHW;
    cudnnDataType_t type      = CUDNN_DATA_FLOAT;

    [[nodiscard]] index_t size() const { return m * c * h * w; }
};
struct cudnnConvolutionStruct {
    index_t pad[2], stride[2], dilation[2];
    index_t groups       = 1;
    cudnnMathType_t math = CUDNN_DEFAULT_MATH;
};
struct cudnnPoolingStruct {
    cudnnPoolingMode_t mode;
    index_t window[2], pad[2], stride[2];
};
struct cudnnActivationStruct {
    cudnnActivationMode_t mode;
    double ceiling;

    [[nodiscard]] float operator()(float v) const
    {
        switch (mode) {
        case CUDNN_ACTIVATION_RELU:
            return v < 0 ? 0 : v;  // NaN stays
        case CUDNN_ACTIVATION_CLIPPED_RELU:
            return v < 0 ? 0 : v > static_cast<float>(ceiling) ? static_cast<float>(ceiling) : v;
        case CUDNN_ACTIVATION_SIGMOID:
            return 1 / (1 + std::exp(-v));
        case CUDNN_ACTIVATION_TANH:
            return std::tanh(v);
        default:
            return v;
        }
    }
};
struct cudnnOpTensorStruct {
    cudnnOpTensorOp_t what;
};

namespace {

template <class T>
cudnnStatus_t create(T** made)
{
    *made = new T{};
    ++alive_count;
    return CUDNN_STATUS_SUCCESS;
}
template <class T>
cudnnStatus_t destroy(T* made)
{
    delete made;
    --alive_count;
    return CUDNN_STATUS_SUCCESS;
}

// ---- elements of either type, in floats for what is computed with them

[[nodiscard]] index_t bytes_of(cudnnDataType_t type) { return type == CUDNN_DATA_FLOAT ? 4 : 2; }
[[nodiscard]] bool is_known(cudnnDataType_t type) { return type == CUDNN_DATA_FLOAT || type == CUDNN_DATA_BFLOAT16; }
[[nodiscard]] float element(cudnnDataType_t type, void const* memory, index_t i)
{
    if (type == CUDNN_DATA_FLOAT) { return static_cast<float const*>(memory)[i]; }
    return static_cast<float>(static_cast<__nv_bfloat16 const*>(memory)[i]);
}
void put(cudnnDataType_t type, void* memory, index_t i, float value)
{
    if (type == CUDNN_DATA_FLOAT) {
        static_cast<float*>(memory)[i] = value;
    } else {
        static_cast<__nv_bfloat16*>(memory)[i] = static_cast<__nv_bfloat16>(value);
    }
}

/// Calls f(image, channel, row, column) for all elements.
template <class F>
void for_each(cudnnTensorStruct const& of, F f)
{
    for (index_t i = 0; i < of.n; ++i) {
        for (index_t c = 0; c < of.c; ++c) {
            for (index_t y = 0; y < of.h; ++y) {
                for (index_t x = 0; x < of.w; ++x) { f(i, c, y, x); }
            }
        }
    }
}
/// A tensor, in the order of plain().
[[nodiscard]] std::vector<float> read(cudnnTensorStruct const& of, void const* memory)
{
    std::vector<float> all;
    all.reserve(static_cast<std::size_t>(of.plain().reach()));
    for_each(
        of, [&](index_t i, index_t c, index_t y, index_t x) { all.push_back(element(of.type, memory, of.at(i, c, y, x))); });
    return all;
}
void write(cudnnTensorStruct const& of, std::vector<float> const& all, void* memory)
{
    auto value = all.begin();
    for_each(of, [&](index_t i, index_t c, index_t y, index_t x) { put(of.type, memory, of.at(i, c, y, x), *value++); });
}
/// Weights, in the order (m, c, h, w).
[[nodiscard]] std::vector<float> read(cudnnFilterStruct const& of, void const* memory)
{
    bool const last = of.order == CUDNN_TENSOR_NHWC;
    cudnnTensorStruct const as_tensor{
        of.m,   of.c, of.h, of.w, of.c * of.h * of.w, last ? 1 : of.h * of.w, last ? of.w * of.c : of.w, last ? of.c : 1,
        of.type};
    return read(as_tensor, memory);
}

/// Memory that a call reads or writes.
struct touched {
    void const* first;
    index_t bytes;
};
[[nodiscard]] touched all_of(cudnnTensorStruct const& of, void const* memory)
{
    return {memory, of.reach() * bytes_of(of.type)};
}
[[nodiscard]] touched all_of(cudnnFilterStruct const& of, void const* memory)
{
    return {memory, of.size() * bytes_of(of.type)};
}

/// Runs f in the order of the handle's stream. The runtime looks then whether the memory is the device's: a byte of its
/// beginning and of its end are copied before.
cudnnStatus_t enqueue(cudnnHandle_t on, std::vector<touched> const& memory, std::function<void()> f)
{
    static char looked_at;
    for (auto const& one : memory) {
        if (one.bytes == 0) { continue; }  // a workspace of nothing
        auto const* const begin = static_cast<char const*>(one.first);
        auto const* const last  = begin + one.bytes - 1;
        for (auto const* at : {begin, last}) {
            if (cudaMemcpyAsync(&looked_at, at, 1, cudaMemcpyDeviceToHost, on->stream) != cudaSuccess) {
                return CUDNN_STATUS_EXECUTION_FAILED;
            }
        }
    }
    fake::enqueue(on->stream, std::move(f));
    return CUDNN_STATUS_SUCCESS;
}
[[nodiscard]] bool is(void const* factor, float value) { return *static_cast<float const*>(factor) == value; }

/// Rounded to the 10 bits of TF32's mantissa.
[[nodiscard]] float rounded(float v)
{
    std::uint32_t bits = 0;
    std::memcpy(&bits, &v, sizeof v);
    bits = (bits + (1U << 12U)) & ~((1U << 13U) - 1);
    std::memcpy(&v, &bits, sizeof v);
    return v;
}

/// Everything that a convolution needs, by value: descriptors may be gone when it runs.
struct convolution {
    cudnnTensorStruct x, y;
    cudnnFilterStruct w;
    cudnnConvolutionStruct how;

    [[nodiscard]] index_t result(index_t a, index_t image, index_t window) const
    {
        return (image + 2 * how.pad[a] - (window - 1) * how.dilation[a] - 1) / how.stride[a] + 1;
    }
    [[nodiscard]] bool fits() const
    {
        return x.type == y.type && x.type == w.type && x.n == y.n && y.c == w.m && x.c == w.c * how.groups &&
               w.m % how.groups == 0 && y.h == result(0, x.h, w.h) && y.w == result(1, x.w, w.w);
    }
    /// One output channel of one image, added to what is there.
    void add(float const* in, float const* weights, index_t i, index_t m, float* out) const
    {
        auto const first = m / (w.m / how.groups) * w.c;
        for (index_t c = 0; c < w.c; ++c) {
            for (index_t ky = 0; ky < w.h; ++ky) {
                for (index_t kx = 0; kx < w.w; ++kx) {
                    auto const by    = weights[((m * w.c + c) * w.h + ky) * w.w + kx];
                    auto const to    = kx * how.dilation[1] - how.pad[1];
                    auto const step  = how.stride[1];
                    auto const begin = to < 0 ? (-to + step - 1) / step : 0;
                    auto const end   = to >= x.w ? 0 : std::min(y.w, (x.w - 1 - to) / step + 1);
                    for (index_t oy = 0; oy < y.h; ++oy) {
                        auto const iy = oy * how.stride[0] + ky * how.dilation[0] - how.pad[0];
                        if (iy < 0 || iy >= x.h) { continue; }
                        auto const* const row = in + x.at(i, first + c, iy, 0) + to;
                        auto* const sums      = out + y.at(i, m, oy, 0);
                        if (step == 1) {
                            for (index_t ox = begin; ox < end; ++ox) { sums[ox] += by * row[ox]; }
                        } else {
                            for (index_t ox = begin; ox < end; ++ox) { sums[ox] += by * row[ox * step]; }
                        }
                    }
                }
            }
        }
    }
    /// The sums, in the order of y.plain(): x, y and w are what memory holds, and this what is computed with.
    [[nodiscard]] std::vector<float> operator()(void const* from, void const* with) const
    {
        auto in = read(x, from), weights = read(w, with);
        if (how.math != CUDNN_FMA_MATH && x.type == CUDNN_DATA_FLOAT) {
            std::transform(in.begin(), in.end(), in.begin(), rounded);
            std::transform(weights.begin(), weights.end(), weights.begin(), rounded);
        }
        convolution const plain{x.plain(), y.plain(), w, how};
        std::vector<float> sums(static_cast<std::size_t>(plain.y.reach()));
        for (index_t i = 0; i < y.n; ++i) {
            for (index_t m = 0; m < y.c; ++m) { plain.add(in.data(), weights.data(), i, m, sums.data()); }
        }
        return sums;
    }
};

/// The arithmetic that algorithms are offered with: bfloat16 has tensor cores alone here.
[[nodiscard]] cudnnMathType_t math_for(cudnnTensorStruct const& x, cudnnConvolutionStruct const& how)
{
    return x.type == CUDNN_DATA_FLOAT ? how.math : CUDNN_TENSOR_OP_MATH;
}
/// Bytes; the one that takes the most of it is not the fastest.
[[nodiscard]] std::size_t workspace_of(cudnnConvolutionFwdAlgo_t algorithm)
{
    return algorithm == CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM ? 2 * wanted_workspace : wanted_workspace;
}
/// What every call of a convolution has to bring along.
[[nodiscard]] cudnnStatus_t checked(convolution const& one, cudnnConvolutionFwdAlgo_t algorithm, void* workspace,
                                    std::size_t bytes)
{
    if (calls_before_failure >= 0 && calls_before_failure-- == 0) { return static_cast<cudnnStatus_t>(failing_status); }
    if (one.how.math != math_for(one.x, one.how)) { return CUDNN_STATUS_BAD_PARAM; }
    auto const wanted = workspace_of(algorithm);
    if (!one.fits() || bytes < wanted || (workspace == nullptr && wanted > 0)) { return CUDNN_STATUS_BAD_PARAM; }
    return CUDNN_STATUS_SUCCESS;
}
/// It is written all over: whatever else is there is lost.
void use(void* workspace, std::size_t bytes)
{
    if (bytes > 0) { std::memset(workspace, 0xff, bytes); }
}

}  // namespace

namespace fake_cudnn {

void refuse(refused what) { refused_calls = what; }
void fail_with(int status, int calls)
{
    failing_status       = status;
    calls_before_failure = calls;
}
void ask_for_workspace(std::size_t bytes) { wanted_workspace = bytes; }
counts counted() { return std::exchange(count, {}); }
int alive() { return alive_count; }

}  // namespace fake_cudnn

extern "C" {

char const* cudnnGetErrorString(cudnnStatus_t status)
{
    return status == CUDNN_STATUS_SUCCESS         ? "CUDNN_STATUS_SUCCESS"
           : status == CUDNN_STATUS_BAD_PARAM     ? "CUDNN_STATUS_BAD_PARAM"
           : status == CUDNN_STATUS_NOT_SUPPORTED ? "CUDNN_STATUS_NOT_SUPPORTED"
                                                  : "CUDNN_STATUS_EXECUTION_FAILED";
}
void cudnnGetLastErrorString(char* message, size_t max_size)
{
    if (max_size > 0) { message[0] = '\0'; }
}

cudnnStatus_t cudnnCreate(cudnnHandle_t* made) { return create(made); }
cudnnStatus_t cudnnDestroy(cudnnHandle_t made) { return destroy(made); }
cudnnStatus_t cudnnSetStream(cudnnHandle_t on, cudaStream_t stream)
{
    on->stream = stream;
    return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t* made) { return create(made); }
cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t made) { return destroy(made); }
cudnnStatus_t cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t* made) { return create(made); }
cudnnStatus_t cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t made) { return destroy(made); }
cudnnStatus_t cudnnCreateConvolutionDescriptor(cudnnConvolutionDescriptor_t* made) { return create(made); }
cudnnStatus_t cudnnDestroyConvolutionDescriptor(cudnnConvolutionDescriptor_t made) { return destroy(made); }
cudnnStatus_t cudnnCreatePoolingDescriptor(cudnnPoolingDescriptor_t* made) { return create(made); }
cudnnStatus_t cudnnDestroyPoolingDescriptor(cudnnPoolingDescriptor_t made) { return destroy(made); }
cudnnStatus_t cudnnCreateActivationDescriptor(cudnnActivationDescriptor_t* made) { return create(made); }
cudnnStatus_t cudnnDestroyActivationDescriptor(cudnnActivationDescriptor_t made) { return destroy(made); }
cudnnStatus_t cudnnCreateOpTensorDescriptor(cudnnOpTensorDescriptor_t* made) { return create(made); }
cudnnStatus_t cudnnDestroyOpTensorDescriptor(cudnnOpTensorDescriptor_t made) { return destroy(made); }

cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t made, cudnnTensorFormat_t format, cudnnDataType_t type,
                                         int n, int c, int h, int w)
{
    bool const last = format == CUDNN_TENSOR_NHWC;
    if (!last && format != CUDNN_TENSOR_NCHW) { return CUDNN_STATUS_NOT_SUPPORTED; }
    return cudnnSetTensor4dDescriptorEx(made, type, n, c, h, w, c * h * w, last ? 1 : h * w, last ? w * c : w, last ? c : 1);
}
cudnnStatus_t cudnnSetTensor4dDescriptorEx(cudnnTensorDescriptor_t made, cudnnDataType_t type, int n, int c, int h, int w,
                                           int stride_n, int stride_c, int stride_h, int stride_w)
{
    if (!is_known(type) || std::min({n, c, h, w}) < 1) { return CUDNN_STATUS_BAD_PARAM; }
    *made = {n, c, h, w, stride_n, stride_c, stride_h, stride_w, type};
    return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t made, cudnnDataType_t type, cudnnTensorFormat_t format,
                                         int m, int c, int h, int w)
{
    bool const known = is_known(type) && (format == CUDNN_TENSOR_NCHW || format == CUDNN_TENSOR_NHWC);
    if (!known || std::min({m, c, h, w}) < 1) { return CUDNN_STATUS_BAD_PARAM; }
    *made = {m, c, h, w, format, type};
    return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t made, int pad_h, int pad_w, int stride_h,
                                              int stride_w, int dilation_h, int dilation_w, cudnnConvolutionMode_t mode,
                                              cudnnDataType_t type)
{
    if (mode != CUDNN_CROSS_CORRELATION || type != CUDNN_DATA_FLOAT) { return CUDNN_STATUS_NOT_SUPPORTED; }
    *made = {{pad_h, pad_w}, {stride_h, stride_w}, {dilation_h, dilation_w}};
    return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetConvolutionGroupCount(cudnnConvolutionDescriptor_t made, int groups)
{
    made->groups = groups;
    return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t made, cudnnMathType_t math)
{
    made->math = math;
    return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetPooling2dDescriptor(cudnnPoolingDescriptor_t made, cudnnPoolingMode_t mode, cudnnNanPropagation_t,
                                          int window_h, int window_w, int pad_h, int pad_w, int stride_h, int stride_w)
{
    *made = {mode, {window_h, window_w}, {pad_h, pad_w}, {stride_h, stride_w}};
    return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetActivationDescriptor(cudnnActivationDescriptor_t made, cudnnActivationMode_t mode,
                                           cudnnNanPropagation_t, double ceiling)
{
    *made = {mode, ceiling};
    return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetOpTensorDescriptor(cudnnOpTensorDescriptor_t made, cudnnOpTensorOp_t what, cudnnDataType_t,
                                         cudnnNanPropagation_t)
{
    made->what = what;
    return CUDNN_STATUS_SUCCESS;
}

/// The fastest first: two that must not be taken, as they need more memory than there is or add up in any order.
cudnnStatus_t cudnnGetConvolutionForwardAlgorithm_v7(cudnnHandle_t, cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w,
                                                     cudnnConvolutionDescriptor_t how, cudnnTensorDescriptor_t y, int wanted,
                                                     int* found, cudnnConvolutionFwdAlgoPerf_t* all)
{
    if (!convolution{*x, *y, *w, *how}.fits()) { return CUDNN_STATUS_BAD_PARAM; }
    auto const much                               = std::numeric_limits<std::size_t>::max() / 2;
    auto const math                               = math_for(*x, *how);
    auto const gemm                               = CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM;
    auto const precomputed                        = CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM;
    cudnnConvolutionFwdAlgoPerf_t const offered[] = {
        {CUDNN_CONVOLUTION_FWD_ALGO_DIRECT, CUDNN_STATUS_NOT_SUPPORTED, 0, 0, CUDNN_DETERMINISTIC, math, {}},
        {CUDNN_CONVOLUTION_FWD_ALGO_FFT, CUDNN_STATUS_SUCCESS, 1, much, CUDNN_DETERMINISTIC, math, {}},
        {CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD, CUDNN_STATUS_SUCCESS, 2, 0, CUDNN_NON_DETERMINISTIC, math, {}},
        {gemm, CUDNN_STATUS_SUCCESS, 3, workspace_of(gemm), CUDNN_DETERMINISTIC, math, {}},
        {precomputed, CUDNN_STATUS_SUCCESS, 4, workspace_of(precomputed), CUDNN_DETERMINISTIC, math, {}}};
    *found = std::min(wanted, 5);
    std::copy_n(offered, *found, all);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnConvolutionForward(cudnnHandle_t on, void const* alpha, cudnnTensorDescriptor_t xd, void const* x,
                                      cudnnFilterDescriptor_t wd, void const* w, cudnnConvolutionDescriptor_t how,
                                      cudnnConvolutionFwdAlgo_t algorithm, void* workspace, size_t bytes, void const* beta,
                                      cudnnTensorDescriptor_t yd, void* y)
{
    convolution const one{*xd, *yd, *wd, *how};
    if (auto const status = checked(one, algorithm, workspace, bytes); status != CUDNN_STATUS_SUCCESS) { return status; }
    bool const known = algorithm == CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM ||
                       algorithm == CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM;
    if (!known || !is(alpha, 1) || !is(beta, 0) || x == y) { return CUDNN_STATUS_NOT_SUPPORTED; }
    ++count.alone;
    auto const used = workspace_of(algorithm);
    return enqueue(on, {all_of(*xd, x), all_of(*yd, y), all_of(*wd, w), {workspace, static_cast<index_t>(used)}}, [=] {
        use(workspace, used);
        write(one.y, one(x, w), y);
    });
}

cudnnStatus_t cudnnConvolutionBiasActivationForward(cudnnHandle_t on, void const* alpha, cudnnTensorDescriptor_t xd,
                                                    void const* x, cudnnFilterDescriptor_t wd, void const* w,
                                                    cudnnConvolutionDescriptor_t how, cudnnConvolutionFwdAlgo_t algorithm,
                                                    void* workspace, size_t bytes, void const* alpha_z,
                                                    cudnnTensorDescriptor_t zd, void const* z, cudnnTensorDescriptor_t bd,
                                                    void const* bias, cudnnActivationDescriptor_t then,
                                                    cudnnTensorDescriptor_t yd, void* y)
{
    convolution const one{*xd, *yd, *wd, *how};
    if (auto const status = checked(one, algorithm, workspace, bytes); status != CUDNN_STATUS_SUCCESS) { return status; }
    if (!zd->alike(*yd) || bd->type != yd->type || bd->n != 1 || bd->c != yd->c || bd->h != 1 || bd->w != 1) {
        return CUDNN_STATUS_BAD_PARAM;
    }
    bool const of_all = algorithm == CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM;
    bool const known  = then->mode == CUDNN_ACTIVATION_RELU || (then->mode == CUDNN_ACTIVATION_IDENTITY && of_all);
    if (!known || !is(alpha, 1) || x == y) { return CUDNN_STATUS_NOT_SUPPORTED; }
    switch (refused_calls) {
    case fake_cudnn::refused::nothing:
        break;
    case fake_cudnn::refused::grouped_in_one:
        if (how->groups > 1) { return CUDNN_STATUS_NOT_SUPPORTED_SHAPE; }
        break;
    case fake_cudnn::refused::relu_with_the_fastest:
        if (then->mode == CUDNN_ACTIVATION_RELU && !of_all) { return CUDNN_STATUS_NOT_SUPPORTED; }
        break;
    case fake_cudnn::refused::relu_in_one:
        if (then->mode == CUDNN_ACTIVATION_RELU) { return CUDNN_STATUS_NOT_SUPPORTED; }
        break;
    case fake_cudnn::refused::everything_in_one:  // for want of workspace, beyond what was said to be enough
        return CUDNN_STATUS_BAD_PARAM;
    }
    ++count.in_one;
    auto const used = workspace_of(algorithm);
    return enqueue(on,
                   {all_of(*xd, x),
                    all_of(*yd, y),
                    all_of(*wd, w),
                    {workspace, static_cast<index_t>(used)},
                    all_of(*bd, bias),
                    all_of(*zd, z)},
                   [=, by = *static_cast<float const*>(alpha_z), biases = *bd, residuals = *zd, then_ = *then] {
                       use(workspace, used);
                       auto const added    = read(biases, bias);
                       auto const residual = by != 0 ? read(residuals, z) : std::vector<float>{};  // which may be y
                       auto out            = one(x, w);
                       auto const plain    = one.y.plain();
                       for_each(plain, [&](index_t i, index_t c, index_t r, index_t q) {
                           auto const at = static_cast<std::size_t>(plain.at(i, c, r, q));
                           out[at] = then_(out[at] + added[static_cast<std::size_t>(c)] + (by != 0 ? by * residual[at] : 0));
                       });
                       write(one.y, out, y);
                   });
}

cudnnStatus_t cudnnAddTensor(cudnnHandle_t on, void const* alpha, cudnnTensorDescriptor_t ad, void const* a,
                             void const* beta, cudnnTensorDescriptor_t cd, void* c)
{
    auto const fits = [](index_t from, index_t to) { return from == 1 || from == to; };
    if (ad->type != cd->type || !fits(ad->n, cd->n) || !fits(ad->c, cd->c) || !fits(ad->h, cd->h) || !fits(ad->w, cd->w)) {
        return CUDNN_STATUS_BAD_PARAM;
    }
    if (!is(alpha, 1) || !is(beta, 1)) { return CUDNN_STATUS_NOT_SUPPORTED; }
    return enqueue(on, {all_of(*ad, a), all_of(*cd, c)}, [from = *ad, to = *cd, a, c] {
        for_each(to, [&](index_t i, index_t j, index_t y, index_t x) {
            auto const seen = from.at(from.n == 1 ? 0 : i, from.c == 1 ? 0 : j, from.h == 1 ? 0 : y, from.w == 1 ? 0 : x);
            auto const at   = to.at(i, j, y, x);
            put(to.type, c, at, element(to.type, c, at) + element(from.type, a, seen));
        });
    });
}

cudnnStatus_t cudnnOpTensor(cudnnHandle_t on, cudnnOpTensorDescriptor_t how, void const* alpha1, cudnnTensorDescriptor_t ad,
                            void const* a, void const* alpha2, cudnnTensorDescriptor_t bd, void const* b, void const* beta,
                            cudnnTensorDescriptor_t cd, void* c)
{
    if (!ad->alike(*bd) || !ad->alike(*cd)) { return CUDNN_STATUS_BAD_PARAM; }
    if (how->what != CUDNN_OP_TENSOR_ADD || !is(alpha1, 1) || !is(alpha2, 1) || !is(beta, 0)) {
        return CUDNN_STATUS_NOT_SUPPORTED;
    }
    return enqueue(on, {all_of(*ad, a), all_of(*bd, b), all_of(*cd, c)}, [of_a = *ad, of_b = *bd, of_c = *cd, a, b, c] {
        for_each(of_c, [&](index_t i, index_t j, index_t y, index_t x) {
            put(of_c.type, c, of_c.at(i, j, y, x),
                element(of_a.type, a, of_a.at(i, j, y, x)) + element(of_b.type, b, of_b.at(i, j, y, x)));
        });
    });
}

cudnnStatus_t cudnnActivationForward(cudnnHandle_t on, cudnnActivationDescriptor_t how, void const* alpha,
                                     cudnnTensorDescriptor_t xd, void const* x, void const* beta, cudnnTensorDescriptor_t yd,
                                     void* y)
{
    if (!xd->alike(*yd)) { return CUDNN_STATUS_BAD_PARAM; }
    if (!is(alpha, 1) || !is(beta, 0)) { return CUDNN_STATUS_NOT_SUPPORTED; }
    ++count.activations;
    return enqueue(on, {all_of(*xd, x), all_of(*yd, y)}, [from = *xd, to = *yd, then = *how, x, y] {
        auto all = read(from, x);
        std::transform(all.begin(), all.end(), all.begin(), then);
        write(to, all, y);
    });
}

/// Windows end where the image ends, however many the result asks for.
cudnnStatus_t cudnnPoolingForward(cudnnHandle_t on, cudnnPoolingDescriptor_t how, void const* alpha,
                                  cudnnTensorDescriptor_t xd, void const* x, void const* beta, cudnnTensorDescriptor_t yd,
                                  void* y)
{
    if (xd->type != yd->type || xd->n != yd->n || xd->c != yd->c) { return CUDNN_STATUS_BAD_PARAM; }
    if (!is(alpha, 1) || !is(beta, 0)) { return CUDNN_STATUS_NOT_SUPPORTED; }
    return enqueue(on, {all_of(*xd, x), all_of(*yd, y)}, [from = *xd, to = *yd, of = *how, x, y] {
        for_each(to, [&](index_t i, index_t j, index_t r, index_t q) {
            float largest   = -std::numeric_limits<float>::infinity();
            double sum      = 0;
            index_t counted = 0;
            for (index_t wy = 0; wy < of.window[0]; ++wy) {
                for (index_t wx = 0; wx < of.window[1]; ++wx) {
                    auto const iy = r * of.stride[0] - of.pad[0] + wy, ix = q * of.stride[1] - of.pad[1] + wx;
                    bool const inside = iy >= 0 && iy < from.h && ix >= 0 && ix < from.w;
                    counted += inside || of.mode == CUDNN_POOLING_AVERAGE_COUNT_INCLUDE_PADDING ? 1 : 0;
                    if (!inside) { continue; }
                    float const v = element(from.type, x, from.at(i, j, iy, ix));
                    sum += static_cast<double>(v);
                    largest = v > largest || std::isnan(v) ? v : largest;
                }
            }
            put(to.type, y, to.at(i, j, r, q),
                of.mode == CUDNN_POOLING_MAX ? largest : static_cast<float>(sum / static_cast<double>(counted)));
        });
    });
}

cudnnStatus_t cudnnSoftmaxForward(cudnnHandle_t on, cudnnSoftmaxAlgorithm_t how, cudnnSoftmaxMode_t mode, void const* alpha,
                                  cudnnTensorDescriptor_t xd, void const* x, void const* beta, cudnnTensorDescriptor_t yd,
                                  void* y)
{
    if (!xd->alike(*yd)) { return CUDNN_STATUS_BAD_PARAM; }
    if (mode != CUDNN_SOFTMAX_MODE_CHANNEL || !is(alpha, 1) || !is(beta, 0)) { return CUDNN_STATUS_NOT_SUPPORTED; }
    return enqueue(on, {all_of(*xd, x), all_of(*yd, y)}, [from = *xd, to = *yd, how, x, y] {
        auto const all = read(from, x);
        auto const of  = from.plain();
        auto result    = all;
        auto places    = of;
        places.c       = 1;
        for_each(places, [&](index_t i, index_t, index_t r, index_t q) {
            auto const in = [&](index_t c) { return static_cast<double>(all[static_cast<std::size_t>(of.at(i, c, r, q))]); };
            double largest = in(0), sum = 0;
            for (index_t c = 1; c < of.c; ++c) { largest = std::max(largest, in(c)); }
            for (index_t c = 0; c < of.c; ++c) { sum += std::exp(in(c)-largest); }
            for (index_t c = 0; c < of.c; ++c) {
                double const log = in(c)-largest - std::log(sum);
                result[static_cast<std::size_t>(of.at(i, c, r, q))] =
                    static_cast<float>(how == CUDNN_SOFTMAX_LOG ? log : std::exp(log));
            }
        });
        write(to, result, y);
    });
}
}
