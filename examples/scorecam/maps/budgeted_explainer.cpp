#include "maps/budgeted_explainer.hpp"

#include <memory>
#include <utility>

#include <scorecam/budget/explain.hpp>

namespace cli {
namespace {

namespace sc = scorecam;

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

}  // namespace

image_explainer budgeted_explainer(sc::cpu::backend& on, network& explained_network, explain_options const& options,
                                   progress told)
{
    if (options.layers.size() > 1) {
        throw sc::option_error{"--budget and --tolerance explain one layer; write one --layer, or neither of them"};
    }
    sc::budget::limit limit = sc::budget::forwards{options.budget};
    if (options.tolerance > 0) { limit = sc::budget::tolerance{options.tolerance}; }
    auto const run = std::make_shared<sc::budget::explainer<sc::cpu::backend, network>>(
        on, explained_network, options.composition, sc::on_progress{std::move(told)});
    return [run, limit](sc::tensor_view<float const, 3> image, target const& which) {
        return from((*run)(image, limit, which));
    };
}

}  // namespace cli
