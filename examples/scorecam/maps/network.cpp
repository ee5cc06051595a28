#include "maps/engine_of.hpp"

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

using opener = std::function<std::unique_ptr<engine>(model_options const&, std::vector<std::string> const&)>;

std::vector<std::pair<std::string, opener>> const& engines()
{
    static std::vector<std::pair<std::string, opener>> const all{
        {"opencv",
         [](model_options const& options, std::vector<std::string> const& layers) {
             if (options.token_grid()) {
                 throw sc::option_error{"--tokens: OpenCV runs no transformers; write another --engine"};
             }
             int const threads = options.threads > 0 ? options.threads : -1;  // -1: all of the machine
             auto const settle = [threads] { cv::setNumThreads(threads); };
             settle();
             return engine_with("opencv " CV_VERSION,
                                sc::opencv::network{sc::opencv::read_network(options.model, options.description),
                                                    options.preprocessing().shape(), layers},
                                settle);
         }},
#ifdef SCORECAM_WITH_ONNXRUNTIME
        {"onnxruntime",
         [](model_options const& options, std::vector<std::string> const& layers) {
             sc::onnxruntime::settings<> how;
             how.tokens = options.token_grid();
             if (options.threads > 0 || options.concurrency > 1) {
                 how.session.SetIntraOpNumThreads(std::max(1, threads_of(options) / options.concurrency));
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
             how.tokens = options.token_grid();
             how.properties.insert(ov::inference_num_threads(threads_of(options)));
             how.properties.insert(ov::num_streams(options.concurrency));
             how.bfloat16              = options.precision == "bfloat16";
             std::string const version = ov::get_openvino_version().buildNumber;
             return engine_with("openvino " + version.substr(0, version.find('-')),
                                sc::openvino::network{options.model, options.preprocessing().shape(), layers, how});
         }},
#endif
#ifdef SCORECAM_WITH_TORCH
        {"torch", open_torch},
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

std::unique_ptr<engine> open_engine(model_options const& options, std::vector<std::string> const& layers)
{
    for (auto const& [name, open] : engines()) {
        if (name != options.engine) { continue; }
        auto opened = open(options, layers);
        if (opened->precision() != options.precision) {
            throw sc::option_error{"--precision " + options.precision + ": " + opened->name() + " computes in " +
                                   opened->precision() + " here; write --precision " + opened->precision() +
                                   " or another --engine"};
        }
        return opened;
    }
    throw sc::option_error{"--engine " + options.engine + ": this program was built without it"};
}

network open_network(model_options const& options, std::vector<std::string> const& layers)
{
    return network{open_engine(options, layers)};
}

}  // namespace cli
