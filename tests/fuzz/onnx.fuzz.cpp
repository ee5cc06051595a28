// ONNX files: reading, the way to cuDNN's plan, and appending outputs.
#include <exception>
#include <filesystem>
#include <utility>

#include <scorecam/engines/onnx/file.hpp>
#include <scorecam/error.hpp>
#include <scorecam/onnx/channels_last.hpp>
#include <scorecam/onnx/fuse.hpp>
#include <scorecam/onnx/lower.hpp>
#include <scorecam/onnx/places.hpp>

#include "fuzz/fuzzed.hpp"

namespace so = scorecam::onnx;

std::vector<std::string> fuzzed::seeds()
{
    std::vector<std::string> all;
    for (auto const* folder : {"tests/engines/networks", "tests/onnx/networks"}) {
        for (auto const& entry : std::filesystem::directory_iterator{files::own(folder)}) {
            if (entry.path().extension() == ".onnx") { all.push_back(so::read_bytes(entry.path().string())); }
        }
    }
    return all;
}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    std::string_view const bytes{reinterpret_cast<char const*>(data), size};
    try {
        auto graph         = so::graph_of(bytes);
        auto const outputs = graph.outputs.size();
        auto const more    = so::graph_of(so::with_outputs(std::string{bytes}, {"one", "other"}));
        fuzzed::require(more.outputs.size() == outputs + 2 && more.nodes.size() == graph.nodes.size());
        so::find_weights(graph, "/nowhere/network.onnx");
        for (auto const& [name, one] : graph.constants) {
            if (one.of_floats()) { static_cast<void>(one.floats()); }
            if (one.of_integers()) { static_cast<void>(one.integers()); }
        }
        scorecam::image_shape input{3, 8, 8};
        for (auto const& one : graph.inputs) {
            if (one.shape.size() == 4 && one.shape[1] > 0 && one.shape[1] < 9) { input[0] = one.shape[1]; }
            if (one.shape.size() == 4 && one.shape[2] > 0 && one.shape[2] < 65) { input[1] = one.shape[2]; }
            if (one.shape.size() == 4 && one.shape[3] > 0 && one.shape[3] < 65) { input[2] = one.shape[3]; }
        }
        auto plan = so::fused(so::lowered(graph, input), {});
        static_cast<void>(so::placed(plan, {}));
        static_cast<void>(so::for_channels_last(std::move(plan), input));
    } catch (scorecam::model_error const& e) {
        fuzzed::require_sentence(e.what());
    }
    return 0;
}
