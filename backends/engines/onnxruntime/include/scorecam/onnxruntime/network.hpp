#pragma once
// An ONNX network on ONNX Runtime as a model.
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <onnxruntime_cxx_api.h>

#include <scorecam/engines/inputs.hpp>
#include <scorecam/engines/network.hpp>
#include <scorecam/engines/onnx/file.hpp>
#include <scorecam/engines/ports.hpp>
#include <scorecam/engines/tokens.hpp>
#include <scorecam/model.hpp>
#include <scorecam/onnxruntime/seen.hpp>
#include <scorecam/onnxruntime/values.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::onnxruntime {

/// The environment that networks use whose caller brings none: it logs nothing, errors are thrown. ONNX Runtime has one
/// environment in a process, the first: a program with an Ort::Env of its own gives that in settings::environment.
[[nodiscard]] inline Ort::Env& environment()
{
    static Ort::Env one{ORT_LOGGING_LEVEL_FATAL, "scorecam"};
    return one;
}

/// What may be chosen beside the file and the layers. Threads and execution providers are the session options'.
template <std::size_t SpatialRank = 2>
struct settings {
    Ort::SessionOptions session{};
    Ort::Env* environment = nullptr;                  ///< the caller's, which outlives the network and hears its logs
    std::string input{};                              ///< its name; empty: the only one
    std::string output{};                             ///< its name; empty: the only one of the form (n, classes)
    engines::answers answers = engines::answers::classes;  ///< which outputs count
    engines::constants held{};                        ///< the values of the inputs beside the image
    std::optional<token_grid<SpatialRank>> tokens{};  ///< layers of tokens are activations, too
};

/// ONNX Runtime as engines::basic_network asks for it. Layers of a file that are no outputs become some when it is loaded,
/// in memory. The batch is read and the results are written where they lie.
template <std::size_t SpatialRank = 2>
class engine {
public:
    using settings                         = onnxruntime::settings<SpatialRank>;
    static constexpr bool copies_are_apart = true;

    template <class F>
    static decltype(auto) translated(std::string const& doing, F&& f)
    {
        return detail::translated(doing, std::forward<F>(f));
    }
    static std::string described(std::string const& file) { return "the network " + file; }
    static std::string described(std::shared_ptr<Ort::Session> const&) { return "the session"; }
    static std::string described(Ort::Session const&) { return "the session"; }

    [[nodiscard]] Ort::Session& session() const { return *session_; }

    void open(std::string const& file, settings& how)
    {
        auto& at = start();
        at.bytes = onnx::read_bytes(file);
        at.graph = onnx::graph_of(at.bytes);
        onnx::find_weights(at.graph, file);
        auto folder = onnx::folder_of_weights(at.graph);
        if (folder.empty()) { folder = std::filesystem::absolute(file).parent_path(); }
        at.environment = how.environment != nullptr ? how.environment : &environment();
        at.options     = std::move(how.session);
        at.options.AddConfigEntry("session.model_external_initializers_file_folder_path", folder.string().c_str());
        char const* const leave_out = "optimization.disable_specified_optimizers";
        if (!at.options.HasConfigEntry(leave_out)) {  // of 1.21, it makes minus infinity of a Pad's zeros before a MaxPool
            at.options.AddConfigEntry(leave_out, "Pad_Fusion");
        }
        for (auto const& node : at.graph.nodes) {
            for (std::size_t i = 0; i < node.outputs.size(); ++i) {
                auto const& tensor = node.outputs[i];
                if (tensor.empty() || node.type == "Constant") { continue; }
                at.layers.push_back({i == 0 && !node.name.empty() ? node.name : tensor, node.type, tensor, &node});
            }
        }
    }
    /// A session of the caller's: of its outputs, those of the form (n, K, h, w) can be explained.
    void open(std::shared_ptr<Ort::Session> session, settings&)
    {
        auto& at         = start();
        session_         = std::move(session);
        at.graph.outputs = detail::output_names(*session_);
        for (auto const& name : at.graph.outputs) { at.layers.push_back({name, "Output", name}); }
    }
    /// The same; it must outlive the network.
    void open(Ort::Session& session, settings& how)
    {
        open(std::shared_ptr<Ort::Session>{std::shared_ptr<void>{}, &session}, how);
    }

    [[nodiscard]] std::vector<engines::port> inputs() const
    {
        std::vector<engines::port> all;
        for (auto const& one : loading_->graph.inputs) { all.push_back({one.name, one.shape, to_string(one.type)}); }
        auto const names = of_file() ? std::vector<std::string>{} : detail::input_names(*session_);
        for (std::size_t i = 0; i < names.size(); ++i) {
            all.push_back(detail::port_of(names[i], session_->GetInputTypeInfo(i)));
        }
        return all;
    }
    void take(std::vector<engines::port> inputs)
    {
        input_names_.clear();
        for (auto const& one : inputs) { input_names_.push_back(one.name); }
        loading_->inputs = std::move(inputs);
    }
    [[nodiscard]] bool takes_any_size() const { return false; }
    [[nodiscard]] bool takes_any_batch() const { return false; }

