#pragma once
// The map of one case, made again and again, and the bare forwards of the same map.
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include <scorecam/cpu/backend.hpp>

#include "maps/chosen_explainer.hpp"
#include "maps/recorded_engine.hpp"
#include "maps/stopwatch.hpp"

namespace cli {

/// A network opened once for all cases that open it in the same way. One map at a time is made with it.
struct opened_network {
    recorded_engine* recorded;  ///< part of the network
    cli::network network;
    sc::cpu::backend cpu;

    opened_network(std::unique_ptr<recorded_engine> on, int threads);
};

class opened_networks {
public:
    /// The network of the options, opened if it is the first with these threads, concurrency and precision.
    [[nodiscard]] std::shared_ptr<opened_network> operator()(explain_options const& options);

private:
    std::map<std::tuple<int, int, std::string>, std::shared_ptr<opened_network>> opened_;
};

/// Makes the map of one picture with the options of one case. The input outlives it.
class map_maker {
public:
    map_maker(std::shared_ptr<opened_network> on, explain_options const& options, labels const& names,
              sc::tensor_view<float const, 3> input);

    /// The first map, which pays for memory; of batches that tune themselves as many as it takes until they are settled.
    explained warm_up();

    struct times {
        bench::seconds map;
        bench::seconds bare;  ///< the calls of the engine that the map made, and nothing else
        double cpu_outside;   ///< processor seconds of the map that were not spent inside the engine; one caller only
    };
    enum class order { map_first, bare_first };
    /// A map and its bare forwards, timed. If these come first, they are those of the map before.
    times measure(order which);

private:
    explained make();

    std::shared_ptr<opened_network> on_;
    bool tunes_itself_;
    sc::tensor_view<float const, 3> input_;
    target target_;
    image_explainer explain_;
    recorded_work work_;  // of the last map
};

}  // namespace cli
