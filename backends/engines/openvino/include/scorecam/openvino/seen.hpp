#pragma once
// The extents and types of a network's tensors, and what each is computed of.
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include <openvino/openvino.hpp>

#include <scorecam/engines/flow.hpp>
#include <scorecam/engines/inputs.hpp>
#include <scorecam/engines/ports.hpp>
#include <scorecam/openvino/values.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::openvino::detail {

/// All that a network computes; `ports` are where.
[[nodiscard]] inline std::vector<engines::candidate> candidates_of(ov::Model const& network,
                                                                   std::vector<ov::Output<ov::Node>>& ports)
{
    std::vector<engines::candidate> all;
    for (auto const& node : network.get_ordered_ops()) {
        std::string const type = node->get_type_name();
        if (type == "Constant" || type == "Parameter" || type == "Result") { continue; }
        for (auto const& port : node->outputs()) {
            auto const number = port.get_index() == 0 ? "" : ":" + std::to_string(port.get_index());
            all.push_back({port_of(port, port.get_partial_shape()), type, {}});
            all.back().tensor.name = node->get_friendly_name() + number;
            for (auto const& from : node->input_values()) {
                auto const made  = std::find(ports.begin(), ports.end(), from);
                bool const image = std::string{from.get_node()->get_type_name()} == "Parameter";
                if (image) { all.back().of.push_back(engines::the_image); }
                if (made != ports.end()) { all.back().of.push_back(static_cast<std::size_t>(made - ports.begin())); }
            }
            ports.push_back(port);
        }
    }
    return all;
}

/// What a batch of zeros gives.
[[nodiscard]] inline std::vector<engines::port>
outputs_of_zeros(ov::CompiledModel& compiled, std::vector<engines::port> const& inputs, index_t n, std::string const& wanted)
{
    auto request = compiled.create_infer_request();
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        auto const dims = engines::dims_for(inputs[i], n);
        ov::Tensor zeros{compiled.input(i).get_element_type(), ov::Shape{dims.begin(), dims.end()}};
        std::memset(zeros.data(), 0, zeros.get_byte_size());
        request.set_input_tensor(i, zeros);
    }
    request.infer();
    std::vector<engines::port> outputs;
    for (std::size_t i = 0; i < compiled.outputs().size(); ++i) {
        outputs.push_back(port_of(compiled.output(i), request.get_output_tensor(i).get_shape(), wanted));
    }
    return outputs;
}

}  // namespace scorecam::openvino::detail
