#pragma once
// The extents and types of a network's tensors for a batch of n images.
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include <onnxruntime_cxx_api.h>

#include <scorecam/engines/elements.hpp>
#include <scorecam/engines/inputs.hpp>
#include <scorecam/engines/onnx/graph.hpp>
#include <scorecam/engines/onnx/skeleton.hpp>
#include <scorecam/engines/ports.hpp>
#include <scorecam/onnxruntime/values.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::onnxruntime::detail {

using seen_tensors = std::map<std::string, engines::port>;

/// What ONNX Runtime infers of a file: nothing is run, and no weights are there.
[[nodiscard]] inline seen_tensors seen_in_file(Ort::Env& environment, Ort::SessionOptions const& how,
                                               std::string const& bytes, onnx::graph const& graph,
                                               std::vector<engines::port> const& given, index_t n,
                                               std::vector<std::string> const& tensors)
{
    std::vector<onnx::value> inputs;
    for (auto const& one : given) {
        inputs.push_back({one.name, engines::dims_for(one, n), engines::element_named(one.type)});
    }
    auto const file = onnx::skeleton(bytes, graph, inputs, tensors);
    auto options    = how.Clone();
    options.SetGraphOptimizationLevel(ORT_ENABLE_BASIC);  // which computes the shapes that a network makes of shapes
    Ort::Session const session{environment, file.data(), file.size(), options};
    seen_tensors seen;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        auto const type  = session.GetOutputTypeInfo(i);
        bool const is    = type.GetONNXType() == ONNX_TYPE_TENSOR;
        seen[tensors[i]] = is ? port_of(tensors[i], type) : engines::port{tensors[i], {}, "another kind", true};
    }
    return seen;
}

/// What a batch of zeros gives.
[[nodiscard]] inline seen_tensors seen_in_session(Ort::Session& session, std::vector<engines::port> const& given, index_t n,
                                                  std::vector<std::string> const& outputs)
{
    std::vector<std::vector<std::byte>> zeros;
    std::vector<std::string> names;
    std::vector<Ort::Value> in;
    for (auto const& one : given) {
        auto const dims = engines::dims_for(one, n);
        auto const type = engines::element_named(one.type);
        auto const& all = zeros.emplace_back(static_cast<std::size_t>(onnx::product(dims)) * onnx::bytes_of(type));
        in.push_back(value_on(all.data(), dims, type));
        names.push_back(one.name);
    }
    auto const values =
        session.Run({}, pointers(names).data(), in.data(), in.size(), pointers(outputs).data(), outputs.size());
    seen_tensors seen;
    for (std::size_t i = 0; i < outputs.size(); ++i) { seen[outputs[i]] = port_of_value(outputs[i], values[i]); }
    return seen;
}

}  // namespace scorecam::onnxruntime::detail
