#pragma once
// A cv::dnn network (ONNX, Caffe, TensorFlow, ...) as a model.
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <opencv2/dnn.hpp>

#include <scorecam/engines/flow.hpp>
#include <scorecam/engines/inputs.hpp>
#include <scorecam/engines/network.hpp>
#include <scorecam/engines/onnx/file.hpp>
#include <scorecam/engines/ports.hpp>
#include <scorecam/engines/tokens.hpp>
#include <scorecam/error.hpp>
#include <scorecam/model.hpp>
#include <scorecam/opencv/batches.hpp>
#include <scorecam/opencv/errors.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::opencv {

/// Throws model_error for what OpenCV reads in another sense than the file's, or dies of.
inline void expect_readable(onnx::graph const& graph)
{
    std::string const instead = ", or run it on ONNX Runtime or OpenVINO";
    for (auto const& [name, weights] : graph.constants) {
        if (!weights.apart) { continue; }
        throw model_error{"its weights lie in another file, '" + weights.apart->location +
                          "', which OpenCV does not read; export the network with its weights in one file" + instead};
    }
    for (auto const& node : graph.nodes) {
        if (engines::names_any(node.type, {"QLinear", "QGemm", "ConvInteger"})) {
            throw engines::quantised(node.described());
        }
        if (node.type == "BatchNormalization" && node.integer("training_mode", 0) != 0) {
            throw model_error{"it normalises by its batch (" + node.described() +
                              ", in training mode), which OpenCV takes for evaluation; export it in evaluation mode" +
                              instead};
        }
    }
}

/// Reads a network: an ONNX file alone, or weights and description of Caffe or TensorFlow. Throws model_error.
[[nodiscard]] inline cv::dnn::Net read_network(std::string const& file, std::string const& description = "")
{
    return detail::translated("cannot read the network " + file, [&] {
        if (std::filesystem::path{file}.extension() == ".onnx") { expect_readable(onnx::graph_of(onnx::read_bytes(file))); }
        return cv::dnn::readNet(file, description);
    });
}

/// What may be chosen beside the network and the layers. Threads, backend and target are whatever the caller set on it.
struct settings {
    std::string input{};                    ///< its name; empty: the only one
    std::string output{};                   ///< its name; empty: the only one of the form (n, classes)
    engines::answers answers = engines::answers::classes;  ///< which outputs count
    engines::constants held{};              ///< the values of the inputs beside the image
    std::optional<token_grid<2>> tokens{};  ///< layers of tokens are activations, too
};

/// OpenCV as engines::basic_network asks for it.
class engine {
public:
    using settings                            = opencv::settings;
    static constexpr bool copies_are_apart    = false;  // a cv::dnn::Net is a handle
    static constexpr bool takes_float32_alone = true;

    template <class F>
    static decltype(auto) translated(std::string const& doing, F&& f)
    {
        return detail::translated(doing, std::forward<F>(f));
    }
    static std::string described(std::string const& file) { return "the network " + file; }
    static std::string described(cv::dnn::Net const&) { return "the network"; }

    /// An ONNX file, whose inputs OpenCV would not tell: other channels than the file's it takes without a word.
    void open(std::string const& file, settings const& how)
    {
        auto const bytes = onnx::read_bytes(file);
        auto const graph = onnx::graph_of(bytes);
        expect_readable(graph);
        for (auto const& one : graph.inputs) { inputs_.push_back({one.name, one.shape, to_string(one.type)}); }
        open(cv::dnn::readNetFromONNX(bytes.data(), bytes.size()), how);
    }
    void open(cv::dnn::Net net, settings const&) { net_ = std::move(net); }

    [[nodiscard]] std::vector<engines::port> inputs() const { return inputs_; }  // none of a Net: OpenCV does not tell
    void take(std::vector<engines::port> inputs)
    {
        inputs_ = std::move(inputs);
        translated("it does not take inputs of" + onnx::text({inputs_[0].dims.begin() + 1, inputs_[0].dims.end()}) +
                       "; give the size and the channels it was made for",
                   [&] { static_cast<void>(layers(1)); });
    }
    [[nodiscard]] bool batches_are_safe() const { return detail::batches_are_safe(net_); }
    [[nodiscard]] bool takes_any_size() const { return true; }
    [[nodiscard]] bool takes_any_batch() const { return true; }

