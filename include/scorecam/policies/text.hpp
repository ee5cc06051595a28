#pragma once
// The one table of choices as text: what each is called, what may be written, and the way from text to policies and back.
// For those who read or write text, such as a command line; nothing else in the library includes it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <scorecam/conventions.hpp>
#include <scorecam/error.hpp>
#include <scorecam/policies/by_cell.hpp>
#include <scorecam/policies/fields.hpp>
#include <scorecam/policies/fitted.hpp>
#include <scorecam/policies/fusion.hpp>
#include <scorecam/policies/hiding.hpp>
#include <scorecam/policies/kinds.hpp>
#include <scorecam/policies/registry.hpp>
#include <scorecam/policies/text_forms.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::text {

/// Reads a picture (C, H, W) from a file, in the model's input space. Throws what it likes.
using picture_reader = std::function<tensor<float, 3>(std::string const& file)>;

/// A picture that a file holds: image:FILE. Copies share the pixels.
struct picture_file {
    static constexpr bool per_image = false;
    std::string name;
    std::shared_ptr<tensor<float, 3> const> pixels{};

    template <class Backend, class T, std::size_t Rank, class Space>
    void paint(Backend& on, tensor_view<T const, Rank, Space> images, tensor_view<T, Rank, Space> out) const
    {
        auto const wanted = trailing<Rank - 1>(images.shape());
        if (pixels == nullptr || to_string(pixels->shape()) != to_string(wanted)) {
            throw shape_error{"the picture " + name + " has the shape " +
                              (pixels == nullptr ? "of nothing, as nobody read it" : to_string(pixels->shape())) +
                              ", the images have " + to_string(wanted)};
        }
        std::vector<T> const values(pixels->begin(), pixels->end());
        for (index_t i = 0; i < images.extent(0); ++i) { on.from_host(values.data(), out.slice(i, 1)); }
    }
};

using picture = std::variant<black, constant, scorecam::mean, blurred, noise, unmasked, picture_file>;

/// Every choice that can be written, as policies: a convention made at run time. The default is official.
struct composition {
    using kind = kinds::convention;

    std::variant<from_activations, random_grids, random_fields, patches, single_cells, channel_ablation, noisy_activations,
                 scaled_activations>
        masks{};
    scorecam::place place = scorecam::place::input;
    std::variant<no_groups, channel_groups> groups{};
    std::variant<all_channels, largest_deviation, largest_mass, mass_share, listed_channels> channels{};
    unscored_channels unscored = unscored_channels::dropped;
    flat_channels flat         = flat_channels::skipped;
    mask_rule mask{};
    scorecam::background<picture> background{};
    std::variant<probability, logit, sigmoid> score{};
    std::variant<no_baseline, scorecam::baseline<picture>> baseline{};
    std::variant<raw_weights, relu_weights, softmax_weights, uniform_weights, centred_weights, drop_weights,
                 relative_drop_weights>
        weighting{};
    std::variant<scorecam::estimate, fitted, weights_in_place, hsic> estimate = scorecam::estimate::weighted_sum;
    summand sum                                                               = summand::activations;
    heatmap_rule map{};
    // What follows says how maps are made, and is no part of a convention.
    fuse_by fuse = fuse_by::maximum;  ///< for explain_layers
    std::variant<preferred_batch, fixed_batch, shrinking_batch, tuned_batch, bounded_batch> batch{};
    scorecam::concurrency concurrency{};

    [[nodiscard]] auto policies() const
    {
        return composed{masks, place,    groups,    channels, unscored, flat, mask,  background,
                        score, baseline, weighting, estimate, sum,      map,  batch, concurrency};
    }
    [[nodiscard]] fusion how_fused() const { return {.by = fuse, .scale = map.scale, .epsilon = map.epsilon}; }
};

/// Whether a choice is one of a convention's, or how maps are made.
enum class part { method, execution };

/// A line of the table.
struct choice {
    std::string name;  ///< of the option, without dashes
    std::string help;
    text::part part;
    std::vector<std::string> spellings{};  ///< "all", "deviation:N"
    std::vector<std::string> letters{};    ///< "N from 1 to 1000000000"
    /// What is chosen, as it is written; nothing if another choice says it: a batch bounded by its memory has no number.
    std::function<std::optional<std::string>(composition const&)> text{};
    /// False if the text is none that may be written; then nothing has changed.
    std::function<bool(composition&, std::string_view)> set{};

