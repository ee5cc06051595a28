#include "maps/options.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>

#include <nlohmann/json.hpp>

namespace cli {
namespace {

namespace sc = scorecam;

/// All of the text as a number, or nothing.
template <class T>
std::optional<T> number(std::string const& text)
{
    T value{};
    auto const [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    return failure == std::errc{} && end == text.data() + text.size() ? std::optional<T>{value} : std::nullopt;
}

[[noreturn]] void refuse(std::string const& option, std::string const& text, std::string const& instead)
{
    throw sc::option_error{option + " " + text + ": write " + instead};
}

/// "1,2.5" as numbers.
std::vector<double> numbers(std::string const& option, std::string const& text, std::string const& instead)
{
    std::vector<double> all;
    for (std::size_t from = 0; from <= text.size();) {
        auto const to    = std::min(text.find(',', from), text.size());
        auto const value = number<double>(text.substr(from, to - from));
        if (!value) { refuse(option, text, instead); }
        all.push_back(*value);
        from = to + 1;
    }
    return all;
}

/// "256MiB", "1GiB", "64kB", "1000" as bytes.
sc::index_t bytes(std::string const& text)
{
    static constexpr std::array<std::pair<char const*, double>, 8> units{
        {{"", 1}, {"B", 1}, {"kB", 1e3}, {"KiB", 1024}, {"MB", 1e6}, {"MiB", 1048576}, {"GB", 1e9}, {"GiB", 1073741824}}};
    auto const digits = std::min(text.find_first_not_of("0123456789."), text.size());
    auto const value  = number<double>(text.substr(0, digits));
    auto const unit =
        std::find_if(units.begin(), units.end(), [&](auto const& u) { return text.substr(digits) == u.first; });
    if (!value || unit == units.end() || !(*value > 0) || *value * unit->second > 1e18) {
        refuse("--memory", text, "a size such as 64MiB, 256MB or 1GiB");
    }
    return static_cast<sc::index_t>(*value * unit->second);
}

std::array<double, 3> three(std::string const& option, std::vector<double> const& values)
{
    if (values.size() == 1) { return {values[0], values[0], values[0]}; }
    if (values.size() != 3) { throw sc::option_error{option + " takes one number or three, separated by commas"}; }
    return {values[0], values[1], values[2]};
}

sc::axis_rule axis(std::string const& text)
{
    return text == "align-corners" ? sc::axis_rule::align_corners : sc::axis_rule::half_pixel;
}

/// "3" of "top3", 1 of "top".
std::optional<sc::index_t> top_number(std::string const& text)
{
    if (text.rfind("top", 0) != 0) { return std::nullopt; }
    return text == "top" ? 1 : number<sc::index_t>(text.substr(3));
}

}  // namespace

sc::opencv::preprocessing model_options::preprocessing() const
{
    auto how = preset == "imagenet-tf" ? sc::opencv::imagenet_tf()
               : preset == "cifar"     ? sc::opencv::cifar()
               : preset == "mnist"     ? sc::opencv::mnist()
                                       : sc::opencv::imagenet_torch();
    if (!size.empty()) {
        auto const cross  = size.find('x');
        auto const height = number<int>(size.substr(0, cross));
        auto const width  = cross == std::string::npos ? height : number<int>(size.substr(cross + 1));
        if (!height || !width || *height < 1 || *width < 1) { refuse("--size", size, "one number, or HEIGHTxWIDTH"); }
        how.height = *height;
        how.width  = *width;
    }
    if (!mean.empty()) { how.mean = three("--mean", mean); }
    if (!std.empty()) { how.std = three("--std", std); }
    if (std::any_of(how.std.begin(), how.std.end(), [](double s) { return !(s > 0) || !std::isfinite(s); })) {
        throw sc::option_error{"--std takes numbers larger than 0"};
    }
    if (!std::all_of(how.mean.begin(), how.mean.end(), [](double m) { return std::isfinite(m); }) || !std::isfinite(scale)) {
        throw sc::option_error{"--mean and --scale take finite numbers"};
    }
    if (scale != 0) { how.scale = scale; }
    if (bgr) { how.order = sc::opencv::channel_order::bgr; }
    return how;
}

std::optional<sc::token_grid<2>> model_options::token_grid() const
{
    if (tokens.empty()) { return std::nullopt; }
    auto const cross   = std::min(tokens.find('x'), tokens.size());
    auto const plus    = std::min(tokens.find('+'), tokens.size());
    auto const height  = number<sc::index_t>(tokens.substr(0, cross));
    auto const width   = cross < plus ? number<sc::index_t>(tokens.substr(cross + 1, plus - cross - 1)) : std::nullopt;
    auto const leading = plus < tokens.size() ? number<sc::index_t>(tokens.substr(plus + 1)) : sc::index_t{0};
    if (!height || !width || !leading || *height < 1 || *width < 1 || *leading < 0) {
        refuse("--tokens", tokens, "HEIGHTxWIDTH, or with leading class tokens HEIGHTxWIDTH+1");
    }
    return sc::token_grid<2>{{*height, *width}, *leading};
}

cli::target explain_options::target_policy(cli::labels const& names) const
{
    if (targets.size() == 1) {
        if (auto const top = top_number(targets[0])) { return sc::top{*top}; }
    }
    std::vector<sc::index_t> classes;
    for (auto const& text : targets) {
        if (top_number(text)) {
            refuse("--target", text, "it alone, or class numbers and names: top cannot be mixed with them");
        }
        auto const index  = number<sc::index_t>(text);
        auto const wanted = index ? *index : names.find(text);
        if (std::find(classes.begin(), classes.end(), wanted) != classes.end()) {
            refuse("--target", text, "each class once");
        }
        classes.push_back(wanted);
    }
    return sc::targets{std::move(classes)};
}

void explain_options::complete()
{
    baseline_was_asked_for = chosen.count("baseline") > 0;
    chosen.merge(composition_of(convention));
}

cli::grouping explain_options::grouping_policy() const
{
    auto const& text = chosen.at("groups");
    if (text == "none") { return sc::no_groups{}; }
    auto const groups = number<sc::index_t>(text);
    if (!groups) { refuse("--groups", text, "a number of groups, or none"); }
    return sc::channel_groups{*groups};
}

cli::channels explain_options::channels_policy() const
{
    auto const& text       = chosen.at("channels");
    std::string const form = "all, deviation:N, mass:N, share:S or list:K,K,...";
    if (text == "all") { return sc::all_channels{}; }
    auto const colon = std::min(text.find(':'), text.size());
    auto const name  = text.substr(0, colon);
    auto const value = colon < text.size() ? text.substr(colon + 1) : std::string{};
    auto const whole = number<sc::index_t>(value);
    if (name == "deviation" && whole) { return sc::largest_deviation{*whole}; }
    if (name == "mass" && whole) { return sc::largest_mass{*whole}; }
    if (name == "share" && number<double>(value)) { return sc::mass_share{*number<double>(value)}; }
    if (name != "list") { refuse("--channels", text, form); }
    sc::listed_channels listed;
    for (double const k : numbers("--channels", value, form)) {
        listed.channels_to_score.push_back(static_cast<sc::index_t>(k));
    }
    return listed;
}

sc::unscored_channels explain_options::unscored_policy() const
{
    return chosen.at("unscored") == "zero" ? sc::unscored_channels::zero : sc::unscored_channels::dropped;
}

sc::flat_channels explain_options::flat_policy() const
{
    return chosen.at("flat") == "scored" ? sc::flat_channels::scored : sc::flat_channels::skipped;
}

double explain_options::epsilon(std::string const& option) const
{
    auto const value = number<double>(chosen.at(option));
    if (!value) { refuse("--" + option, chosen.at(option), "a number from 0 to 1, such as 1e-8"); }
    return *value;
}

sc::mask_rule explain_options::mask_policy() const
{
    return {.axis    = axis(chosen.at("mask-axis")),
            .extrema = chosen.at("mask-extrema") == "activation" ? sc::extrema_of::activation : sc::extrema_of::resized,
            .epsilon = epsilon("mask-epsilon")};
}

sc::summand explain_options::summand_policy() const
{
    return chosen.at("sum") == "masks" ? sc::summand::masks : sc::summand::activations;
}

sc::heatmap_rule explain_options::heatmap_policy() const
{
    auto const scaling = [&](char const* option) {
        return chosen.at(option) == "min-max" ? sc::scaling::min_max : sc::scaling::none;
    };
    return {.relu               = chosen.at("map-relu") == "activation" ? sc::step_at::activation : sc::step_at::input,
            .activation_scale   = scaling("map-activation-scaling"),
            .activation_epsilon = epsilon("map-activation-epsilon"),
            .axis               = axis(chosen.at("map-axis")),
            .scale              = scaling("map-scaling"),
            .epsilon            = epsilon("map-epsilon")};
}

cli::score explain_options::score_policy() const
{
    auto const& text = chosen.at("score");
    if (text == "logit") { return sc::logit{}; }
    if (text == "sigmoid") { return sc::sigmoid{}; }
    return sc::probability{};
}

picture explain_options::parse_picture(std::string const& option, std::string const& text) const
{
    std::string const choices = "black, constant:V (or constant:R,G,B, in the network's input space), mean, blur:SIGMA, "
                                "noise:SEED or image:FILE";
    auto const colon          = text.find(':');
    auto const name           = text.substr(0, colon);
    auto const value          = colon == std::string::npos ? std::string{} : text.substr(colon + 1);
    if (text == "black") { return sc::black{}; }
    if (text == "mean") { return sc::mean{}; }
    if (text == "unmasked") { return sc::unmasked{}; }
    if (text == "blur") { return sc::blurred{}; }
    if (text == "noise") { return sc::noise{}; }
    if (name == "constant") { return sc::constant{numbers(option, value, choices)}; }
    if (name == "blur") {  // SIGMA, or SIGMA:RADIUS
        auto const second = std::min(value.find(':'), value.size());
        auto const sigma  = number<double>(value.substr(0, second));
        auto const radius = second < value.size() ? number<sc::index_t>(value.substr(second + 1)) : sc::index_t{0};
        if (!sigma || !radius) { refuse(option, text, choices); }
        return sc::blurred{*sigma, *radius};
    }
    if (name == "noise") {
        auto const seed = number<std::uint64_t>(value);
        if (!seed) { refuse(option, text, choices); }
        return sc::noise{*seed};
    }
    if (name == "image") {
        given_pictures_.push_back(sc::opencv::prepare(sc::opencv::read_image(value), preprocessing()));
        return sc::given{given_pictures_.back().view()};
    }
    refuse(option, text, choices);
}

cli::baseline explain_options::baseline_policy() const
{
    auto const& text = chosen.at("baseline");
    if (text == "none") { return sc::no_baseline{}; }
    return sc::baseline<picture>{parse_picture("--baseline", text)};
}

sc::background<picture> explain_options::background_policy() const
{
    return {parse_picture("--background", chosen.at("background"))};
}

cli::weighting explain_options::weighting_policy() const
{
    auto const& text = chosen.at("weighting");
    if (text == "relu") { return sc::relu_weights{}; }
    if (text == "softmax") { return sc::softmax_weights{}; }
    if (text == "uniform") { return sc::uniform_weights{}; }
    return sc::raw_weights{};
}

cli::batching explain_options::batching_policy() const
{
    if (!memory.empty()) { return sc::bounded_batch{bytes(memory)}; }
    if (batch == "auto") { return sc::preferred_batch{}; }
    if (batch == "tuned") { return sc::tuned_batch{}; }
    bool const shrinks = batch.rfind("shrinking:", 0) == 0;
    auto const count   = number<sc::index_t>(shrinks ? batch.substr(batch.find(':') + 1) : batch);
    if (!count || *count < 1) { refuse("--batch", batch, "a number from 1 on, auto, tuned or shrinking:N"); }
    if (shrinks) { return sc::shrinking_batch{*count}; }
    return sc::fixed_batch{*count};
}

sc::fusion explain_options::fusion() const
{
    auto const shown = heatmap_policy();
    return {.by      = fuse == "mean"      ? sc::fuse_by::mean
                       : fuse == "product" ? sc::fuse_by::product
                                           : sc::fuse_by::maximum,
            .scale   = shown.scale,
            .epsilon = shown.epsilon};
}

nlohmann::ordered_json explain_options::in_force(std::vector<std::string> const& layers_in_force, int threads_in_force) const
{
    auto const how             = preprocessing();
    char const* const orders[] = {"rgb", "bgr", "grey"};
    nlohmann::ordered_json all{
        {"engine", engine},
        {"precision", precision},
        {"layers", layers_in_force},
        {"fuse", fuse},
        {"target", targets},
        {"convention", convention},
        {"batch", memory.empty() ? nlohmann::ordered_json(batch) : nlohmann::ordered_json(nullptr)},
        {"memory", memory.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(memory)},
        {"budget", budget > 0 ? nlohmann::ordered_json(budget) : nlohmann::ordered_json(nullptr)},
        {"tolerance", tolerance > 0 ? nlohmann::ordered_json(tolerance) : nlohmann::ordered_json(nullptr)},
        {"threads", threads_in_force},
        {"concurrency", concurrency},
        {"preset", preset},
        {"size", {how.height, how.width}},
        {"short_side", how.short_side},
        {"mean", how.mean},
        {"std", how.std},
        {"scale", how.scale},
        {"colours", orders[static_cast<int>(how.order)]},
        {"labels", labels},
        {"output", output},
        {"panel", panel},
        {"description", description}};
    for (auto const& step : all_choices()) { all[step.name] = chosen.at(step.name); }
    return all;
}

}  // namespace cli
