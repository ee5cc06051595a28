#include "options.hpp"

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
    if (!value || unit == units.end() || !(*value > 0)) { refuse("--memory", text, "a size such as 64MiB, 256MB or 1GiB"); }
    return static_cast<sc::index_t>(*value * unit->second);
}

std::array<double, 3> three(std::string const& option, std::vector<double> const& values)
{
    if (values.size() == 1) { return {values[0], values[0], values[0]}; }
    if (values.size() != 3) { throw sc::option_error{option + " takes one number or three, separated by commas"}; }
    return {values[0], values[1], values[2]};
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
    if (std::any_of(how.std.begin(), how.std.end(), [](double s) { return !(s > 0); })) {
        throw sc::option_error{"--std takes numbers larger than 0"};
    }
    if (scale != 0) { how.scale = scale; }
    if (bgr) { how.order = sc::opencv::channel_order::bgr; }
    return how;
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
        auto const index = number<sc::index_t>(text);
        classes.push_back(index ? *index : names.find(text));
    }
    return sc::targets{std::move(classes)};
}

cli::score explain_options::score_policy() const
{
    if (score == "logit") { return sc::logit{}; }
    if (score == "sigmoid") { return sc::sigmoid{}; }
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
    if (text == "blur") { return sc::blurred{}; }
    if (text == "noise") { return sc::noise{}; }
    if (name == "constant") { return sc::constant{numbers(option, value, choices)}; }
    if (name == "blur") { return sc::blurred{numbers(option, value, choices)[0]}; }
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
    if (baseline == "none") { return sc::no_baseline{}; }
    return sc::baseline<picture>{parse_picture("--baseline", baseline)};
}

sc::background<picture> explain_options::background_policy() const { return {parse_picture("--background", background)}; }

cli::weighting explain_options::weighting_policy() const
{
    if (weighting == "relu") { return sc::relu_weights{}; }
    if (weighting == "softmax") { return sc::softmax_weights{}; }
    return sc::raw_weights{};
}

sc::flat_channels explain_options::flat_policy() const
{
    return flat == "scored" ? sc::flat_channels::scored : sc::flat_channels::skipped;
}

cli::batching explain_options::batching_policy() const
{
    if (!memory.empty()) { return sc::bounded_batch{bytes(memory)}; }
    if (batch == "auto") { return sc::preferred_batch{}; }
    auto const count = number<sc::index_t>(batch);
    if (!count || *count < 1) { refuse("--batch", batch, "a number from 1 on, or auto"); }
    return sc::fixed_batch{*count};
}

nlohmann::ordered_json explain_options::in_force(std::string const& layer_in_force, int threads_in_force) const
{
    auto const how             = preprocessing();
    char const* const orders[] = {"rgb", "bgr", "grey"};
    nlohmann::ordered_json all{{"layer", layer_in_force},
                       {"target", targets},
                       {"score", score},
                       {"baseline", baseline},
                       {"background", background},
                       {"weighting", weighting},
                       {"flat_channels", flat},
                       {"batch", memory.empty() ? nlohmann::ordered_json(batch) : nlohmann::ordered_json(nullptr)},
                       {"memory", memory.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(memory)},
                       {"threads", threads_in_force},
                       {"preset", preset},
                       {"size", {how.height, how.width}},
                       {"short_side", how.short_side},
                       {"mean", how.mean},
                       {"std", how.std},
                       {"scale", how.scale},
                       {"channels", orders[static_cast<int>(how.order)]},
                       {"labels", labels},
                       {"output", output}};
    return all;
}

}  // namespace cli