    [[nodiscard]] std::vector<engines::port> trial(index_t n, engines::batches)
    {
        auto& at = *loading_;
        at.seen  = of_file()
                       ? detail::seen_in_file(*at.environment, at.options, at.bytes, at.graph, at.inputs, n, at.tensors())
                       : detail::seen_in_session(*session_, at.inputs, n, at.graph.outputs);
        std::vector<engines::port> outputs;
        for (auto const& name : at.graph.outputs) { outputs.push_back(seen(name)); }
        return outputs;
    }
    [[nodiscard]] std::vector<engines::candidate> layers(index_t) const
    {
        std::vector<engines::candidate> all;
        std::map<std::string, std::size_t> numbers;
        for (auto const& name : input_names_) { numbers.emplace(name, engines::the_image); }
        for (auto const& one : loading_->layers) {
            auto& made       = all.emplace_back(engines::candidate{seen(one.tensor), one.type, {}});
            made.tensor.name = one.name;
            for (std::size_t i = 0; one.of != nullptr && i < one.of->inputs.size(); ++i) {
                auto const from = numbers.find(one.of->inputs[i]);
                if (from != numbers.end()) { made.of.push_back(from->second); }
            }
            numbers.emplace(one.tensor, all.size() - 1);
        }
        return all;
    }
    [[nodiscard]] std::size_t holds(std::size_t output) const
    {
        auto const& all = loading_->layers;
        auto const same = [&](named const& one) { return one.tensor == loading_->graph.outputs[output]; };
        return static_cast<std::size_t>(std::find_if(all.begin(), all.end(), same) - all.begin());
    }

    void explain(std::size_t output, std::vector<std::size_t> const& numbers)
    {
        auto& at     = *loading_;
        output_name_ = at.graph.outputs.at(output);
        layer_names_.clear();
        for (auto const number : numbers) { layer_names_.push_back(at.layers.at(number).tensor); }
        if (!of_file()) { return; }
        auto const& own = at.graph.outputs;
        std::vector<std::string> further;
        for (auto const& one : layer_names_) {
            if (std::find(own.begin(), own.end(), one) == own.end()) { further.push_back(one); }
        }
        auto const whole = at.bytes.size();
        at.bytes         = onnx::with_outputs(std::move(at.bytes), further);  // in place: a second copy may be gigabytes
        session_         = std::make_shared<Ort::Session>(*at.environment, at.bytes.data(), at.bytes.size(), at.options);
        at.bytes.resize(whole);
    }
    void settle() { loading_.reset(); }

    void run(std::vector<engines::given> const& inputs, engines::place const& output,
             std::vector<engines::place> const& layers) const
    {
        std::vector<std::string> names{output_name_};
        std::vector<Ort::Value> in, out;
        for (auto const& one : inputs) { in.push_back(detail::value_on(one.from, one.dims, one.type)); }
        out.push_back(detail::value_on(output.to, output.dims, output.type));
        for (std::size_t l = 0; l < layers.size(); ++l) {
            names.push_back(layer_names_[l]);
            out.push_back(detail::value_on(layers[l].to, layers[l].dims, layers[l].type));
        }
        session_->Run(Ort::RunOptions{}, detail::pointers(input_names_).data(), in.data(), in.size(),
                      detail::pointers(names).data(), out.data(), out.size());
    }

    [[nodiscard]] std::string advice() const
    {
        if (of_file()) { return ""; }
        return "; of a session the outputs can be explained: make it of scorecam::onnx::with_outputs(bytes, {tensor}), or "
               "pass the name of the file";
    }

private:
    struct named {
        std::string name, type, tensor;
        onnx::node const* of = nullptr;  // that makes it
    };
    /// What is needed until the layers are chosen.
    struct state {
        std::string bytes;  // of a file
        onnx::graph graph;  // of them; of a session the outputs alone
        Ort::Env* environment = nullptr;
        Ort::SessionOptions options{nullptr};
        std::vector<named> layers;
        std::vector<engines::port> inputs;          // as they are given
        std::map<std::string, engines::port> seen;  // in the last trial

        /// The names of the outputs and of what makes layers, each once.
        [[nodiscard]] std::vector<std::string> tensors() const
        {
            auto all = graph.outputs;
            for (auto const& one : layers) {
                if (std::find(graph.outputs.begin(), graph.outputs.end(), one.tensor) == graph.outputs.end()) {
                    all.push_back(one.tensor);
                }
            }
            return all;
        }
    };

    [[nodiscard]] bool of_file() const { return !loading_->bytes.empty(); }
    state& start()
    {
        loading_ = std::make_shared<state>();
        return *loading_;
    }

    [[nodiscard]] engines::port const& seen(std::string const& tensor) const { return loading_->seen.at(tensor); }

    std::shared_ptr<Ort::Session> session_;
    std::vector<std::string> input_names_;
    std::string output_name_;
    std::vector<std::string> layer_names_;
    std::shared_ptr<state> loading_;
};

/// From an ONNX file, or from a session of the caller's: a std::shared_ptr<Ort::Session>, or a reference to one that
/// outlives it. A copy shares the session, and copies may run at the same time.
template <std::size_t SpatialRank = 2>
using basic_network = engines::basic_network<engine<SpatialRank>, SpatialRank>;

using network = basic_network<2>;

static_assert(layered_model<network> && layered_model<basic_network<1>> && layered_model<basic_network<3>>);

}  // namespace scorecam::onnxruntime
