#pragma once
// ONNX Runtime's tensors, names and errors in this library's terms.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <onnxruntime_cxx_api.h>

#include <scorecam/engines/onnx/tensor.hpp>
#include <scorecam/engines/ports.hpp>
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

/// A tensor over the caller's memory. ONNX Runtime knows no read-only form; inputs are only read.
[[nodiscard]] inline Ort::Value value_on(void const* data, std::vector<index_t> const& dims, onnx::element type)
{
    static auto const host = Ort::MemoryInfo::CreateCpu(OrtDeviceAllocator, OrtMemTypeCPU);
    std::vector<std::int64_t> const shape{dims.begin(), dims.end()};
    auto const size = static_cast<std::size_t>(onnx::product(dims)) * onnx::bytes_of(type);
    return Ort::Value::CreateTensor(host, const_cast<void*>(data), size, shape.data(), shape.size(),
                                    static_cast<ONNXTensorElementDataType>(type));  // the numbers are the same
}

/// Anything with GetTensorTypeAndShapeInfo().
template <class Described>
[[nodiscard]] engines::port port_of(std::string name, Described const& one)
{
    auto const info  = one.GetTensorTypeAndShapeInfo();
    auto const shape = info.GetShape();
    return {std::move(name), {shape.begin(), shape.end()}, to_string(static_cast<onnx::element>(info.GetElementType()))};
}
/// The same of a value, which need not be a tensor.
[[nodiscard]] inline engines::port port_of_value(std::string name, Ort::Value const& value)
{
    if (!value.IsTensor()) { return {std::move(name), {}, "another kind", true}; }
    return port_of(std::move(name), value);
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
