#pragma once
// One number of one metric, under the protocol it was measured with: a value, or the reason why there is none.
#include <cmath>
#include <limits>
#include <string>
#include <utility>

namespace scorecam::metrics {

/// What is to be known about a number. Whatever is not `none` is counted by its name in a summary and never averaged in
/// silently.
enum class caveat {
    none,
    empty_map,            ///< the map is 0 everywhere
    constant_map,         ///< the map has the same value everywhere, so that it ranks nothing
    constant_second_map,  ///< the map it is compared with has the same value everywhere
    empty_region,         ///< the box or the mask covers nothing
    no_confidence,        ///< the score of the image itself is 0, so that there is nothing to lose
    full_confidence,      ///< the score of the image itself is 1, so that there is nothing to gain
    at_pole               ///< a term of a harmonic mean is 0, and the mean with it: its limit
};

[[nodiscard]] constexpr char const* to_string(caveat why)
{
    switch (why) {
    case caveat::none:
        return "none";
    case caveat::empty_map:
        return "empty map";
    case caveat::constant_map:
        return "constant map";
    case caveat::constant_second_map:
        return "constant second map";
    case caveat::empty_region:
        return "empty region";
    case caveat::no_confidence:
        return "no confidence to lose";
    case caveat::full_confidence:
        return "no confidence to gain";
    case caveat::at_pole:
        return "at a pole";
    }
    return "unknown";
}

/// A value under a named protocol. Where the definition gives 0/0 there is no value, it is NaN; where it gives a number that
/// says little (a constant map ranks nothing), the number stands beside its caveat.
struct measured {
    std::string metric;    ///< "average_drop", ...
    std::string protocol;  ///< "paper", "rise", ...
    double value = std::numeric_limits<double>::quiet_NaN();
    caveat why   = caveat::none;

    [[nodiscard]] bool has_value() const { return !std::isnan(value); }
    [[nodiscard]] bool sound() const { return has_value() && why == caveat::none; }
};

/// "average_drop (paper): 0.314159", "iou (fraction_of_max 0.2): undefined, empty map".
[[nodiscard]] inline std::string to_string(measured const& one)
{
    auto text = one.metric + " (" + one.protocol + "): " + (one.has_value() ? std::to_string(one.value) : "undefined");
    if (one.why != caveat::none) { text += std::string{", "} + to_string(one.why); }
    return text;
}

}  // namespace scorecam::metrics
