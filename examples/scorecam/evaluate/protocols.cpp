#include "evaluate/protocols.hpp"

#include <string_view>
#include <utility>

namespace cli {
namespace {

namespace m    = sc::metrics;
namespace text = sc::text;

constexpr double least_share = 1e-6;  // finer than a pixel of the largest photo

template <class Protocols>
std::string name_of(Protocols const& chosen)
{
    return std::visit([](auto const& protocol) { return protocol.name(); }, chosen);
}

}  // namespace

std::vector<m::measured> protocols::columns() const
{
    std::vector<m::measured> all;
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

text::form<std::optional<curve_protocol>> const& curve_protocols()
{
    using curves          = curve_protocol;
    static auto const all = [] {
        auto const some = text::any_of<curves>(
            {text::named<curves, m::paper>("paper",
                                           text::argument{text::number("SHARE", least_share, 1.0), &m::paper::step}),
             text::named<curves, m::rise>("rise", text::argument{text::count("PIXELS"), &m::rise::step}),
             text::named<curves, m::torch_cam>("torch_cam", text::argument{text::count("STEPS"), &m::torch_cam::steps})});
        text::form<std::optional<curves>> made{some.spellings, some.letters, {}, {}};
        made.spellings.push_back("none");
        made.read = [some](std::string_view written) -> std::optional<std::optional<curves>> {
            auto value = some.read(written);
            if (!value && written != "none") { return std::nullopt; }
            return std::optional<std::optional<curves>>{std::in_place, std::move(value)};
        };
        made.write = [some](std::optional<curves> const& of) { return of ? some.write(*of) : "none"; };
        return made;
    }();
    return all;
}

text::form<confidence_protocol> const& confidence_protocols()
{
    using confidence      = confidence_protocol;
    static auto const all = text::any_of<confidence>(
        {text::named<confidence, m::paper>("paper",
                                           text::argument{text::number("SHARE", least_share, 1.0), &m::paper::kept}),
         text::word<confidence, m::multiply>("multiply"), text::word<confidence, m::torch_cam>("torch_cam")});
    return all;
}

text::form<pointing_protocol> const& pointing_protocols()
{
    using pointing = pointing_protocol;
    static auto const all =
        text::any_of<pointing>({text::word<pointing, m::inside>("inside"),
                                text::named<pointing, m::torchray>(
                                    "torchray", text::argument{text::above("PIXELS", 0, 1e6), &m::torchray::tolerance})});
    return all;
}

}  // namespace cli
