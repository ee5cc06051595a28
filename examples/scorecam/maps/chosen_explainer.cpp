#include "maps/chosen_explainer.hpp"

#include <memory>
#include <utility>

#include <scorecam/error.hpp>

#ifdef SCORECAM_WITH_BUDGET
#include "maps/budgeted_explainer.hpp"
#endif

namespace cli {

namespace sc = scorecam;

explained explain_answers(sc::cpu::backend& on, network& explained_network, explain_options const& options,
                          sc::tensor_view<float const, 3> image, answer_score const& asked, progress told)
{
    sc::layers_explainer<sc::cpu::backend, network> explain{on,
                                                            explained_network,
                                                            options.composition.how_fused(),
                                                            options.composition,
                                                            asked,
                                                            sc::on_progress{std::move(told)}};
    return explained{explain(image), std::nullopt};
}

image_explainer chosen_explainer(sc::cpu::backend& on, network& explained_network, explain_options const& options,
                                 progress told)
{
    if (!told) {
        told = [](sc::index_t, sc::index_t) {};
    }
    if (options.wants_estimate()) {
#ifdef SCORECAM_WITH_BUDGET
        return budgeted_explainer(on, explained_network, options, std::move(told));
#else
        throw sc::option_error{"--budget and --tolerance: this program was built without scorecam::budget"};
#endif
    }
    auto const run = std::make_shared<sc::layers_explainer<sc::cpu::backend, network>>(
        on, explained_network, options.composition.how_fused(), options.composition, sc::on_progress{std::move(told)});
    return [run](sc::tensor_view<float const, 3> image, target const& which) {
        return explained{(*run)(image, which), std::nullopt};
    };
}

}  // namespace cli
