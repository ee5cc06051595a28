#pragma once
// An ONNX or IR network on OpenVINO as a model.
#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <openvino/openvino.hpp>

#include <scorecam/engines/inputs.hpp>
#include <scorecam/engines/network.hpp>
#include <scorecam/engines/ports.hpp>
#include <scorecam/engines/tokens.hpp>
#include <scorecam/error.hpp>
#include <scorecam/model.hpp>
#include <scorecam/openvino/seen.hpp>
#include <scorecam/openvino/values.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::openvino {

/// What may be chosen beside the file and the layers. Threads, streams and all else of OpenVINO's are its properties.
template <std::size_t SpatialRank = 2>
struct settings {
    std::string device = "CPU";
    bool bfloat16 = false;  ///< a hint: precision() says what is in force. OpenVINO's own default depends on the processor
    ov::AnyMap properties{};
    std::string input{};                              ///< its name; empty: the only one
    std::string output{};                             ///< its name; empty: the only one of the form (n, classes)
    engines::answers answers = engines::answers::classes;  ///< which outputs count
    engines::constants held{};                        ///< the values of the inputs beside the image
    std::optional<token_grid<SpatialRank>> tokens{};  ///< layers of tokens are activations, too
};

/// OpenVINO as engines::basic_network asks for it. Layers of a file that are no outputs become some when it is loaded, in
/// memory. The batch is read and the results are written where they lie; nothing is copied.
template <std::size_t SpatialRank = 2>
class engine {
public:
    using settings                         = openvino::settings<SpatialRank>;
    static constexpr bool copies_are_apart = true;

    template <class F>
    static decltype(auto) translated(std::string const& doing, F&& f)
    {
        try {
            return f();
        } catch (ov::Exception const& e) {
            throw model_error{doing + ": " + detail::said_by(e)};
        } catch (model_error const& e) {
            throw model_error{doing + ": " + e.what()};
        }
    }
    static std::string described(std::string const& file) { return "the network " + file; }
    static std::string described(ov::CompiledModel const&) { return "the compiled network"; }

    /// What the device computes in: "float32", "bfloat16", ...
    [[nodiscard]] std::string precision() const
    {
        return detail::name_of(compiled_.get_property(ov::hint::inference_precision));
    }

    void open(std::string const& file, settings const& how)
    {
        start(how);
        loading_->read = detail::read(loading_->core, file);
        detail::expect_numbers(*loading_->read);
    }
    /// A compiled network of the caller's: of its outputs, those of the form (n, K, h, w) can be explained.
    void open(ov::CompiledModel compiled, settings const& how)
    {
        start(how);
        compiled_ = std::move(compiled);
    }

    [[nodiscard]] std::vector<engines::port> inputs() const
    {
        std::vector<engines::port> all;
        auto const add = [&](auto const& ports) {
            for (auto const& one : ports) {
                auto const& how  = loading_->how;
                std::string name = how.input;
                for (auto const& [held, value] : how.held) { name = one.get_names().count(held) > 0 ? held : name; }
                all.push_back(detail::port_of(one, one.get_partial_shape(), name));
            }
        };
        of_file() ? add(loading_->read->inputs()) : add(compiled_.inputs());
        return all;
    }
    void take(std::vector<engines::port> inputs) { loading_->inputs = std::move(inputs); }
    /// A file's network is reshaped.
    [[nodiscard]] bool takes_any_size() const { return of_file(); }
    [[nodiscard]] bool takes_any_batch() const { return of_file(); }

    [[nodiscard]] std::vector<engines::port> trial(index_t n, engines::batches taken)
    {
        auto& at = *loading_;
        if (!of_file()) { return at.outputs = detail::outputs_of_zeros(compiled_, at.inputs, n, at.how.output); }
        at.whole = at.read->clone();
        at.taken = taken;
        try {
            set_batch(n);
        } catch (ov::Exception const&) {
            std::string given;
            for (auto const& one : at.inputs) {
                bool const of_batch = !one.dims.empty() && one.dims[0] < 0;
                given += (given.empty() ? "" : " and") + onnx::text({one.dims.begin() + (of_batch ? 1 : 0), one.dims.end()});
            }
            throw model_error{"the network does not take inputs of" + given + " but of" + engines::listed(inputs()) +
                              " with the batch; give the size and the channels it was made for"};
        }
        std::vector<engines::port> all;
        for (auto const& port : at.whole->outputs()) {
            all.push_back(detail::port_of(port, port.get_partial_shape(), at.how.output));
        }
        return all;
    }

