#pragma once
// The policies in force, as the steps call them. Which types they have is settled here: what uses a recipe is compiled once
// for a backend and a model, whatever the choices.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <type_traits>
#include <utility>
#include <vector>

#include <scorecam/backend.hpp>
#include <scorecam/model.hpp>
#include <scorecam/policies/registry.hpp>

namespace scorecam::detail {

/// What may differ from call to call: the questions, and who is told of progress and may stop it.
struct call_choices {
    index_t top = 1;                                             ///< so many of the largest outputs,
    std::function<tensor<index_t, 2>(index_t, index_t)> listed;  ///< unless this lists (images, M) of so many classes
    std::function<void(index_t done, index_t total)> report;     ///< may be empty
    std::function<bool()> stop_requested;                        ///< may be empty

    template <class Target>
    void take(kinds::target, [[maybe_unused]] Target policy)
    {
        listed = {};
        if constexpr (lists_targets<Target>) {
            auto const chosen = std::make_shared<Target>(std::move(policy));
            listed            = [chosen](index_t images, index_t classes) { return chosen->list(images, classes); };
        } else {
            top = policy.number;
        }
    }
    template <class Listener>
    void take(kinds::progress, [[maybe_unused]] Listener policy)
    {
        report = {};
        if constexpr (!std::is_same_v<Listener, silent>) {
            auto const chosen = std::make_shared<Listener>(std::move(policy));
            report            = [chosen](index_t done, index_t total) { chosen->report(done, total); };
        }
    }
    template <class Stop>
    void take(kinds::stop, [[maybe_unused]] Stop policy)
    {
        stop_requested = {};
        if constexpr (!std::is_same_v<Stop, never_stop>) {
            auto const chosen = std::make_shared<Stop>(std::move(policy));
            stop_requested    = [chosen] { return static_cast<bool>(chosen->requested()); };
        }
    }
};

/// A batching strategy; all but `next` may be empty. See policies/batching.hpp.
struct batching_calls {
    std::function<index_t(batch_request)> next;
    std::function<void(index_t, double)> took;
    std::function<index_t(index_t)> on_out_of_memory;
    std::function<index_t()> chosen;
};

/// A picture that a backend paints.
template <class Backend, class T, std::size_t Rank>
struct picture_calls {
    std::function<void(Backend&, const_view_on<Backend, T, Rank> images, view_on<Backend, T, Rank> out)> paint;
    bool per_image   = false;
    bool is_black    = false;  ///< as a background nothing is painted for it
    bool is_unmasked = false;  ///< as a baseline its scores are known
};

template <class Backend, class T, std::size_t SpatialRank>
struct recipe {
    static constexpr std::size_t rank = SpatialRank + 2;
    using picture_type                = picture_calls<Backend, T, rank>;

    call_choices call;

    // f
    std::function<void(Backend&, outputs_on<Backend, T>, const_view_on<Backend, ops::pick, 1>,
                       const_view_on<Backend, index_t, 2> targets, view_on<Backend, T, 3> scores)>
        score;
    score_nature nature = score_nature::other;
    index_t questions   = 0;  ///< that the score itself has; 0: a question is a place in the outputs

    // masks
    std::function<mask_list<T, SpatialRank>(extents<SpatialRank> size, extents<SpatialRank> grid)>
        make_masks;                    ///< empty: they are the activations
    bool follows_activations = false;  ///< the grid of masks that are made is the activations'
    bool ablates_channels    = false;  ///< there are no masks: each channel of the activations is taken away
    index_t copies           = 0;      ///< of each activation as masks, unless 0
    std::function<double(index_t)> scale_of_copy;
    double noise_of_copies           = 0;  ///< its deviation
    std::uint64_t seed_of_the_copies = 0;
    index_t groups                   = 0;                                                     ///< 0: none
    std::function<std::vector<bool>(tensor_view<ops::moments<T> const, 1>)> choose_channels;  ///< empty: all
    unscored_channels unscored{};
    flat_channels flat{};
    mask_rule masking{};
    scorecam::place place{};
    picture_type background;

