#pragma once
// ONNX Runtime's tensors, names and errors in this library's terms.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include <onnxruntime_cxx_api.h>

#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::onnxruntime::detail {

/// Calls f; an error of ONNX Runtime, or ours, becomes a model_error that starts with `doing`.
template <class F>
decltype(auto) translated(std::string const& doing, F&& f)
{
    try {
        return f();
    } catch (Ort::Exception const& e) {
        std::string said = e.what();
        std::replace(said.begin(), said.end(), '\n', ' ');
        throw model_error{doing + ": ONNX Runtime says: " + said};
    } catch (model_error const& e) {
        throw model_error{doing + ": " + e.what()};
    }
}

[[nodiscard]] inline std::int64_t product(std::vector<std::int64_t> const& dims)
{
    return std::accumulate(dims.begin(), dims.end(), std::int64_t{1}, std::multiplies<>{});
}
template <std::size_t Rank>
[[nodiscard]] std::vector<std::int64_t> dims_of(extents<Rank> const& shape)
{
    return {shape.extent, shape.extent + Rank};
}
[[nodiscard]] inline std::string text(std::vector<std::int64_t> const& dims)
{
    std::string all;
    for (auto const d : dims) { all += (all.empty() ? " (" : ", ") + (d < 0 ? std::string{"n"} : std::to_string(d)); }
    return all + ")";
}
[[nodiscard]] inline std::string listed(std::vector<std::string> const& names)
{
    std::string all;
    for (auto const& one : names) { all += (all.empty() ? " " : ", ") + one; }
    return all;
}

/// A tensor over the caller's memory.
[[nodiscard]] inline Ort::Value value_on(float* data, std::int64_t size, std::vector<std::int64_t> const& dims)
{
    static auto const host = Ort::MemoryInfo::CreateCpu(OrtDeviceAllocator, OrtMemTypeCPU);
    return Ort::Value::CreateTensor<float>(host, data, static_cast<std::size_t>(size), dims.data(), dims.size());
}

/// The extents of a float32 tensor; none for anything else.
[[nodiscard]] inline std::vector<std::int64_t> float_dims(Ort::Value const& value)
{
    if (!value.IsTensor()) { return {}; }
    auto const info = value.GetTensorTypeAndShapeInfo();
    return info.GetElementType() == ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT ? info.GetShape() : std::vector<std::int64_t>{};
}

/// The outputs of the file itself with their extents, for messages.
[[nodiscard]] inline std::string listed(std::vector<std::string> const& names, std::vector<std::string> const& own,
                                        std::vector<Ort::Value> const& values)
{
    std::vector<std::string> shown;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (std::find(own.begin(), own.end(), names[i]) != own.end()) {
            shown.push_back(names[i] + text(float_dims(values[i])));
        }
    }
    return listed(shown);
}

[[nodiscard]] inline std::vector<char const*> pointers(std::vector<std::string> const& names)
{
    std::vector<char const*> all;
    for (auto const& one : names) { all.push_back(one.c_str()); }
    return all;
}
[[nodiscard]] inline std::vector<std::string> input_names(Ort::Session const& session)
{
    std::vector<std::string> names;
    Ort::AllocatorWithDefaultOptions with;
    for (std::size_t i = 0; i < session.GetInputCount(); ++i) {
        names.emplace_back(session.GetInputNameAllocated(i, with).get());
    }
    return names;
}
[[nodiscard]] inline std::vector<std::string> output_names(Ort::Session const& session)
{
    std::vector<std::string> names;
    Ort::AllocatorWithDefaultOptions with;
    for (std::size_t i = 0; i < session.GetOutputCount(); ++i) {
        names.emplace_back(session.GetOutputNameAllocated(i, with).get());
    }
    return names;
}

}  // namespace scorecam::onnxruntime::detail