    /// All extents are known when that of the batch is.
    [[nodiscard]] std::vector<engines::candidate> layers(index_t)
    {
        auto& at = *loading_;
        if (!of_file()) {
            std::vector<engines::candidate> all;
            for (auto const& one : at.outputs) { all.push_back({one, "Output", {}}); }
            return all;
        }
        at.ports.clear();
        return detail::candidates_of(*at.whole, at.ports);
    }

    [[nodiscard]] std::size_t holds(std::size_t output) const
    {
        if (!of_file()) { return engines::the_image; }
        auto const from  = loading_->whole->output(output).get_node()->input_value(0);
        auto const& made = loading_->ports;
        return static_cast<std::size_t>(std::find(made.begin(), made.end(), from) - made.begin());
    }

    void explain(std::size_t output, std::vector<std::size_t> const& numbers)
    {
        auto& at = *loading_;
        output_  = output;
        layers_.clear();
        for (auto const number : numbers) { layers_.push_back(of_file() ? output_with(at.ports.at(number)) : number); }
        if (!of_file()) { return; }
        if (at.taken == engines::batches::any) { set_batch(any_size); }
        compiled_ = at.core.compile_model(at.whole, at.how.device, properties());
        masked_ = captured_ = {};
    }
    void settle() { loading_.reset(); }

    void run(std::vector<engines::given> const& inputs, engines::place const& output,
             std::vector<engines::place> const& layers)
    {
        auto& request = (layers.empty() ? masked_ : captured_).of(compiled_);
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            request.set_input_tensor(i, detail::tensor_on(inputs[i].from, inputs[i].dims, inputs[i].type));
        }
        request.set_output_tensor(output_, detail::tensor_on(output.to, output.dims, output.type));
        for (std::size_t l = 0; l < layers.size(); ++l) {
            request.set_output_tensor(layers_[l], detail::tensor_on(layers[l].to, layers[l].dims, layers[l].type));
        }
        request.infer();
    }

    [[nodiscard]] std::string advice() const
    {
        return of_file() ? "" : "; of a compiled network the outputs can be explained: add_output() before it is compiled";
    }

private:
    static constexpr index_t any_size = -1;  // OpenVINO's

    /// What is needed until the layers are chosen.
    struct state {
        ov::Core core;
        settings how;
        std::shared_ptr<ov::Model> read;   // of a file
        std::shared_ptr<ov::Model> whole;  // what will be compiled
        engines::batches taken = engines::batches::any;
        std::vector<ov::Output<ov::Node>> ports;  // of the candidates
        std::vector<engines::port> inputs;        // as they are given
        std::vector<engines::port> outputs;       // of a compiled network
    };

    [[nodiscard]] bool of_file() const { return loading_->read != nullptr; }
    void start(settings const& how)
    {
        loading_      = std::make_shared<state>();
        loading_->how = how;
    }

    [[nodiscard]] ov::AnyMap properties() const
    {
        auto const& how = loading_->how;
        ov::AnyMap all{ov::hint::inference_precision(how.bfloat16 ? ov::element::bf16 : ov::element::f32)};
        for (auto const& [name, value] : how.properties) { all[name] = value; }
        return all;
    }

    void set_batch(index_t n) const
    {
        std::map<std::size_t, ov::PartialShape> shapes;
        for (std::size_t i = 0; i < loading_->inputs.size(); ++i) {
            auto const dims = engines::dims_for(loading_->inputs[i], n);
            shapes[i]       = ov::PartialShape{std::vector<ov::Dimension>{dims.begin(), dims.end()}};
        }
        loading_->whole->reshape(shapes);
    }

    /// The number of the output that shows a port. It may be one already; OpenVINO adds none twice.
    [[nodiscard]] std::size_t output_with(ov::Output<ov::Node> const& port)
    {
        auto const outputs = loading_->whole->outputs();
        for (std::size_t i = 0; i < outputs.size(); ++i) {
            if (outputs[i].get_node()->input_value(0) == port) { return i; }
        }
        loading_->whole->add_output(port);
        return outputs.size();
    }

    ov::CompiledModel compiled_;
    detail::own_request masked_;
    detail::own_request captured_;  // whose outputs for the layers are elsewhere
    std::size_t output_ = 0;
    std::vector<std::size_t> layers_;  // the numbers of their outputs
    std::shared_ptr<state> loading_;
};

/// From an ONNX or IR file, or from an ov::CompiledModel of the caller's. A copy shares the compiled network and makes
/// requests of its own, so that copies may run at the same time: give num_streams for as many.
template <std::size_t SpatialRank = 2>
using basic_network = engines::basic_network<engine<SpatialRank>, SpatialRank>;

using network = basic_network<2>;

static_assert(layered_model<network> && layered_model<basic_network<1>> && layered_model<basic_network<3>>);

}  // namespace scorecam::openvino
