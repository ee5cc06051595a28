#include "evaluate/configurations.hpp"

#include <algorithm>
#include <array>
#include <sstream>
#include <utility>

#include <scorecam/error.hpp>

#include "maps/composed_options.hpp"

namespace cli {
namespace {

/// "official,engine=openvino,weighting=relu": the composition "official,weighting=relu" at the place ",engine=openvino".
struct split_text {
    std::string composition;
    std::array<std::pair<std::string, std::string>, 3> place{{{"engine", ""}, {"precision", ""}, {"layer", ""}}};

    explicit split_text(std::string const& text)
    {
        std::istringstream parts{text};
        for (std::string part; std::getline(parts, part, ',');) {
            auto const here =
                std::find_if(place.begin(), place.end(), [&](auto const& of) { return part.rfind(of.first + "=", 0) == 0; });
            if (here != place.end()) {
                here->second = part.substr(here->first.size() + 1);
            } else {
                composition += (composition.empty() ? "" : ",") + part;
            }
        }
    }
    [[nodiscard]] std::string control() const
    {
        std::string text = "uniform";
        for (auto const& [what, value] : place) { text += value.empty() ? "" : "," + what + "=" + value; }
        return text;
    }
};

configuration configuration_of(explain_options const& options, std::string const& text)
{
    split_text const split{text};
    auto at                                = options;
    auto const& [engine, precision, layer] = split.place;
    if (!engine.second.empty()) { at.engine = engine.second; }
    if (!precision.second.empty()) { at.precision = precision.second; }
    if (!layer.second.empty()) { at.layers = {layer.second}; }
    return {text, split.control(), composed(at, split.composition)};
}

}  // namespace

std::vector<configuration> configurations_of(explain_options const& options, std::vector<std::string> texts)
{
    if (texts.empty()) { texts = convention_names(); }
    std::vector<configuration> configurations;
    for (auto const& text : texts) {
        if (std::count(texts.begin(), texts.end(), text) > 1) {
            throw scorecam::option_error{"--composition " + text + ": write each once"};
        }
        configurations.push_back(configuration_of(options, text));
    }
    for (auto const& text : texts) {
        auto const control = split_text{text}.control();
        bool const there   = std::any_of(configurations.begin(), configurations.end(),
                                         [&](auto const& other) { return other.name == control; });
        if (!there) { configurations.push_back(configuration_of(options, control)); }
    }
    return configurations;
}

}  // namespace cli