    [[nodiscard]] std::vector<engines::port> trial(index_t n, engines::batches)
    {
        auto const all = layers(n);
        std::vector<engines::port> found;
        names_.clear();
        for (auto const& name : net_.getUnconnectedOutLayersNames()) {
            for (auto const& one : all) {
                if (one.tensor.name != name) { continue; }
                found.push_back(one.tensor);
                names_.push_back(name);
            }
        }
        return found;
    }

    [[nodiscard]] std::vector<engines::candidate> layers(index_t n)
    {
        std::vector<int> ids;
        std::vector<std::vector<cv::dnn::MatShape>> in, out;
        std::vector<cv::dnn::MatShape> shapes;
        for (auto const& one : inputs_) { shapes.push_back(shape_of(engines::dims_for(one, n))); }
        net_.getLayersShapes(shapes, ids, in, out);
        std::vector<engines::candidate> found;
        std::map<std::string, std::size_t> numbers;
        for (std::size_t i = 0; i < ids.size(); ++i) {
            if (ids[i] == 0 || out[i].empty()) { continue; }  // 0 is the input itself
            auto const one = net_.getLayer(ids[i]);
            found.push_back({{one->name, {out[i][0].begin(), out[i][0].end()}}, one->type, {}});
            for (auto const& from : net_.getLayerInputs(ids[i])) {
                auto const at = numbers.find(from->name);
                found.back().of.push_back(at != numbers.end() ? at->second : engines::the_image);
            }
            numbers.emplace(one->name, found.size() - 1);
        }
        return found;
    }
    [[nodiscard]] std::size_t holds(std::size_t output)
    {
        auto const all  = layers(1);
        auto const same = [&](engines::candidate const& one) { return one.tensor.name == names_[output]; };
        return static_cast<std::size_t>(std::find_if(all.begin(), all.end(), same) - all.begin());
    }

    void explain(std::size_t output, std::vector<std::size_t> const& numbers)
    {
        auto const all = layers(1);
        names_         = {cv::String{names_.at(output)}};
        for (auto const number : numbers) { names_.push_back(all.at(number).tensor.name); }
    }

    void settle() {}

    /// OpenCV keeps the layers that are asked for out of its layer fusion, so that the values are those of the layer itself.
    /// It copies the batch, and the next call writes over what it returned.
    void run(std::vector<engines::given> const& inputs, engines::place const& output,
             std::vector<engines::place> const& layers)
    {
        for (std::size_t i = 0; i < inputs.size(); ++i) {  // they are only read
            cv::Mat const blob{shape_of(inputs[i].dims), CV_32F, const_cast<void*>(inputs[i].from)};
            net_.setInput(blob, inputs_[i].name);
        }
        if (layers.empty()) { return copy(net_.forward(names_[0]), output, names_[0]); }
        net_.forward(captured_, names_);
        copy(captured_[0], output, names_[0]);
        for (std::size_t l = 0; l < layers.size(); ++l) { copy(captured_[l + 1], layers[l], names_[l + 1]); }
    }

    [[nodiscard]] std::string advice() const { return ""; }

private:
    [[nodiscard]] static cv::dnn::MatShape shape_of(std::vector<index_t> const& dims) { return {dims.begin(), dims.end()}; }

    static void copy(cv::Mat const& from, engines::place const& to, std::string const& name)
    {
        auto const size = onnx::product(to.dims);
        if (from.type() != CV_32F || !from.isContinuous() || static_cast<index_t>(from.total()) != size) {
            throw model_error{name + " does not give a contiguous float32 tensor of the shape" + onnx::text(to.dims)};
        }
        std::copy_n(from.ptr<float>(), size, static_cast<float*>(to.to));
    }

    cv::dnn::Net net_;
    std::vector<engines::port> inputs_;  // of a file; then as they are given
    std::vector<cv::String> names_;      // of the outputs; once the layers are chosen, of the scores and of each layer
    std::vector<cv::Mat> captured_;
};

/// From the name of an ONNX file; or from a cv::dnn::Net of any kind, which is a handle: the caller's copy and this one are
/// the same network, and what inputs it takes OpenCV does not tell.
using network = engines::basic_network<engine, 2>;

static_assert(layered_model<network>);

}  // namespace scorecam::opencv
