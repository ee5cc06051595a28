#pragma once
// How maps are evaluated, as values that the command line can choose.
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <scorecam/metrics/localisation.hpp>
#include <scorecam/metrics/measured.hpp>
#include <scorecam/metrics/protocols.hpp>
#include <scorecam/policies/text_forms.hpp>

namespace cli {

namespace sc = scorecam;

using curve_protocol      = std::variant<sc::metrics::paper, sc::metrics::rise, sc::metrics::torch_cam>;
using confidence_protocol = std::variant<sc::metrics::paper, sc::metrics::multiply, sc::metrics::torch_cam>;
using pointing_protocol   = std::variant<sc::metrics::inside, sc::metrics::torchray>;

/// A curve is kept at evenly spaced shares of the pixels.
inline constexpr int points_of_a_curve = 51;

struct protocols {
    std::optional<curve_protocol> curves;
    confidence_protocol confidence;
    pointing_protocol pointing;
    sc::metrics::fraction_of_max overlap{};
    bool adcc = false;

    /// A measured without value for each number that a map gets, in the order in which it gets them.
    [[nodiscard]] std::vector<sc::metrics::measured> columns() const;
};

/// How each is written: "paper:0.05" (share per step), "rise:1000" (pixels per step), "torch_cam:10" (steps); "paper:0.3"
/// (share kept); "torchray:15" (pixels).
[[nodiscard]] sc::text::form<std::optional<curve_protocol>> const& curve_protocols();
[[nodiscard]] sc::text::form<confidence_protocol> const& confidence_protocols();
[[nodiscard]] sc::text::form<pointing_protocol> const& pointing_protocols();

}  // namespace cli
