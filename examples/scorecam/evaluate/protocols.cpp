#include "evaluate/protocols.hpp"

#include <charconv>

#include <scorecam/error.hpp>

namespace cli {
namespace {

namespace sc = scorecam;

/// A name, and the number after its colon if there is one.
struct named_number {
    std::string name;
    std::optional<double> number;
    bool is_well_formed = true;

    explicit named_number(std::string const& text) : name{text.substr(0, text.find(':'))}
    {
        if (name.size() == text.size()) { return; }
        double value              = 0;
        auto const* const end     = text.data() + text.size();
        auto const [stop, failed] = std::from_chars(text.data() + name.size() + 1, end, value);
        is_well_formed            = failed == std::errc{} && stop == end && value > 0;
        number                    = value;
    }
    [[nodiscard]] bool is(char const* wanted) const { return is_well_formed && name == wanted; }
};

[[noreturn]] void refuse(std::string const& option, std::string const& text, std::string const& instead)
{
    throw sc::option_error{option + " " + text + ": write " + instead};
}

template <class Protocols>
std::string name_of(Protocols const& chosen)
{
    return std::visit([](auto const& protocol) { return protocol.name(); }, chosen);
}

bool is_share(std::optional<double> value) { return !value || *value <= 1; }
bool is_count(std::optional<double> value) { return !value || (*value >= 1 && *value < 1e9); }

}  // namespace

std::vector<sc::metrics::measured> protocols::columns() const
{
    std::vector<sc::metrics::measured> all;
    for (auto const* metric : {"average_drop", "average_increase", "average_gain"}) {
        all.push_back({metric, name_of(confidence)});
    }
    if (curves) {
        for (auto const* metric : {"insertion", "deletion"}) { all.push_back({metric, name_of(*curves)}); }
    }
    all.push_back({"energy_pointing_game", "paper"});
    all.push_back({"pointing_game", name_of(pointing)});
    all.push_back({"iou", overlap.name()});
    if (adcc) { all.push_back({"adcc", "aimagelab"}); }
    return all;
}

std::optional<curve_protocol> curve_protocol_of(std::string const& text)
{
    named_number const chosen{text};
    auto const count = [&](sc::index_t usual) { return chosen.number ? static_cast<sc::index_t>(*chosen.number) : usual; };
    if (text == "none") { return std::nullopt; }
    if (chosen.is("paper") && is_share(chosen.number)) {
        sc::metrics::paper how;
        how.step = chosen.number.value_or(how.step);
        return how;
    }
    if (chosen.is("rise") && is_count(chosen.number)) {
        sc::metrics::rise how;
        how.step = count(how.step);
        return how;
    }
    if (chosen.is("torch_cam") && is_count(chosen.number)) {
        sc::metrics::torch_cam how;
        how.steps = count(how.steps);
        return how;
    }
    refuse("--curves", text,
           "paper or paper:SHARE per step, rise or rise:PIXELS per step, torch_cam or torch_cam:STEPS, or none");
}

confidence_protocol confidence_protocol_of(std::string const& text)
{
    named_number const chosen{text};
    if (chosen.is("paper") && is_share(chosen.number)) {
        sc::metrics::paper how;
        how.kept = chosen.number.value_or(how.kept);
        return how;
    }
    if (text == "multiply") { return sc::metrics::multiply{}; }
    if (text == "torch_cam") { return sc::metrics::torch_cam{}; }
    refuse("--confidence", text, "paper or paper:SHARE kept, multiply or torch_cam");
}

pointing_protocol pointing_protocol_of(std::string const& text)
{
    named_number const chosen{text};
    if (text == "inside") { return sc::metrics::inside{}; }
    if (chosen.is("torchray")) {
        sc::metrics::torchray how;
        how.tolerance = chosen.number.value_or(how.tolerance);
        return how;
    }
    refuse("--pointing", text, "inside, torchray or torchray:PIXELS");
}

}  // namespace cli
