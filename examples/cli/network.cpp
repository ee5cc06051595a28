#include "network.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include <scorecam/cpu/workers.hpp>
#include <scorecam/error.hpp>
#include <scorecam/opencv/network.hpp>
#ifdef SCORECAM_WITH_ONNXRUNTIME
#include <scorecam/onnxruntime/network.hpp>
#endif
#ifdef SCORECAM_WITH_OPENVINO
#include <scorecam/openvino/network.hpp>
#endif

namespace cli {
namespace {

/// An adapter behind the interface.
template <class Adapter>
class engine_of final : public engine {
public:
    engine_of(std::string name, Adapter adapter) : name_{std::move(name)}, adapter_{std::move(adapter)} {}

    [[nodiscard]] std::string name() const override { return name_; }
    [[nodiscard]] std::vector<sc::layer<2>> const& layers() const override { return adapter_.layers(); }
    [[nodiscard]] std::vector<sc::layer<2>> const& explained() const override { return adapter_.explained(); }
    [[nodiscard]] sc::image_shape input_shape() const override { return adapter_.input_shape(); }
    [[nodiscard]] sc::index_t max_batch() const override { return adapter_.max_batch(); }
    [[nodiscard]] std::string precision() const override
    {
        if constexpr (requires { adapter_.precision(); }) {
            return adapter_.precision();
        } else {
            return "float32";
        }
    }
    [[nodiscard]] std::unique_ptr<engine> replica() const override
    {
        if constexpr (requires { adapter_.replica(); }) {
            return std::make_unique<engine_of>(name_, adapter_.replica());
        } else {
            throw sc::option_error{"--callers: " + name_ +
                                   " is called by one thread; write --callers 1 or another --engine"};
        }
    }
    sc::tensor_view<float const, 2> forward(sc::tensor_view<float const, 4> batch) override
    {
        return adapter_.forward(batch);
    }
    sc::captured<float> capture(sc::tensor_view<float const, 4> batch) override { return adapter_.capture(batch); }
    sc::captured_layers<float> capture_layers(sc::tensor_view<float const, 4> batch) override
    {
        return adapter_.capture_layers(batch);
    }

private:
    std::string name_;
    Adapter adapter_;
};
template <class Adapter>
engine_of(std::string, Adapter) -> engine_of<Adapter>;

template <class Adapter>
std::unique_ptr<engine> engine_with(std::string name, Adapter adapter)
{
    return std::make_unique<engine_of<Adapter>>(std::move(name), std::move(adapter));
}

int threads_of(model_options const& options)
{
    return options.threads > 0 ? options.threads : sc::cpu::workers::hardware_threads();
}

using opener = std::function<std::unique_ptr<engine>(model_options const&, std::vector<std::string> const&)>;

std::vector<std::pair<std::string, opener>> const& engines()
{
    static std::vector<std::pair<std::string, opener>> const all{
        {"opencv",
         [](model_options const& options, std::vector<std::string> const& layers) {
             if (options.threads > 0) { cv::setNumThreads(options.threads); }
             return engine_with("opencv " CV_VERSION,
                                sc::opencv::network{sc::opencv::read_network(options.model, options.description),
                                                    options.preprocessing().shape(), layers});
         }},
#ifdef SCORECAM_WITH_ONNXRUNTIME
        {"onnxruntime",
         [](model_options const& options, std::vector<std::string> const& layers) {
             sc::onnxruntime::settings<> how;
             if (options.threads > 0 || options.callers > 1) {
                 how.session.SetIntraOpNumThreads(std::max(1, threads_of(options) / options.callers));
             }
             return engine_with(
                 "onnxruntime " + Ort::GetVersionString(),
                 sc::onnxruntime::network{options.model, options.preprocessing().shape(), layers, std::move(how)});
         }},
#endif
#ifdef SCORECAM_WITH_OPENVINO
        {"openvino",
         [](model_options const& options, std::vector<std::string> const& layers) {
             sc::openvino::settings<> how;
             how.properties.insert(ov::inference_num_threads(threads_of(options)));
             how.properties.insert(ov::num_streams(options.callers));
             how.bfloat16              = options.precision == "bfloat16";
             std::string const version = ov::get_openvino_version().buildNumber;
             return engine_with("openvino " + version.substr(0, version.find('-')),
                                sc::openvino::network{options.model, options.preprocessing().shape(), layers, how});
         }},
#endif
    };
    return all;
}

}  // namespace

std::vector<std::string> engine_names()
{
    std::vector<std::string> names;
    for (auto const& [name, open] : engines()) { names.push_back(name); }
    return names;
}

network open_network(model_options const& options, std::vector<std::string> const& layers)
{
    for (auto const& [name, open] : engines()) {
        if (name != options.engine) { continue; }
        network opened{open(options, layers)};
        if (opened.precision() != options.precision) {
            throw sc::option_error{"--precision " + options.precision + ": " + opened.on().name() + " computes in " +
                                   opened.precision() + " here; write --precision " + opened.precision() +
                                   " or another --engine"};
        }
        return opened;
    }
    throw sc::option_error{"--engine " + options.engine + ": this program was built without it"};
}

}  // namespace cli
