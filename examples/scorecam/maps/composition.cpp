#include "maps/composition.hpp"

#include <cstdio>
#include <tuple>
#include <type_traits>
#include <variant>

#include <scorecam/conventions.hpp>

namespace cli {
namespace {

namespace sc = scorecam;

std::string text(double value)
{
    char digits[32];
    std::snprintf(digits, sizeof digits, "%g", value);
    return digits;
}

// Each policy as it is written on the command line.
std::string text(sc::probability) { return "probability"; }
std::string text(sc::logit) { return "logit"; }
std::string text(sc::black) { return "black"; }
std::string text(sc::unmasked) { return "unmasked"; }
std::string text(sc::blurred const& p)
{
    return "blur:" + text(p.sigma) + (p.radius > 0 ? ":" + std::to_string(p.radius) : "");
}
std::string text(sc::no_baseline) { return "none"; }
template <class Picture>
std::string text(sc::baseline<Picture> const& b)
{
    return text(b.picture);
}
template <class Picture>
std::string text(sc::background<Picture> const& b)
{
    return text(b.picture);
}
std::string text(sc::raw_weights) { return "raw"; }
std::string text(sc::relu_weights) { return "relu"; }
std::string text(sc::softmax_weights) { return "softmax"; }
std::string text(sc::uniform_weights) { return "uniform"; }
std::string text(sc::flat_channels f) { return f == sc::flat_channels::scored ? "scored" : "skipped"; }
std::string text(sc::all_channels) { return "all"; }
std::string text(sc::largest_deviation c) { return "deviation:" + std::to_string(c.number); }
std::string text(sc::unscored_channels u) { return u == sc::unscored_channels::zero ? "zero" : "dropped"; }
std::string text(sc::no_groups) { return "none"; }
std::string text(sc::channel_groups g) { return std::to_string(g.number); }
std::string text(sc::summand s) { return s == sc::summand::masks ? "masks" : "activations"; }
std::string text(sc::axis_rule a) { return a == sc::axis_rule::align_corners ? "align-corners" : "half-pixel"; }
std::string text(sc::extrema_of e) { return e == sc::extrema_of::activation ? "activation" : "resized"; }
std::string text(sc::step_at s) { return s == sc::step_at::activation ? "activation" : "input"; }
std::string text(sc::scaling s) { return s == sc::scaling::min_max ? "min-max" : "none"; }
template <class... P>
std::string text(std::variant<P...> const& chosen)
{
    return std::visit([](auto const& policy) { return text(policy); }, chosen);
}

template <class Convention>
composition composed(Convention const& convention)
{
    auto policies     = sc::detail::with_defaults(convention);
    auto const chosen = [&]<class Kind>(Kind) { return sc::detail::policy_in_force<Kind>(policies); };
    auto const mask   = chosen(sc::kinds::masking{});
    auto const map    = chosen(sc::kinds::heatmap{});
    return {{"groups", text(chosen(sc::kinds::grouping{}))},
            {"channels", text(chosen(sc::kinds::channels{}))},
            {"unscored", text(chosen(sc::kinds::unscored{}))},
            {"flat", text(chosen(sc::kinds::flat{}))},
            {"mask-axis", text(mask.axis)},
            {"mask-extrema", text(mask.extrema)},
            {"mask-epsilon", text(mask.epsilon)},
            {"background", text(chosen(sc::kinds::background{}))},
            {"score", text(chosen(sc::kinds::score{}))},
            {"baseline", text(chosen(sc::kinds::baseline{}))},
            {"weighting", text(chosen(sc::kinds::weighting{}))},
            {"sum", text(chosen(sc::kinds::summand{}))},
            {"map-relu", text(map.relu)},
            {"map-activation-scaling", text(map.activation_scale)},
            {"map-activation-epsilon", text(map.activation_epsilon)},
            {"map-axis", text(map.axis)},
            {"map-scaling", text(map.scale)},
            {"map-epsilon", text(map.epsilon)}};
}

template <class F>
void for_each_convention(F&& f)
{
    std::apply([&](auto const&... convention) { (f(convention), ...); }, sc::conventions::all{});
}

}  // namespace

std::vector<choice> const& all_choices()
{
    static std::vector<choice> const all{
        {"groups", {}, "Sum channels in N groups first, or none"},
        {"channels", {}, "Channels to score: all, deviation:N, mass:N, share:S or list:K,K,..."},
        {"unscored", {"dropped", "zero"}, "What the other channels do: weight 0, or contribution 0"},
        {"flat", {"skipped", "scored"}, "Channels without contrast: weight 0, or the score of an all-zero mask"},
        {"mask-axis", {"half-pixel", "align-corners"}, "How masks are resized"},
        {"mask-extrema", {"resized", "activation"}, "Masks are normalised after resizing, or before"},
        {"mask-epsilon", {}, "Added to max - min of a mask"},
        {"background",
         {},
         "What masks let through where they are 0: black, constant:V, mean, blur:SIGMA, noise:SEED or image:FILE"},
        {"score", {"probability", "logit", "sigmoid"}, "What is read from the outputs"},
        {"baseline",
         {},
         "Whose score is subtracted (Eq. 1): none, unmasked, black, constant:V, mean, blur:SIGMA, noise:SEED or image:FILE"},
        {"weighting", {"raw", "relu", "softmax", "uniform"}, "From scores to channel weights"},
        {"sum", {"activations", "masks"}, "What is summed: activations as they are, or normalised"},
        {"map-relu", {"input", "activation"}, "ReLU after enlarging the sum, or before"},
        {"map-activation-scaling", {"none", "min-max"}, "Scaling before enlarging the sum"},
        {"map-activation-epsilon", {}, "Added to max - min there"},
        {"map-axis", {"half-pixel", "align-corners"}, "How the sum is enlarged"},
        {"map-scaling", {"min-max", "none"}, "Scaling of the map at last"},
        {"map-epsilon", {}, "Added to max - min there"}};
    return all;
}

std::vector<std::string> convention_names()
{
    std::vector<std::string> names;
    for_each_convention([&](auto const& convention) { names.emplace_back(convention.name); });
    return names;
}

composition composition_of(std::string const& convention)
{
    composition found;
    for_each_convention([&](auto const& one) {
        if (one.name == convention) { found = composed(one); }
    });
    return found;
}

}  // namespace cli
