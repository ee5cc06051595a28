#include "chosen_explainer.hpp"

#include <memory>
#include <tuple>
#include <utility>

#include <scorecam/error.hpp>
#ifdef SCORECAM_WITH_BUDGET
#include <scorecam/budget/explain.hpp>
#endif

namespace cli {
namespace {

namespace sc = scorecam;

auto policies_of(explain_options const& options, labels const& names, progress told)
{
    return std::tuple{options.target_policy(names), options.grouping_policy(),    options.channels_policy(),
                      options.unscored_policy(),    options.flat_policy(),        options.mask_policy(),
                      options.background_policy(),  options.score_policy(),       options.baseline_policy(),
                      options.weighting_policy(),   options.summand_policy(),     options.heatmap_policy(),
                      options.batching_policy(),    sc::callers{options.callers}, sc::on_progress{std::move(told)}};
}

#ifdef SCORECAM_WITH_BUDGET
/// As if it were the only layer.
explained from(sc::budget::explanation<float> const& found)
{
    auto const listed = [](sc::tensor<float, 2> const& errors) { return std::vector<float>(errors.begin(), errors.end()); };
    explained all;
    all.maps       = found.maps;
    all.status     = found.status;
    all.forwards   = found.forwards;
    all.batches    = found.batches;
    all.peak_bytes = found.peak_bytes;
    all.layers.push_back(found);
    all.estimate =
        estimate{listed(found.predicted_error), listed(found.certified_error), found.scored_channels, found.is_exact};
    return all;
}
#endif

}  // namespace

image_explainer chosen_explainer(sc::cpu::backend& on, network& explained_network, explain_options const& options,
                                 labels const& names, progress told)
{
    auto const with = [&](auto const& make) { return std::apply(make, policies_of(options, names, std::move(told))); };
    if (!options.wants_estimate()) {
        return with([&](auto... policies) -> image_explainer {
            using type     = sc::layers_explainer<sc::cpu::backend, network, decltype(policies)...>;
            auto const run = std::make_shared<type>(on, explained_network, options.fusion(), std::move(policies)...);
            return [run](sc::tensor_view<float const, 3> image) { return explained{(*run)(image), std::nullopt}; };
        });
    }
#ifdef SCORECAM_WITH_BUDGET
    if (options.layers.size() > 1) {
        throw sc::option_error{"--budget and --tolerance explain one layer; write one --layer, or neither of them"};
    }
    sc::budget::effort effort = sc::budget::forwards{options.budget};
    if (options.tolerance > 0) { effort = sc::budget::tolerance{options.tolerance}; }
    return with([&](auto... policies) -> image_explainer {
        using type     = sc::budget::explainer<sc::cpu::backend, network, decltype(policies)...>;
        auto const run = std::make_shared<type>(on, explained_network, std::move(policies)...);
        return [run, effort](sc::tensor_view<float const, 3> image) { return from((*run)(image, effort)); };
    });
#else
    throw sc::option_error{"--budget and --tolerance: this program was built without scorecam::budget"};
#endif
}

}  // namespace cli
