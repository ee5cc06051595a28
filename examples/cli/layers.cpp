#include <iomanip>
#include <iostream>

#include <scorecam/opencv/network.hpp>

#include "commands.hpp"

namespace cli {

int list_layers(model_options const& options)
{
    scorecam::opencv::network const network{scorecam::opencv::read_network(options.model, options.description),
                                            options.preprocessing().shape()};
    for (auto const& layer : network.layers()) {
        bool const chosen = layer.name == network.layer().name;
        std::cout << (chosen ? "* " : "  ") << std::left << std::setw(16) << layer.type << std::setw(18)
                  << to_string(layer.shape) << layer.name << '\n';
    }
    std::cout << "\n(channels, height, width) for one input of " << to_string(network.input_shape())
              << "; * is what scorecam explain takes without --layer\n";
    return 0;
}

}  // namespace cli
