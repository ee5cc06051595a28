#pragma once
// Numbers of results, as tables have them.
#include <cmath>
#include <iomanip>
#include <sstream>
#include <string>

#include <nlohmann/json.hpp>

namespace cli {

/// "-" for what is no number, or NaN.
inline std::string fixed(nlohmann::ordered_json const& value, int places)
{
    if (!value.is_number() || std::isnan(value.get<double>())) { return "-"; }
    std::ostringstream text;
    text << std::fixed << std::setprecision(places) << value.get<double>();
    return text.str();
}

}  // namespace cli
