#include "maps/chosen_explainer.hpp"

#include <memory>
#include <tuple>
#include <utility>

#include <scorecam/error.hpp>

#include "maps/chosen_policies.hpp"
#ifdef SCORECAM_WITH_BUDGET
#include "maps/budgeted_explainer.hpp"
#endif

namespace cli {

namespace sc = scorecam;

image_explainer chosen_explainer(sc::cpu::backend& on, network& explained_network, explain_options const& options,
                                 labels const& names, progress told)
{
    if (options.wants_estimate()) {
#ifdef SCORECAM_WITH_BUDGET
        return budgeted_explainer(on, explained_network, options, names, std::move(told));
#else
        throw sc::option_error{"--budget and --tolerance: this program was built without scorecam::budget"};
#endif
    }
    auto const make = [&](auto... policies) -> image_explainer {
        using type     = sc::layers_explainer<sc::cpu::backend, network, decltype(policies)...>;
        auto const run = std::make_shared<type>(on, explained_network, options.fusion(), std::move(policies)...);
        return [run](sc::tensor_view<float const, 3> image) { return explained{(*run)(image), std::nullopt}; };
    };
    return std::apply(make, policies_of(options, names, std::move(told)));
}

}  // namespace cli
