#include <iomanip>
#include <iostream>

#include "commands/commands.hpp"
#include "maps/network.hpp"

namespace cli {

int list_layers(model_options const& options)
{
    auto const network = open_network(options);
    for (auto const& layer : network.on().layers()) {
        bool const chosen = layer.name == network.on().explained()[0].name;
        std::cout << (chosen ? "* " : "  ") << std::left << std::setw(16) << layer.type << std::setw(18)
                  << to_string(layer.shape) << layer.name << '\n';
    }
    std::cout << "\n(channels, height, width) for one input of " << to_string(network.input_shape())
              << "; * is what scorecam explain takes without --layer\n";
    return 0;
}

}  // namespace cli
