#pragma once
// OpenCV as the tests of engines see it.
#include <string>
#include <utility>
#include <vector>

#include <scorecam/opencv/network.hpp>

namespace engines {

struct opencv {
    static constexpr auto name = "OpenCV";

    template <std::size_t Rank>
    [[nodiscard]] static scorecam::opencv::network make(std::string const& file, scorecam::extents<Rank> input,
                                                        std::vector<std::string> const& layers = {})
    {
        return scorecam::opencv::network{scorecam::opencv::read_network(file), input, layers};
    }

    /// From a file of any kind, some of whose inputs are held constant.
    [[nodiscard]] static scorecam::opencv::network from_file(std::string const& file, scorecam::image_shape input,
                                                             scorecam::engines::constants held = {},
                                                             std::string const& output         = "")
    {
        scorecam::opencv::settings how;
        how.held   = std::move(held);
        how.output = output;
        return scorecam::opencv::network{file, input, {}, std::move(how)};
    }

    /// What it makes of plain.onnx.
    [[nodiscard]] static std::vector<scorecam::layer<2>> layers_of_plain()
    {
        return {{"onnx_node!/first/Conv", "Convolution", {6, 12, 10}},
                {"onnx_node!/Relu", "ReLU", {6, 12, 10}},
                {"onnx_node!/second/Conv", "Convolution", {8, 6, 5}},
                {"onnx_node!/relu/Relu", "ReLU", {8, 6, 5}}};
    }
    /// Its name of a node, whose result may be an output of the file, too.
    [[nodiscard]] static std::string name_of(std::string const& node, std::string const& = "")
    {
        return "onnx_node!" + node;
    }

    static constexpr bool reads_all_types = false;  // float16 and integers
    static constexpr bool frees_batches   = true;   // of a file made for one image it runs any number
    static constexpr bool looks_at_types  = false;  // of inputs: it casts
    static constexpr bool advises         = false;  // its own messages are handed on as they are
    static constexpr bool keeps_nan       = true;
};

}  // namespace engines
