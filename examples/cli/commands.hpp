#pragma once
// What the program can do. Each command returns the exit status: 0 done, 1 something failed.
#include "options.hpp"

namespace cli {

int explain(explain_options const& options);

struct compare_options : explain_options {
    std::vector<std::string> compositions;  ///< none: every convention
    std::string json;
    std::string panel_file;
    bool maps_only = false;
};
int compare(compare_options const& options);

int list_layers(model_options const& options);

}  // namespace cli
