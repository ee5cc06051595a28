#include "maps/engine_of.hpp"

#include <algorithm>
#include <exception>
#include <functional>
#include <utility>

#include <scorecam/cpu/workers.hpp>
#include <scorecam/error.hpp>
#include <scorecam/opencv/network.hpp>
#include <scorecam/policies/text_forms.hpp>
#ifdef SCORECAM_WITH_ONNXRUNTIME
#include <scorecam/onnxruntime/network.hpp>
#endif
#ifdef SCORECAM_WITH_OPENVINO
#include <scorecam/openvino/network.hpp>
#endif

namespace cli {
namespace {

/// Boxes, segments and embeddings have any form.
sc::engines::answers answers_of(model_options const& options)
{
    bool const classes = options.task == "classification" || options.task == "regression";
    return classes ? sc::engines::answers::classes : sc::engines::answers::any;
}

using opener = std::function<std::unique_ptr<engine>(model_options const&, std::vector<std::string> const&)>;

struct known_engine {
    std::string name;
    std::vector<file_format> reads;
    opener open;
};

std::vector<known_engine> const& engines()
{
    using enum file_format;
    static std::vector<known_engine> const all{
#ifdef SCORECAM_WITH_ONNXRUNTIME
        {"onnxruntime",
         {onnx, other},
         [](model_options const& options, std::vector<std::string> const& layers) {
             sc::onnxruntime::settings<> how;
             how.tokens  = options.token_grid();
             how.output  = options.output_name;
             how.held    = options.held();
             how.answers = answers_of(options);
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
         {onnx, openvino, other},
         [](model_options const& options, std::vector<std::string> const& layers) {
             sc::openvino::settings<> how;
             how.tokens  = options.token_grid();
             how.output  = options.output_name;
             how.held    = options.held();
             how.answers = answers_of(options);
             how.properties.insert(ov::inference_num_threads(threads_of(options)));
             how.properties.insert(ov::num_streams(options.concurrency));
             how.bfloat16              = options.precision == "bfloat16";
             std::string const version = ov::get_openvino_version().buildNumber;
             return engine_with("openvino " + version.substr(0, version.find('-')),
                                sc::openvino::network{options.model, options.preprocessing().shape(), layers, how});
         }},
#endif
#ifdef SCORECAM_WITH_TORCH
        {"torch", {torchscript, other}, open_torch},
#endif
        {"opencv",
         {onnx, other},
         [](model_options const& options, std::vector<std::string> const& layers) {
             if (options.token_grid()) {
                 throw sc::option_error{"--tokens: OpenCV runs no transformers; write another --engine"};
             }
             int const threads = options.threads > 0 ? options.threads : -1;  // -1: all of the machine
             auto const settle = [threads] { cv::setNumThreads(threads); };
             settle();
             sc::opencv::settings how;
             how.output       = options.output_name;
             how.held         = options.held();
             how.answers      = answers_of(options);
             auto const shape = options.preprocessing().shape();
             bool const alone = options.description.empty() && format_of(options.model) == onnx;
             return engine_with("opencv " CV_VERSION,
                                alone ? sc::opencv::network{options.model, shape, layers, how}
                                      : sc::opencv::network{sc::opencv::read_network(options.model, options.description),
                                                            shape, layers, how},
                                settle);
         }},
    };
    return all;
}

/// Where the library says how to write something in C++, how to write it here.
std::string in_options(std::string text)
{
    for (auto const& [theirs, ours] :
         {std::pair<std::string, std::string>{"in settings::output", "with --output-name"},
          {"a value in settings::held", "a value with --constant NAME=VALUE"},
          {"in settings::held", "with --constant NAME=FILE.npy"},
          {"ask for outputs of any form, settings::answers", "write --task detection or --task segmentation"}}) {
        for (auto at = text.find(theirs); at != std::string::npos; at = text.find(theirs, at)) {
            text.replace(at, theirs.size(), ours);
        }
    }
    return text;
}

std::unique_ptr<engine> open_on(known_engine const& one, model_options const& options,
                                std::vector<std::string> const& layers)
{
    auto opened          = one.open(options, layers);
    bool const narrow    = opened->precision() == "bfloat16";
    bool const is_wanted = options.precision == "bfloat16";  // what a file is made in, it runs in
    if (narrow != is_wanted || !(is_wanted || options.precision == "float32")) {
        throw sc::option_error{"--precision " + options.precision + ": " + opened->name() + " computes in " +
                               opened->precision() + " here; write --precision " + (narrow ? "bfloat16" : "float32") +
                               " or another --engine"};
    }
    return opened;
}

bool reads(known_engine const& one, model_options const& options)
{
    if (!options.description.empty()) { return one.name == "opencv"; }
    return std::find(one.reads.begin(), one.reads.end(), format_of(options.model)) != one.reads.end();
}

/// On the fastest that can run it. If none can, what the first one says.
std::unique_ptr<engine> open_on_any(model_options const& options, std::vector<std::string> const& layers)
{
    std::exception_ptr first;
    for (auto const& one : engines()) {
        if (!reads(one, options)) { continue; }
        try {
            return open_on(one, options, layers);
        } catch (sc::error const&) {
            if (!first) { first = std::current_exception(); }
        }
    }
    if (first) { std::rethrow_exception(first); }
    throw sc::option_error{"no engine of this program reads " + options.model + "; it has " +
                           sc::text::listed(engine_names(), {})};
}

/// An engine, of those not called so, that can run the network; empty if there is none.
std::string another_for(model_options const& options, std::vector<std::string> const& layers)
{
    for (auto const& one : engines()) {
        if (one.name == options.engine || !reads(one, options)) { continue; }
        try {
            static_cast<void>(open_on(one, options, layers));
            return one.name;
        } catch (sc::error const&) {
        }
    }
    return "";
}

}  // namespace

std::vector<std::string> engine_names()
{
    std::vector<std::string> names;
    for (auto const& one : engines()) { names.push_back(one.name); }
    return names;
}

std::unique_ptr<engine> open_engine(model_options const& options, std::vector<std::string> const& layers)
{
    static_cast<void>(options.preprocessing());  // what is written wrongly is no engine's fault
    static_cast<void>(options.token_grid());
    try {
        if (options.engine == "auto") { return open_on_any(options, layers); }
        for (auto const& one : engines()) {
            if (one.name == options.engine) { return open_on(one, options, layers); }
        }
    } catch (sc::model_error const& e) {
        auto const other = options.engine == "auto" ? "" : another_for(options, layers);
        throw sc::model_error{in_options(e.what()) + (other.empty() ? "" : "; --engine " + other + " runs it")};
    }
    throw sc::option_error{"--engine " + options.engine + ": this program was built without it"};
}

network open_network(model_options const& options, std::vector<std::string> const& layers)
{
    return network{open_engine(options, layers)};
}

}  // namespace cli