    /// "all, deviation:N or mass:N (N from 1 to 1000000000)"
    [[nodiscard]] std::string values() const { return listed(spellings, letters); }
};

namespace detail {

/// A line whose value is what `at` finds in a composition.
template <class V, class At>
[[nodiscard]] choice line(std::string name, std::string help, part of, form<V> how, At at)
{
    choice made{std::move(name), std::move(help), of, how.spellings, how.letters};
    made.text = [how, at](composition const& chosen) { return how.write(at(chosen)); };
    made.set  = [how, at](composition& chosen, std::string_view text) {
        auto value = how.read(text);
        if (value) { at(chosen) = *std::move(value); }
        return value.has_value();
    };
    return made;
}

/// The pictures that an image is compared or blended with.
[[nodiscard]] inline form<picture> pictures()
{
    constexpr double far_from_any_input = 1e30, far_beyond_any_image = 1e4;
    auto const pixels = [](char const* letter) { return above(letter, 0, far_beyond_any_image); };
    return any_of<picture>(
        {word<picture, black>("black"),
         named<picture, constant>("constant", list_of(number<double>("V", -far_from_any_input, far_from_any_input)),
                                  &constant::values),
         word<picture, scorecam::mean>("mean"), word<picture, unmasked>("unmasked"),
         named<picture, blurred>("blur", argument{pixels("SIGMA"), &blurred::sigma},
                                 argument{number<index_t>("RADIUS", 0, 10'000), &blurred::radius}),
         named<picture, noise>(
             "noise", argument{number<std::uint64_t>("SEED", 0, std::numeric_limits<std::uint64_t>::max()), &noise::seed},
             argument{above("DEVIATION", 0, far_from_any_input), &noise::deviation}),
         named<picture, picture_file>("image", file(), &picture_file::name)});
}

/// All of the table, in the order of the algorithm.
[[nodiscard]] inline std::vector<choice> make_table()
{
    using masks     = decltype(composition::masks);
    using estimates = decltype(composition::estimate);
    using groups    = decltype(composition::groups);
    using channels  = decltype(composition::channels);
    using score     = decltype(composition::score);
    using baselines = decltype(composition::baseline);
    using weighting = decltype(composition::weighting);
    using batch     = decltype(composition::batch);
    using of_base   = scorecam::baseline<picture>;

    auto const axis = words<axis_rule>({{"half-pixel", axis_rule::half_pixel}, {"align-corners", axis_rule::align_corners}});
    auto const scaled  = words<scaling>({{"none", scaling::none}, {"min-max", scaling::min_max}});
    auto const epsilon = number<double>("EPSILON", 0, 1);
    auto const seed    = number<std::uint64_t>("SEED", 0, std::numeric_limits<std::uint64_t>::max());
    auto any_size      = value<batch, fixed_batch>(count(), &fixed_batch::size);
    any_size.spellings = {"a number from 1 on"};

    auto const even = detail::bounded_number<index_t>("EVEN", "from 2 to 1000000",
                                                      [](index_t n) { return n >= 2 && n <= 1'000'000 && n % 2 == 0; });

    constexpr auto method = part::method, execution = part::execution;
    return {
        line("masks", "Where masks come from", method,
             any_of<masks>(
                 {word<masks, from_activations>("activations"),
                  named<masks, random_grids>(
                      "grids", argument{number<index_t>("N", 1, 1'000'000), &random_grids::number},
                      argument{number<index_t>("CELLS", 1, 1'000), &random_grids::cells},
                      argument{above("P", 0, 1), &random_grids::probability}, argument{seed, &random_grids::seed},
                      argument{words<grid_shifts>({{"shifted", grid_shifts::random}, {"fixed", grid_shifts::none}}),
                               &random_grids::shifts}),
                  named<masks, patches>("patches", argument{count("SIZE"), &patches::size},
                                        argument{count("STRIDE"), &patches::stride}),
                  named<masks, single_cells>(
                      "cells", argument{words<cell_window>({{"one", cell_window::one}, {"gaussian", cell_window::gaussian}}),
                                        &single_cells::window}),
                  word<masks, channel_ablation>("ablation"),
                  named<masks, noisy_activations>("noisy",
                                                  argument{number<index_t>("N", 1, 1'000'000), &noisy_activations::number},
                                                  argument{above("DEVIATION", 0, 1e6), &noisy_activations::deviation},
                                                  argument{seed, &noisy_activations::seed}),
                  named<masks, scaled_activations>(
                      "scaled", argument{number<index_t>("N", 1, 1'000'000), &scaled_activations::number},
                      argument{words<step_rule>({{"even", step_rule::even}, {"accumulated", step_rule::accumulated}}),
                               &scaled_activations::steps}),
                  named<masks, random_fields>("fields", argument{even, &random_fields::number},
                                              argument{number<index_t>("SIDE", 0, 256), &random_fields::cells},
                                              argument{seed, &random_fields::seed})}),
             [](auto& c) -> auto& { return c.masks; }),
        line("place", "What masks are put on: the input, or the activations, behind which the rest of the network is run",
             method, words<place>({{"input", place::input}, {"tap", place::tap}}), [](auto& c) -> auto& { return c.place; }),
        line("groups", "Sum channels in groups first", method,
             any_of<groups>(
                 {word<groups, no_groups>("none"), value<groups, channel_groups>(count(), &channel_groups::number)}),
             [](auto& c) -> auto& { return c.groups; }),
        line("channels", "Channels to score", method,
             any_of<channels>({word<channels, all_channels>("all"),
                               named<channels, largest_deviation>("deviation", count(), &largest_deviation::number),
                               named<channels, largest_mass>("mass", count(), &largest_mass::number),
                               named<channels, mass_share>("share", above("S", 0, 1), &mass_share::share),
                               named<channels, listed_channels>("list", list_of(number<index_t>("K", 0, 999'999'999)),
                                                                &listed_channels::channels_to_score)}),
             [](auto& c) -> auto& { return c.channels; }),
        line("unscored", "What the other channels do: weight 0, or contribution 0", method,
             words<unscored_channels>({{"dropped", unscored_channels::dropped}, {"zero", unscored_channels::zero}}),
             [](auto& c) -> auto& { return c.unscored; }),
        line("flat", "Channels without contrast: weight 0, or the score of an all-zero mask", method,
             words<flat_channels>({{"skipped", flat_channels::skipped}, {"scored", flat_channels::scored}}),
             [](auto& c) -> auto& { return c.flat; }),
        line("mask-axis", "How masks are resized", method, axis, [](auto& c) -> auto& { return c.mask.axis; }),
        line("mask-extrema", "Masks are normalised after resizing, or before", method,
             words<extrema_of>({{"resized", extrema_of::resized}, {"activation", extrema_of::activation}}),
             [](auto& c) -> auto& { return c.mask.extrema; }),
        line("mask-epsilon", "Added to max - min of a mask", method, epsilon,
             [](auto& c) -> auto& { return c.mask.epsilon; }),
        line("background", "What masks let through where they are 0", method, pictures(),
             [](auto& c) -> auto& { return c.background.picture; }),
        line("score", "What is read from the outputs", method,
             any_of<score>(
                 {word<score, probability>("probability"), word<score, logit>("logit"), word<score, sigmoid>("sigmoid")}),
             [](auto& c) -> auto& { return c.score; }),
        line("baseline", "Whose score is subtracted (Eq. 1)", method,
             any_of<baselines>(
                 {word<baselines, no_baseline>("none"), value<baselines, of_base>(pictures(), &of_base::picture)}),
             [](auto& c) -> auto& { return c.baseline; }),
        line("weighting", "From scores to channel weights", method,
             any_of<weighting>({word<weighting, raw_weights>("raw"), word<weighting, relu_weights>("relu"),
                                word<weighting, softmax_weights>("softmax"), word<weighting, uniform_weights>("uniform"),
                                word<weighting, centred_weights>("centred"), word<weighting, drop_weights>("drop"),
                                word<weighting, relative_drop_weights>("relative-drop")}),
             [](auto& c) -> auto& { return c.weighting; }),
        line("estimate",
             "Masks or activations times their weights, that divided by the masks' sum (RISE), or what is fitted to the "
             "scores",
             method,
             any_of<estimates>(
                 {alternative<estimates>(words<estimate>(
                      {{"weighted-sum", estimate::weighted_sum}, {"weighted-mean", estimate::weighted_mean}})),
                  named<estimates, fitted>("fitted", argument{words<fitted_part>({{"both", fitted_part::both},
                                                                                  {"shapley", fitted_part::shapley},
                                                                                  {"linear", fitted_part::linear}}),
                                                              &fitted::part}),
                  word<estimates, weights_in_place>("in-place"), word<estimates, hsic>("hsic")}),
             [](auto& c) -> auto& { return c.estimate; }),
        line("sum", "What is summed: activations as they are, or normalised", method,
             words<summand>({{"activations", summand::activations}, {"masks", summand::masks}}),
             [](auto& c) -> auto& { return c.sum; }),
        line("map-relu", "ReLU after enlarging the sum, or before", method,
             words<step_at>({{"input", step_at::input}, {"activation", step_at::activation}}),
             [](auto& c) -> auto& { return c.map.relu; }),
        line("map-activation-scaling", "Scaling before enlarging the sum", method, scaled,
             [](auto& c) -> auto& { return c.map.activation_scale; }),
        line("map-activation-epsilon", "Added to max - min there", method, epsilon,
             [](auto& c) -> auto& { return c.map.activation_epsilon; }),
        line("map-axis", "How the sum is enlarged", method, axis, [](auto& c) -> auto& { return c.map.axis; }),
        line("map-scaling", "Scaling of the map at last", method, scaled, [](auto& c) -> auto& { return c.map.scale; }),
        line("map-epsilon", "Added to max - min there", method, epsilon, [](auto& c) -> auto& { return c.map.epsilon; }),
        line("fuse", "How the maps of several layers become one", execution,
             words<fuse_by>({{"maximum", fuse_by::maximum}, {"mean", fuse_by::mean}, {"product", fuse_by::product}}),
             [](auto& c) -> auto& { return c.fuse; }),
        line("batch",
             "Masked pictures per forward; tuned: the fastest of 4, 8 and 16; shrinking: half of that when memory runs out",
             execution,
             any_of<batch>({any_size, word<batch, preferred_batch>("auto"), word<batch, tuned_batch>("tuned"),
                            named<batch, shrinking_batch>("shrinking", count(), &shrinking_batch::size)}),
             [](auto& c) -> auto& { return c.batch; }),
        line("memory", "Instead of a batch: as many inputs as fit; the engine's own memory comes on top", execution,
             value<batch, bounded_batch>(bytes(), &bounded_batch::bytes), [](auto& c) -> auto& { return c.batch; }),
        line("concurrency", "Threads that call the model at once, each a replica of it", execution,
             number<index_t>("N", 1, 1024), [](auto& c) -> auto& { return c.concurrency.number; })};
}

/// A picture, or a baseline without or with one, as one of the types above.
template <class To, class From>
[[nodiscard]] To converted(From const& from)
{
    if constexpr (requires { from.picture; }) {
        using held = std::conditional_t<std::is_same_v<To, scorecam::background<picture>>, To, scorecam::baseline<picture>>;
        return held{from.picture};
    } else {
        return from;
    }
}

/// Takes the policy of a kind, if there is one; the first counts.
template <class Kind, class Policies, class To>
void take(Policies& from, To& to)
{
    if constexpr (requires { scorecam::detail::policy_in_force<Kind>(from); }) {
        with_policy(scorecam::detail::policy_in_force<Kind>(from), [&](auto const& policy) { to = converted<To>(policy); });
    }
}

}  // namespace detail

/// All lines of the table, those of the method first, in the order of the algorithm.
[[nodiscard]] inline std::vector<choice> const& choices()
{
    static std::vector<choice> const all = detail::make_table();
    return all;
}

/// The line of a name, or nothing.
[[nodiscard]] inline choice const* find_choice(std::string_view name)
{
    auto const& all  = choices();
    auto const found = std::find_if(all.begin(), all.end(), [&](choice const& one) { return one.name == name; });
    return found == all.end() ? nullptr : &*found;
}

/// Chooses what the text says, and reads the picture if that is in a file. Throws option_error with what may be written
/// instead: "--score logt: write probability, logit or sigmoid". `written` is how it stands there.
inline void choose(composition& in, choice const& which, std::string_view text, std::string const& written,
                   picture_reader const& read_picture = {})
{
    if (!which.set(in, text)) { throw option_error{written + ": write " + which.values()}; }
    auto const fetch = [&](picture& chosen) {
        auto* const of_file = std::get_if<picture_file>(&chosen);
        if (of_file == nullptr || of_file->pixels != nullptr) { return; }
        if (!read_picture) { throw option_error{written + ": pictures cannot be read from files here"}; }
        of_file->pixels = std::make_shared<tensor<float, 3> const>(read_picture(of_file->name));
    };
    fetch(in.background.picture);
    if (auto* const held = std::get_if<scorecam::baseline<picture>>(&in.baseline)) { fetch(held->picture); }
}

namespace detail {

/// What of a convention can be written.
using written_kinds =
    scorecam::detail::kind_list<kinds::masks, kinds::place, kinds::grouping, kinds::channels, kinds::unscored, kinds::flat,
                                kinds::masking, kinds::background, kinds::score, kinds::baseline, kinds::weighting,
                                kinds::estimate, kinds::summand, kinds::heatmap>;

/// Whether all that a convention is composed of can be.
template <class... P>
consteval bool all_written(std::type_identity<composed<P...>>)
{
    return (written_kinds::has<kind_of<P>> && ...);
}
template <class Base, class... P>
consteval bool all_written(std::type_identity<adapted<Base, P...>>)
{
    return all_written(std::type_identity<composed<P...>>{}) && all_written(std::type_identity<Base>{});
}

}  // namespace detail

/// What a convention of the library, or one like them, is composed of.
template <class Convention>
[[nodiscard]] composition composition_of(Convention const& convention)
{
    auto from = convention.policies();
    static_assert(detail::all_written(std::type_identity<decltype(from)>{}),
                  "scorecam: this convention has a policy that the table of choices in policies/text.hpp cannot write");
    composition made;
    detail::take<kinds::masks>(from, made.masks);
    detail::take<kinds::place>(from, made.place);
    detail::take<kinds::grouping>(from, made.groups);
    detail::take<kinds::channels>(from, made.channels);
    detail::take<kinds::unscored>(from, made.unscored);
    detail::take<kinds::flat>(from, made.flat);
    detail::take<kinds::masking>(from, made.mask);
    detail::take<kinds::background>(from, made.background);
    detail::take<kinds::score>(from, made.score);
    detail::take<kinds::baseline>(from, made.baseline);
    detail::take<kinds::weighting>(from, made.weighting);
    detail::take<kinds::estimate>(from, made.estimate);
    detail::take<kinds::summand>(from, made.sum);
    detail::take<kinds::heatmap>(from, made.map);
    return made;
}

/// The names of all kinds of Score-CAM in the library.
[[nodiscard]] inline std::vector<std::string> convention_names()
{
    return std::apply([](auto const&... one) { return std::vector<std::string>{one.name...}; }, conventions::all{});
}

/// Every convention of the library by its name: those, and their relatives.
[[nodiscard]] inline form<composition> const& conventions_by_name()
{
    static form<composition> const all = [] {
        form<composition> made;
        std::vector<std::pair<std::string, composition>> named;
        auto const every = std::tuple_cat(conventions::all{}, conventions::relatives{});
        std::apply([&](auto const&... one) { (named.emplace_back(one.name, composition_of(one)), ...); }, every);
        for (auto const& [name, of] : named) { made.spellings.push_back(name); }
        made.read = [named](std::string_view text) -> std::optional<composition> {
            for (auto const& [name, of] : named) {
                if (name == text) { return of; }
            }
            return std::nullopt;
        };
        return made;
    }();
    return all;
}

/// A composition as it is written: a convention, and choices beside it.
struct written_composition {
    std::string convention;
    std::vector<std::pair<std::string, std::string>> beside{};  ///< name and text, in their order

    /// "official,channels=list:3,5,score=logit". A part without "=" belongs to the list before it. Throws option_error if
    /// the convention is none, or something has no name.
    explicit written_composition(std::string const& text)
    {
        for (auto const part : detail::parts_of(text, ',')) {
            auto const equals = part.find('=');
            if (part.data() == text.data()) {
                convention = part;
            } else if (equals != std::string_view::npos) {
                beside.emplace_back(part.substr(0, equals), part.substr(equals + 1));
            } else if (!beside.empty()) {
                beside.back().second += "," + std::string{part};
            } else {
                throw option_error{"--composition " + text + ": write choices as NAME=VALUE, such as channels=deviation:64"};
            }
        }
        if (!conventions_by_name().read(convention)) {
            throw option_error{"--composition " + text +
                               ": write the name of a convention first: " + listed(conventions_by_name())};
        }
    }
};

}  // namespace scorecam::text
