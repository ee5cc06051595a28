#pragma once
// What a network's file says of itself before an engine reads it.
#include <optional>
#include <string>
#include <vector>

#include <scorecam/engines/inputs.hpp>
#include <scorecam/tensor_view.hpp>

namespace cli {

/// The image that an ONNX file takes, as far as the file tells; -1 where it leaves the extent open.
struct image_input {
    scorecam::index_t channels = -1, height = -1, width = -1;
    std::string type = "float32";
};

enum class file_format { onnx, torchscript, openvino, other };
[[nodiscard]] file_format format_of(std::string const& file);

/// None of a file in another format, or with several inputs that are not held constant.
[[nodiscard]] std::optional<image_input> image_input_of(std::string const& file, scorecam::engines::constants const& held);

}  // namespace cli
