#include "maps/map_maker.hpp"

#include <utility>
#include <variant>

#include "maps/engine_of.hpp"
#include "maps/score_choice.hpp"

namespace cli {

opened_network::opened_network(std::unique_ptr<recorded_engine> on, int threads)
    : recorded{on.get()}, network{std::move(on)}, cpu{threads}
{
}

std::shared_ptr<opened_network> opened_networks::operator()(explain_options const& options)
{
    auto& one = opened_[{options.threads, options.concurrency, options.precision}];
    if (!one) {
        one = std::make_shared<opened_network>(std::make_unique<recorded_engine>(open_engine(options, options.layers)),
                                               threads_of(options));
    }
    return one;
}

map_maker::map_maker(std::shared_ptr<opened_network> on, explain_options const& options, labels const& names,
                     sc::tensor_view<float const, 3> input)
    : on_{std::move(on)}, tunes_itself_{std::holds_alternative<sc::tuned_batch>(options.composition.batch)}, input_{input},
      target_{options.target_policy(names)},
      explain_{chosen_explainer(on_->cpu, on_->network, with_score_for(on_->network.on(), options))}
{
}

explained map_maker::make()
{
    auto found = explain_(input_, target_);
    work_      = on_->recorded->take();
    return found;
}

explained map_maker::warm_up()
{
    constexpr int at_most = 8;  // a few channels a map: as many maps until each size was tried four times
    on_->network.take_over();
    auto found = make();
    for (int i = 1; tunes_itself_ && i < at_most; ++i) {
        auto const before = std::exchange(work_, {});
        found             = make();
        if (work_.same_sizes(before)) { break; }
    }
    return found;
}

map_maker::times map_maker::measure(order which)
{
    times found{};
    on_->network.take_over();
    if (which == order::bare_first) {
        found.bare = bench::timed([&] { work_.repeat(); });
    }
    found.map         = bench::timed([&] { (void)make(); });
    found.cpu_outside = found.map.cpu - work_.cpu_seconds;
    if (which == order::map_first) {
        found.bare = bench::timed([&] { work_.repeat(); });
    }
    return found;
}

}  // namespace cli
