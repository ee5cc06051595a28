#include "evaluate/configurations.hpp"

#include <algorithm>

#include <scorecam/error.hpp>

namespace cli {
namespace {

/// On the same engine, in the same precision and at the same layer; the rest does not matter to it.
std::string control_of(std::string const& text)
{
    std::string control = "uniform";
    for (auto const& [name, value] : sc::text::written_composition{text}.beside) {
        if (name == "engine" || name == "precision" || name == "layer") { control += "," + name + "=" + value; }
    }
    return control;
}

}  // namespace

std::vector<configuration> configurations_of(explain_options const& options, std::vector<std::string> texts)
{
    if (texts.empty()) { texts = sc::text::convention_names(); }
    std::vector<configuration> all;
    auto const add = [&](std::string const& text) {
        all.push_back({text, control_of(text), with_composition(options, text, places::allowed)});
    };
    for (auto const& text : texts) {
        if (std::count(texts.begin(), texts.end(), text) > 1) {
            throw sc::option_error{"--composition " + text + ": write each once"};
        }
        add(text);
    }
    for (auto const& text : texts) {
        auto const control = control_of(text);
        auto const is_it   = [&](configuration const& other) { return other.name == control; };
        if (std::none_of(all.begin(), all.end(), is_it)) { add(control); }
    }
    return all;
}

}  // namespace cli
