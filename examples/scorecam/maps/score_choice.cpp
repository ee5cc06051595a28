#include "maps/score_choice.hpp"

#include <utility>
#include <variant>

#include <scorecam/ops/rows.hpp>

namespace cli {
namespace {

bool is_probability(engine const& on) { return on.activation() == "softmax" || on.activation() == "sigmoid"; }

score fitting(engine const& on, score const& otherwise)
{
    bool const softmax = std::holds_alternative<sc::probability>(otherwise);
    return softmax && (is_probability(on) || on.classes() == 1) ? score{sc::logit{}} : otherwise;
}

}  // namespace

explain_options with_score_for(engine const& on, explain_options options)
{
    if (!options.has_chosen("score")) { options.composition.score = fitting(on, options.composition.score); }
    return options;
}

score score_for(engine const& on, std::string const& name)
{
    if (name == "auto") { return fitting(on, sc::probability{}); }
    sc::text::composition read;
    sc::text::choose(read, *sc::text::find_choice("score"), name, "--score " + name);
    return read.score;
}

std::string score_note(engine const& on, explain_options const& options)
{
    bool const softmax = std::holds_alternative<sc::probability>(options.composition.score);
    if (is_plain_value(on, options.composition.score)) {
        return "the network has one output, which is taken as a plain value; if it is a logit, write --score sigmoid";
    }
    if (on.classes() == 1 && on.activation() == "sigmoid") {
        return "the network has one output, a sigmoid, which is taken as it is";
    }
    if (softmax && on.classes() == 1) { return "the softmax of one output is always 1; write --score auto"; }
    if (softmax && is_probability(on)) {
        return "the outputs are probabilities already (" + on.activation() +
               "), of which --score probability takes a softmax again; write --score auto";
    }
    return "";
}

bool is_plain_value(engine const& on, score const& used)
{
    return on.classes() == 1 && !is_probability(on) && std::holds_alternative<sc::logit>(used);
}

float said_of(engine const& on, score const& used, sc::tensor_view<float const, 1> outputs, sc::index_t number)
{
    sc::ops::row<float> const row{outputs.data(), outputs.size()};
    if (std::holds_alternative<sc::sigmoid>(used)) { return sc::sigmoid{}(row)(number); }
    bool const as_is = std::holds_alternative<sc::logit>(used) && (is_probability(on) || on.classes() == 1);
    return as_is ? sc::logit{}(row)(number) : sc::probability{}(row)(number);
}

}  // namespace cli
