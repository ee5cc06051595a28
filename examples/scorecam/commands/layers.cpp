#include <iomanip>
#include <iostream>

#include "commands/commands.hpp"
#include "maps/network.hpp"

namespace cli {

int list_layers(model_options const& options)
{
    auto const network = open_network(options);
    if (options.engine == "auto") { std::cout << "on " << network.on().name() << '\n'; }
    for (auto const& layer : network.on().layers()) {
        bool const chosen = layer.name == network.on().explained()[0].name;
        std::cout << (chosen ? "* " : "  ") << std::left << std::setw(16) << layer.type << std::setw(18)
                  << to_string(layer.shape) << layer.name << (layer.form == "maps" ? "" : "  (" + layer.form + ")") << '\n';
    }
    std::cout << "\n(channels, height, width) for one input of " << to_string(network.input_shape())
              << "; * is what scorecam explain takes without --layer: " << network.on().why() << '\n';
    auto notes         = options.notes();
    auto const further = network.on().notes();
    notes.insert(notes.end(), further.begin(), further.end());
    for (auto const& note : notes) { std::cout << "note: " << note << '\n'; }
    return 0;
}

}  // namespace cli
