#include "maps/options.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include <nlohmann/json.hpp>
#include <scorecam/cpu/workers.hpp>
#include <scorecam/xtensor/npy.hpp>

namespace cli {
namespace {

namespace text = sc::text;

constexpr int most_pixels = 65'535;  // along an axis

std::array<double, 3> three(std::string const& option, std::vector<double> const& values)
{
    if (values.size() == 1) { return {values[0], values[0], values[0]}; }
    if (values.size() != 3) { throw sc::option_error{option + " takes one number or three, separated by commas"}; }
    return {values[0], values[1], values[2]};
}

template <class T, std::size_t Rank>
std::optional<sc::engines::held_constant> array_of(std::string const& file)
{
    try {
        auto const array = sc::xtensor::load_npy<T, Rank>(file);
        sc::engines::held_constant found;
        for (auto const extent : array.shape()) { found.dims.push_back(static_cast<sc::index_t>(extent)); }
        for (auto const value : array) { found.values.push_back(static_cast<float>(value)); }
        return found;
    } catch (sc::error const&) {
        return std::nullopt;
    }
}
template <class T>
std::optional<sc::engines::held_constant> array_of(std::string const& file)
{
    auto found = array_of<T, 1>(file);
    if (!found) { found = array_of<T, 2>(file); }
    if (!found) { found = array_of<T, 3>(file); }
    return found ? found : array_of<T, 4>(file);
}
sc::engines::held_constant array_in(std::string const& file)
{
    auto found = array_of<float>(file);
    if (!found) { found = array_of<double>(file); }
    if (!found) { found = array_of<std::int64_t>(file); }
    if (!found || found->values.empty()) {
        throw sc::option_error{"--constant: " + file +
                               " is neither a number nor a .npy file of one to four extents, of "
                               "float32, float64 or int64"};
    }
    return *found;
}

/// 3 of "top3", 1 of "top"; nothing of a name.
std::optional<sc::index_t> top_number(std::string const& written)
{
    if (written.rfind("top", 0) != 0 || written.find_first_not_of("0123456789", 3) != std::string::npos) {
        return std::nullopt;
    }
    return written == "top"
               ? 1
               : text::read_or_refuse(text::count("top, or topN with N"), written.substr(3), "--target " + written);
}

}  // namespace

sc::opencv::preprocessing model_options::preprocessing() const
{
    auto how = preset == "imagenet-tf" ? sc::opencv::imagenet_tf()
               : preset == "cifar"     ? sc::opencv::cifar()
               : preset == "mnist"     ? sc::opencv::mnist()
                                       : sc::opencv::imagenet_torch();
    if (!size.empty()) {
        auto const extent = text::number<int>("SIZE", 1, most_pixels);
        auto const cross  = size.find('x');
        auto const height = extent.read(size.substr(0, cross));
        auto const width  = cross == std::string::npos ? height : extent.read(size.substr(cross + 1));
        if (!height || !width) {
            throw sc::option_error{"--size " + size + ": write one number, or HEIGHTxWIDTH, each from 1 to " +
                                   std::to_string(most_pixels)};
        }
        how.height = *height;
        how.width  = *width;
    }
    if (file_says) {
        if (size.empty() && file_says->height > 0 && file_says->width > 0) {
            how.height = static_cast<int>(std::min<sc::index_t>(file_says->height, most_pixels));
            how.width  = static_cast<int>(std::min<sc::index_t>(file_says->width, most_pixels));
        }
        if (file_says->channels == 1) { how.order = sc::opencv::channel_order::grey; }
        if (takes_pixels()) {
            how.scale = 1;
            how.mean  = {0, 0, 0};
            how.std   = {1, 1, 1};
        }
    }
    if (!mean.empty()) { how.mean = three("--mean", mean); }
    if (!std.empty()) { how.std = three("--std", std); }
    if (scale) { how.scale = *scale; }
    if (bgr && how.order != sc::opencv::channel_order::grey) { how.order = sc::opencv::channel_order::bgr; }
    return how;
}

bool model_options::takes_pixels() const { return file_says && file_says->type == "uint8"; }

void model_options::look_at_file()
{
    file_says           = image_input_of(model, held());
    auto const channels = file_says ? file_says->channels : -1;
    if (channels > 0 && channels != 1 && channels != 3) {
        throw sc::option_error{
            "the network " + model + " takes " + std::to_string(channels) +
            " channels, and pictures are read with 3, or as grey with 1: give it inputs of your own in C++ "
            "(docs/engines.md), or export it for pictures"};
    }
}

std::vector<std::string> model_options::notes() const
{
    std::vector<std::string> all;
    if (file_says && file_says->channels == 1 && preset != "mnist") {
        all.emplace_back("the network takes one channel, so that pictures are made grey");
    }
    if (takes_pixels()) { all.emplace_back("the network takes uint8, so that pictures are given as they are, 0 to 255"); }
    return all;
}

sc::engines::constants model_options::held() const
{
    sc::engines::constants all;
    for (auto const& written : constants) {
        auto const equals = written.find('=');
        auto const name   = written.substr(0, equals);
        auto const value  = equals == std::string::npos ? std::string{} : written.substr(equals + 1);
        if (name.empty() || value.empty()) {
            throw sc::option_error{"--constant " + written + ": write NAME=NUMBER or NAME=FILE.npy"};
        }
        if (all.count(name) > 0) { throw sc::option_error{"--constant " + written + ": write each input once"}; }
        constexpr double far = 1e30;
        auto const number    = text::number<double>("NUMBER", -far, far).read(value);
        all[name]            = number ? sc::engines::held_constant{{}, {static_cast<float>(*number)}} : array_in(value);
    }
    return all;
}

std::optional<sc::token_grid<2>> model_options::token_grid() const
{
    if (tokens.empty()) { return std::nullopt; }
    auto const cross   = std::min(tokens.find('x'), tokens.size());
    auto const plus    = std::min(tokens.find('+'), tokens.size());
    auto const number  = text::number<sc::index_t>("N", 0, most_pixels);
    auto const height  = number.read(tokens.substr(0, cross));
    auto const width   = cross < plus ? number.read(tokens.substr(cross + 1, plus - cross - 1)) : std::nullopt;
    auto const leading = plus < tokens.size() ? number.read(tokens.substr(plus + 1)) : sc::index_t{0};
    if (!height || !width || !leading || *height < 1 || *width < 1) {
        throw sc::option_error{"--tokens " + tokens + ": write HEIGHTxWIDTH, or with leading class tokens HEIGHTxWIDTH+1"};
    }
    return sc::token_grid<2>{{*height, *width}, *leading};
}

cli::target explain_options::target_policy(cli::labels const& names) const
{
    if (targets.size() == 1) {
        if (auto const top = top_number(targets[0])) { return sc::top{*top}; }
    }
    auto const refuse = [](std::string const& written, std::string const& instead) {
        throw sc::option_error{"--target " + written + ": write " + instead};
    };
    std::vector<sc::index_t> classes;
    for (auto const& written : targets) {
        if (top_number(written)) { refuse(written, "it alone, or class numbers and names: top cannot be mixed with them"); }
        auto const index  = text::number<sc::index_t>("C", 0, 1'000'000'000).read(written);
        auto const wanted = index ? *index : names.find(written);
        if (std::find(classes.begin(), classes.end(), wanted) != classes.end()) { refuse(written, "each class once"); }
        classes.push_back(wanted);
    }
    return sc::targets{std::move(classes)};
}

std::optional<sc::index_t> explain_options::top_of(std::string const& written) { return top_number(written); }

bool explain_options::has_chosen(std::string const& name) const
{
    return std::any_of(chosen.begin(), chosen.end(), [&](auto const& one) { return one.first == name; });
}

void explain_options::complete()
{
    composition       = text::read_or_refuse(text::conventions_by_name(), convention, "--convention " + convention);
    auto const beside = std::exchange(chosen, {});
    for (auto const& [name, written] : beside) { choose(name, written, "--" + name + " " + written); }
    if (forwards > 0) { draw_masks(forwards, "--forwards " + std::to_string(forwards)); }
    if (significant && layers.size() > 1) {
        throw sc::option_error{"--significant is of one layer's cells; write one --layer, or leave it out"};
    }
    if (significant && !std::holds_alternative<sc::fitted>(composition.estimate)) {
        throw sc::option_error{
            "--significant: cells have error bars where maps are fitted; write --convention fitted with it"};
    }
}

void explain_options::draw_masks(sc::index_t number, std::string const& written)
{
    auto drawn = composition.masks;
    if (auto* const fields = std::get_if<sc::random_fields>(&drawn)) {
        if (number % 2 != 0) { throw sc::option_error{written + ": these masks are drawn in pairs; write an even number"}; }
        fields->number = number;
    } else if (auto* const grids = std::get_if<sc::random_grids>(&drawn)) {
        grids->number = number;
    } else {
        throw sc::option_error{
            written + ": the masks of " + convention +
            " are not drawn, so that there are as many as there are; write --budget, or --convention fitted"};
    }
    auto of_number  = composition;
    of_number.masks = drawn;
    choose("masks", text::find_choice("masks")->text(of_number).value(), written);
}

void explain_options::choose(std::string const& name, std::string const& value, std::string const& written)
{
    if (name == "score" && value == "auto") { return; }
    text::choose(composition, *text::find_choice(name), value, written, [&](std::string const& file) {
        return sc::opencv::prepare(sc::opencv::read_image(file), preprocessing());
    });
    chosen.emplace_back(name, value);
    concurrency = static_cast<int>(composition.concurrency.number);
    if (int const most = sc::cpu::workers::hardware_threads(); concurrency > most) {
        throw sc::option_error{written + ": write a number from 1 to " + std::to_string(most)};
    }
}

explain_options with_composition(explain_options const& options, std::string const& whole, places where)
{
    text::written_composition const parts{whole};
    auto made       = options;
    made.convention = parts.convention;
    made.complete();
    for (auto const& [name, value] : parts.beside) {
        auto const written     = "--composition " + whole + ": " + name + "=" + value;
        auto const* const line = text::find_choice(name);
        bool const place       = where == places::allowed && (name == "engine" || name == "precision" || name == "layer");
        if (line != nullptr && line->part == text::part::method) {
            made.choose(name, value, written);
        } else if (name == "budget") {
            made.budget = static_cast<int>(text::read_or_refuse(text::count(), value, written));
        } else if (name == "tolerance") {
            made.tolerance = text::read_or_refuse(tolerances(), value, written);
        } else if (place) {
            (name == "engine" ? made.engine : name == "precision" ? made.precision : made.layers.emplace_back()) = value;
        } else {
            std::vector<std::string> names;
            for (auto const& one : text::choices()) {
                if (one.part == text::part::method) { names.push_back(one.name); }
            }
            names.insert(names.end(), {"budget", "tolerance"});
            if (where == places::allowed) { names.insert(names.end(), {"engine", "precision", "layer"}); }
            throw sc::option_error{written + ": write one of " + text::listed(names, {}) + " before the ="};
        }
    }
    return made;
}

nlohmann::ordered_json steps_of(text::composition const& of)
{
    nlohmann::ordered_json all;
    for (auto const& line : text::choices()) {
        if (line.part == text::part::method) { all[line.name] = line.text(of).value(); }
    }
    return all;
}

nlohmann::ordered_json explain_options::in_force(std::vector<std::string> const& layers_in_force, int threads_in_force) const
{
    using json                 = nlohmann::ordered_json;
    auto const how             = preprocessing();
    char const* const orders[] = {"rgb", "bgr", "grey"};
    json all{{"engine", engine},
             {"precision", precision},
             {"output_name", output_name},
             {"constants", constants},
             {"layers", layers_in_force},
             {"target", targets},
             {"convention", convention},
             {"budget", budget > 0 ? json(budget) : json(nullptr)},
             {"tolerance", tolerance > 0 ? json(tolerance) : json(nullptr)},
             {"threads", threads_in_force},
             {"preset", preset},
             {"size", {how.height, how.width}},
             {"fit", how.fitting == sc::opencv::fit::crop      ? "crop"
                     : how.fitting == sc::opencv::fit::stretch ? "stretch"
                                                               : "letterbox"},
             {"task", task},
             {"short_side", how.short_side},
             {"mean", how.mean},
             {"std", how.std},
             {"scale", how.scale},
             {"colours", orders[static_cast<int>(how.order)]},
             {"labels", labels},
             {"output", output},
             {"panel", panel},
             {"significant", significant},
             {"description", description}};
    for (auto const& line : text::choices()) {
        auto const written = line.text(composition);
        all[line.name]     = written ? json(*written) : json(nullptr);
    }
    return all;
}

}  // namespace cli
