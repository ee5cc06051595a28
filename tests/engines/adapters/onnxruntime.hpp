#pragma once
// ONNX Runtime as the tests of engines see it.
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <scorecam/onnxruntime/network.hpp>

namespace engines {

struct onnxruntime {
    static constexpr auto name = "ONNX Runtime";

    template <std::size_t Rank>
    [[nodiscard]] static scorecam::onnxruntime::basic_network<Rank - 1>
    make(std::string const& file, scorecam::extents<Rank> input, std::vector<std::string> const& layers = {},
         std::optional<scorecam::token_grid<Rank - 1>> tokens = {}, std::string const& output = "")
    {
        scorecam::onnxruntime::settings<Rank - 1> how;
        how.tokens = tokens;
        how.output = output;
        return scorecam::onnxruntime::basic_network<Rank - 1>{file, input, layers, std::move(how)};
    }

    /// From a file of any kind, some of whose inputs are held constant.
    [[nodiscard]] static scorecam::onnxruntime::network from_file(std::string const& file, scorecam::image_shape input,
                                                                  scorecam::engines::constants held = {},
                                                                  std::string const& output         = "")
    {
        scorecam::onnxruntime::settings<> how;
        how.held   = std::move(held);
        how.output = output;
        return scorecam::onnxruntime::network{file, input, {}, std::move(how)};
    }

    [[nodiscard]] static std::vector<scorecam::layer<2>> layers_of_plain()
    {
        return {{"/first/Conv", "Conv", {6, 12, 10}},
                {"/Relu", "Relu", {6, 12, 10}},
                {"/second/Conv", "Conv", {8, 6, 5}},
                {"/relu/Relu", "Relu", {8, 6, 5}}};
    }
    /// Its name of a node, whose result may be an output of the file, too.
    [[nodiscard]] static std::string name_of(std::string const& node, std::string const& = "") { return node; }

    static constexpr bool reads_all_types = true;  // float16 and integers
    static constexpr bool frees_batches   = false;
    static constexpr bool looks_at_types  = true;
    static constexpr bool advises         = true;
    static constexpr bool keeps_nan       = true;
};

}  // namespace engines
