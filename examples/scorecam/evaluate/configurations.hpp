#pragma once
// The configurations that are evaluated side by side, and the controls among them.
#include <string>
#include <vector>

#include "maps/options.hpp"

namespace cli {

/// A composition on an engine.
struct configuration {
    std::string name;  ///< "torch_cam,channels=deviation:64,engine=openvino", as it was written
    std::string
        control;  ///< the name of the configuration on the same engine and layer in which all channels count the same
    explain_options options;
};

/// The name of the control that is none: every pixel has a random value.
inline constexpr char const* random_control = "random";

/// A configuration for each text, as with_composition() takes it; the controls that are missing come after them. Without any
/// text, all conventions. Throws scorecam::option_error.
[[nodiscard]] std::vector<configuration> configurations_of(explain_options const& options, std::vector<std::string> texts);

}  // namespace cli
