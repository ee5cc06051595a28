#pragma once
// How maps are evaluated, as values that the command line can choose.
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <scorecam/metrics/localisation.hpp>
#include <scorecam/metrics/measured.hpp>
#include <scorecam/metrics/protocols.hpp>

namespace cli {

using curve_protocol = std::variant<scorecam::metrics::paper, scorecam::metrics::rise, scorecam::metrics::torch_cam>;
using confidence_protocol =
    std::variant<scorecam::metrics::paper, scorecam::metrics::multiply, scorecam::metrics::torch_cam>;
using pointing_protocol = std::variant<scorecam::metrics::inside, scorecam::metrics::torchray>;

struct protocols {
    std::optional<curve_protocol> curves;
    confidence_protocol confidence;
    pointing_protocol pointing;
    scorecam::metrics::fraction_of_max overlap;
    bool adcc;

    /// A measured without value for each number that a map gets, in the order in which it gets them.
    [[nodiscard]] std::vector<scorecam::metrics::measured> columns() const;
};

/// "paper", "paper:0.05" (share per step), "rise", "rise:1000" (pixels per step), "torch_cam:10" (steps), "none".
[[nodiscard]] std::optional<curve_protocol> curve_protocol_of(std::string const& text);
/// "paper", "paper:0.3" (share kept), "multiply", "torch_cam".
[[nodiscard]] confidence_protocol confidence_protocol_of(std::string const& text);
/// "inside", "torchray", "torchray:15" (pixels).
[[nodiscard]] pointing_protocol pointing_protocol_of(std::string const& text);

}  // namespace cli
