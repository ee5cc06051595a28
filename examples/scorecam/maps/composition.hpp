#pragma once
// The choices that make up a convention, as they are written on the command line and in reports.
#include <map>
#include <string>
#include <vector>

namespace cli {

/// One step that can be chosen.
struct choice {
    char const* name;                 ///< of the option, without dashes
    std::vector<std::string> values;  ///< the values it takes; empty if it takes more than can be listed
    char const* help;
};

/// All steps, in the order of the algorithm.
[[nodiscard]] std::vector<choice> const& all_choices();

/// What is chosen at each step, by the choices' names.
using composition = std::map<std::string, std::string>;

/// The names of all conventions of the library.
[[nodiscard]] std::vector<std::string> convention_names();

/// What a convention of the library is composed of.
[[nodiscard]] composition composition_of(std::string const& convention);

}  // namespace cli