    // weights
    picture_type baseline;
    bool has_baseline = false;
    std::function<void(Backend&, const_view_on<Backend, T, 3> scores, const_view_on<Backend, ops::channel_role, 2> roles,
                       const_view_on<Backend, T, 2> baseline, const_view_on<Backend, T, 2> zero_mask,
                       view_on<Backend, T, 3>)>
        weigh;
    std::function<void(ops::contributions<T> const&, T* weights)> weigh_row;
    bool shift_invariant = false;  ///< a baseline cannot matter
    bool needs_scores    = true;
    bool weighs_alone    = false;  ///< a channel's weight is of its own contribution alone, never less for a larger one

    // the map
    scorecam::estimate estimate{};
    std::function<estimated<T, SpatialRank>(evidence<T, SpatialRank> const&)> estimate_on_host;  ///< instead, unless empty
    bool answers_without_masks = false;                                ///< whether that is told them
    std::function<bool(score_nature, index_t numbers)> reads_outputs;  ///< whether that asks for rows of so many
    scorecam::summand summand{};
    heatmap_rule heatmap{};

    // the work
    batching_calls batching;
    index_t concurrency = 1;

    template <class Kind, class P>
        requires std::is_same_v<Kind, kinds::target> || std::is_same_v<Kind, kinds::progress> ||
                 std::is_same_v<Kind, kinds::stop>
    void take(Kind kind, P policy)
    {
        call.take(kind, std::move(policy));
    }
    template <class Score>
    void take(kinds::score, Score policy)
    {
        auto const chosen = std::make_shared<Score>(std::move(policy));
        score             = [chosen](Backend& on, outputs_on<Backend, T> outputs, const_view_on<Backend, ops::pick, 1> picks,
                         const_view_on<Backend, index_t, 2> targets,
                         view_on<Backend, T, 3> scores) { on.score(outputs, *chosen, picks, targets, scores); };
        nature            = nature_of<Score>;
        if constexpr (requires { chosen->questions(); }) {
            questions = chosen->questions();
            if (questions < 1) {
                throw option_error{
                    "the score was given nothing to ask about; give it one box, region or embedding, or more"};
            }
        }
    }
    template <class Source>
    void take(kinds::masks, [[maybe_unused]] Source policy)
    {
        if constexpr (std::is_same_v<Source, channel_ablation>) {
            ablates_channels = true;
        } else if constexpr (copies_of_activations<Source>) {
            copies             = policy.number;
            scale_of_copy      = [policy](index_t n) { return static_cast<double>(policy.scale(n)); };
            noise_of_copies    = policy.deviation;
            seed_of_the_copies = policy.seed;
            if (copies < 1 || !(noise_of_copies >= 0 && noise_of_copies <= 1e6)) {
                throw option_error{std::to_string(copies) + " masks of each activation with noise of the deviation " +
                                   std::to_string(noise_of_copies) +
                                   " were asked for; ask for 1 or more, and a deviation from 0 on"};
            }
        } else if constexpr (!std::is_same_v<Source, from_activations>) {
            auto const chosen = std::make_shared<Source>(std::move(policy));
            if constexpr (requires { chosen->follows_activations(); }) {
                follows_activations = chosen->follows_activations();
                make_masks          = [chosen](auto size, auto grid) { return chosen->template make<T>(size, grid); };
            } else {
                static_assert(
                    requires(extents<SpatialRank> size) {
                        { chosen->template make<T>(size) } -> std::same_as<mask_list<T, SpatialRank>>;
                    }, "scorecam: these masks are of another element type or number of axes than the model's input");
                make_masks = [chosen](auto size, auto) { return chosen->template make<T>(size); };
            }
        }
    }
    template <class Grouping>
    void take(kinds::grouping, [[maybe_unused]] Grouping policy)
    {
        if constexpr (!std::is_same_v<Grouping, no_groups>) {
            groups = policy.number;
            if (groups < 1) {
                throw option_error{std::to_string(groups) + " groups of channels were asked for; ask for 1 or more"};
            }
        }
    }
    template <class Choice>
    void take(kinds::channels, [[maybe_unused]] Choice policy)
    {
        if constexpr (!std::is_same_v<Choice, all_channels>) {
            auto const chosen = std::make_shared<Choice>(std::move(policy));
            choose_channels   = [chosen](tensor_view<ops::moments<T> const, 1> moments) { return chosen->choose(moments); };
        }
    }
    template <class Rule>
    void take(kinds::unscored, Rule policy)
    {
        unscored = policy;
    }
    template <class Rule>
    void take(kinds::flat, Rule policy)
    {
        flat = policy;
    }
    template <class Rule>
    void take(kinds::masking, Rule policy)
    {
        masking = policy;
        check_epsilon(masking.epsilon);
    }
    template <class Rule>
    void take(kinds::place, Rule policy)
    {
        place = policy;
    }
    template <class Background>
    void take(kinds::background, Background policy)
    {
        background = picture_of(std::move(policy));
    }
    template <class Baseline>
    void take(kinds::baseline, [[maybe_unused]] Baseline policy)
    {
        if constexpr (!std::is_same_v<Baseline, no_baseline>) {
            baseline     = picture_of(std::move(policy));
            has_baseline = true;
        }
    }
    template <class Weighting>
    void take(kinds::weighting, Weighting policy)
    {
        auto const chosen = std::make_shared<Weighting>(std::move(policy));
        weigh             = [chosen](Backend& on, const_view_on<Backend, T, 3> scores,
                         const_view_on<Backend, ops::channel_role, 2> roles, const_view_on<Backend, T, 2> base,
                         const_view_on<Backend, T, 2> zero_mask,
                         view_on<Backend, T, 3> weights) { on.weigh(scores, roles, base, zero_mask, *chosen, weights); };
        weigh_row         = [chosen](ops::contributions<T> const& c, T* weights) {
            auto const reading = (*chosen)(c);
            for (index_t k = 0; k < c.count; ++k) { weights[k] = static_cast<T>(ops::weight_of(c, reading, k)); }
        };
        shift_invariant = static_cast<bool>(Weighting::shift_invariant);
        needs_scores    = scorecam::needs_scores<Weighting>();
        weighs_alone    = weighs_channels_alone<Weighting>;
    }
    template <class Estimate>
    void take(kinds::estimate, Estimate policy)
    {
        if constexpr (std::is_convertible_v<Estimate const&, scorecam::estimate>) {
            estimate = policy;
        } else {
            auto const chosen = std::make_shared<Estimate>(std::move(policy));
            estimate_on_host  = [chosen](evidence<T, SpatialRank> const& seen) { return chosen->from(seen); };
            if constexpr (requires { Estimate::answers_without_masks; }) {
                answers_without_masks = Estimate::answers_without_masks;
            }
            if constexpr (requires(score_nature of, index_t numbers) { chosen->reads_outputs(of, numbers); }) {
                reads_outputs = [chosen](score_nature of, index_t numbers) -> bool {
                    return chosen->reads_outputs(of, numbers);
                };
            }
        }
    }
    template <class Rule>
    void take(kinds::summand, Rule policy)
    {
        summand = policy;
    }
    template <class Rule>
    void take(kinds::heatmap, Rule policy)
    {
        heatmap = policy;
        check_epsilon(heatmap.activation_epsilon);
        check_epsilon(heatmap.epsilon);
    }
    template <class Strategy>
    void take(kinds::batching, Strategy policy)
    {
        auto const chosen = std::make_shared<Strategy>(std::move(policy));
        batching.next     = [chosen](batch_request r) { return static_cast<index_t>(chosen->next(r)); };
        if constexpr (requires(index_t n, double seconds) { chosen->took(n, seconds); }) {
            batching.took = [chosen](index_t n, double seconds) { chosen->took(n, seconds); };
        }
        if constexpr (requires(index_t n) { chosen->on_out_of_memory(n); }) {
            batching.on_out_of_memory = [chosen](index_t n) { return static_cast<index_t>(chosen->on_out_of_memory(n)); };
        }
        if constexpr (requires { chosen->chosen(); }) {
            batching.chosen = [chosen] { return static_cast<index_t>(chosen->chosen()); };
        }
    }
    template <class Concurrency>
    void take(kinds::concurrency, Concurrency policy)
    {
        concurrency = policy.number;
    }

private:
    static void check_epsilon(double epsilon)
    {
        if (!(epsilon >= 0) || !(epsilon <= 1)) {
            throw option_error{"an epsilon of " + std::to_string(epsilon) + " was given to a rule; give 0 to 1"};
        }
    }
    /// The picture that a baseline or a background holds; of a variant, the one it holds.
    template <class Holder>
    static picture_type picture_of(Holder holder)
    {
        return with_policy(holder.picture, []<class P>(P& held) {
            picture_type found;
            found.per_image   = P::per_image;
            found.is_black    = std::is_same_v<P, black>;
            found.is_unmasked = std::is_same_v<P, unmasked>;
            found.paint       = [picture = std::make_shared<P>(std::move(held))](
                              Backend& on, const_view_on<Backend, T, rank> images, view_on<Backend, T, rank> out) {
                picture->paint(on, images, out);
            };
            return found;
        });
    }
};

/// Hands a policy, or what a variant of policies holds, to a recipe or to call_choices.
template <class Kind, class Taker, class P>
void hand_over(Taker& to, P policy)
{
    if constexpr (requires { std::variant_size<P>::value; }) {
        std::visit([&](auto& alternative) { hand_over<Kind>(to, std::move(alternative)); }, policy);
    } else {
        to.take(Kind{}, std::move(policy));
    }
}

/// One policy of each kind: the one given, else that of the convention among them, else the kind's standard.
template <class Kind, class Recipe, class Given, class Composed>
void settle(Recipe& to, Given& given, Composed& composed)
{
    if constexpr (requires { policy_in_force<Kind>(given); }) {
        hand_over<Kind>(to, std::move(policy_in_force<Kind>(given)));
    } else if constexpr (requires { policy_in_force<Kind>(composed); }) {
        hand_over<Kind>(to, std::move(policy_in_force<Kind>(composed)));
    } else {
        hand_over<Kind>(to, typename choice<Kind>::standard{});
    }
}

template <class Backend, class Model>
using recipe_for = recipe<Backend, typename Model::value_type, spatial_rank_of<Model>>;

template <class Backend, class Model, class... Policies>
[[nodiscard]] recipe_for<Backend, Model> recipe_of(Policies... policies)
{
    recipe_for<Backend, Model> made;
    composed<Policies...> given{{std::move(policies)}...};
    auto const with = [&](auto composed) {
        all_kinds::for_each([&]<class Kind>(Kind) { settle<Kind>(made, given, composed); });
    };
    if constexpr (requires { policy_in_force<kinds::convention>(given); }) {
        with_policy(policy_in_force<kinds::convention>(given), [&](auto const& convention) { with(convention.policies()); });
    } else {
        with(composed<>{});
    }
    return made;
}

/// Says in words what is wrong with policies for a backend and a model; true if nothing.
template <class Backend, class Model, class... Policies>
[[nodiscard]] consteval bool check_policies()
{
    static_assert(
        (policy<Policies> && ...),
        "scorecam: every argument after the image is a policy, such as scorecam::target{243}, scorecam::logit{}, "
        "scorecam::baseline{scorecam::black{}}, scorecam::softmax_weights{} or scorecam::fixed_batch{16}; a function "
        "goes into one, scorecam::score_by{f}, and a type of your own names its kind: using kind = "
        "scorecam::kinds::score");
    static_assert(one_of_each_kind<Policies...>,
                  "scorecam: two policies of the same kind were given (two targets, two scores, two batchings); give one");
    static_assert((check_policy<Policies, typename Model::value_type>() && ...));
    static_assert(std::is_same_v<typename Model::space_type, typename Backend::space_type>,
                  "scorecam: the model and the backend live in different memory; use a backend with the model's space_type");
    return true;
}

/// What can be given with each call: a target, a progress and a stop policy, a std::stop_token, or a function of (done,
/// total).
template <class P>
concept call_argument = one_of<kind_of<P>, kinds::target, kinds::progress, kinds::stop> ||
                        std::is_same_v<std::remove_cvref_t<P>, std::stop_token> ||
                        (std::is_void_v<kind_of<P>> && std::is_invocable_v<P&, index_t, index_t>);

/// The choices of a call: those given, and the standing ones for the rest.
template <class... Now>
[[nodiscard]] call_choices asked(call_choices standing, Now... now)
{
    [[maybe_unused]] auto const take = [&]<class P>(P one) {
        if constexpr (std::is_same_v<P, std::stop_token>) {
            hand_over<kinds::stop>(standing, stop_when{std::move(one)});
        } else if constexpr (std::is_void_v<kind_of<P>>) {
            hand_over<kinds::progress>(standing, on_progress{std::move(one)});
        } else {
            hand_over<kind_of<P>>(standing, std::move(one));
        }
    };
    (take(std::move(now)), ...);
    return standing;
}

}  // namespace scorecam::detail
