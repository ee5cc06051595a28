#pragma once
// OpenVINO's files, ports, tensors and errors in this library's terms.
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <openvino/frontend/manager.hpp>
#include <openvino/op/constant.hpp>
#include <openvino/openvino.hpp>

#include <scorecam/engines/elements.hpp>
#include <scorecam/engines/ports.hpp>
#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::openvino::detail {

/// What OpenVINO says, on one line.
[[nodiscard]] inline std::string said_by(ov::Exception const& e)
{
    std::string said = e.what();
    while (!said.empty() && (said.back() == '\n' || said.back() == ' ')) { said.pop_back(); }
    std::replace(said.begin(), said.end(), '\n', ' ');
    return "OpenVINO says: " + said;
}

/// The network in a file. Of a file that is none OpenVINO would ask all its readers, one of which writes to stderr: so what
/// is not named as another format is given to the reader of ONNX files alone.
[[nodiscard]] inline std::shared_ptr<ov::Model> read(ov::Core& core, std::string const& file)
{
    std::string const advice = "; pass the name of an ONNX (.onnx) or IR (.xml) file";
    std::error_code none;
    if (!std::filesystem::is_regular_file(file, none) || std::filesystem::file_size(file, none) == 0) {
        throw model_error{"there is no such file, or nothing in it" + advice};
    }
    static std::set<std::string> const others{".xml", ".pb", ".tflite", ".pdmodel"};
    if (others.count(std::filesystem::path{file}.extension().string()) > 0) { return core.read_model(file); }
    try {
        auto const reader = ov::frontend::FrontEndManager{}.load_by_framework("onnx");
        return reader->convert(reader->load(file));
    } catch (ov::Exception const& e) {
        std::string const said = e.what();
        for (std::string const type : {"com.microsoft.QLinear", "com.microsoft.QGemm"}) {
            if (said.find(type) != said.npos) { throw engines::quantised(type + ", ... are operators on integers"); }
        }
        throw model_error{"it cannot be read as ONNX" + advice + "; " + said_by(e)};
    }
}

/// Throws non_finite_error if a weight is NaN: OpenVINO's ReLU makes 0 of it, and nobody sees it.
inline void expect_numbers(ov::Model const& of)
{
    for (auto const& node : of.get_ops()) {
        auto const* weights = dynamic_cast<ov::op::v0::Constant const*>(node.get());
        bool found          = false;
        if (weights != nullptr && weights->get_element_type() == ov::element::f32) {
            auto const* const values = weights->get_data_ptr<float>();
            found = std::any_of(values, values + ov::shape_size(weights->get_shape()), [](float v) { return v != v; });
        }
        if (weights != nullptr && weights->get_element_type() == ov::element::f16) {
            auto const* const values = weights->get_data_ptr<ov::float16>();
            found                    = std::any_of(values, values + ov::shape_size(weights->get_shape()),
                                                   [](ov::float16 v) { return static_cast<float>(v) != static_cast<float>(v); });
        }
        if (found) {
            throw non_finite_error{"the weights " + weights->get_friendly_name() +
                                   " contain NaN, as an overflow in training leaves it; train or export the network again"};
        }
    }
}

/// "float32" of f32, "bfloat16" of bf16, "int64" of i64, ...
[[nodiscard]] inline std::string name_of(ov::element::Type const& type)
{
    auto const name   = type.to_string();
    auto const digits = name.find_first_of("0123456789");
    auto const kind   = name.substr(0, digits);
    if (digits == name.npos) { return name; }
    return (kind == "f"    ? "float"
            : kind == "bf" ? "bfloat"
            : kind == "i"  ? "int"
            : kind == "u"  ? "uint"
                           : kind) +
           name.substr(digits);
}

/// As the port says, or as a run showed. Of several names, the one that is asked for.
template <class Port>
[[nodiscard]] engines::port port_of(Port const& port, ov::PartialShape const& shape, std::string const& wanted = "")
{
    auto const& names = port.get_names();
    engines::port found{"unnamed", {}, name_of(port.get_element_type()), shape.rank().is_dynamic()};
    if (!names.empty()) { found.name = names.count(wanted) > 0 ? wanted : port.get_any_name(); }
    for (std::size_t d = 0; !found.any_rank && d < shape.size(); ++d) {
        auto const& extent = shape[static_cast<std::ptrdiff_t>(d)];
        found.dims.push_back(extent.is_dynamic() ? -1 : extent.get_length());
    }
    return found;
}

[[nodiscard]] inline ov::element::Type type_of(onnx::element type)
{
    switch (type) {
    case onnx::element::float16:
        return ov::element::f16;
    case onnx::element::bfloat16:
        return ov::element::bf16;
    case onnx::element::float64:
        return ov::element::f64;
    case onnx::element::uint8:
        return ov::element::u8;
    case onnx::element::int8:
        return ov::element::i8;
    case onnx::element::uint16:
        return ov::element::u16;
    case onnx::element::int16:
        return ov::element::i16;
    case onnx::element::int32:
        return ov::element::i32;
    case onnx::element::int64:
        return ov::element::i64;
    default:
        return ov::element::f32;
    }
}

/// The extents may be those of this library; the memory is only read where it is an input.
[[nodiscard]] inline ov::Tensor tensor_on(void const* data, std::vector<index_t> const& dims, onnx::element type)
{
    return {type_of(type), ov::Shape{dims.begin(), dims.end()}, const_cast<void*>(data)};
}

/// A request of one's own: a copy starts without.
struct own_request {
    std::optional<ov::InferRequest> made;

    own_request() = default;
    own_request(own_request const&) noexcept {}
    own_request(own_request&&) = default;
    own_request& operator=(own_request other) noexcept
    {
        made = std::move(other.made);
        return *this;
    }
    ~own_request() = default;

    ov::InferRequest& of(ov::CompiledModel& compiled)
    {
        if (!made) { made = compiled.create_infer_request(); }
        return *made;
    }
};

}  // namespace scorecam::openvino::detail
