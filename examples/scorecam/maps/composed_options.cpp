#include "maps/composed_options.hpp"

#include <algorithm>
#include <charconv>

namespace cli {

namespace sc = scorecam;

explain_options composed(explain_options const& options, std::string const& text)
{
    explain_options one = options;
    auto const comma    = std::min(text.find(','), text.size());
    one.convention      = text.substr(0, comma);
    auto const names    = convention_names();
    if (std::find(names.begin(), names.end(), one.convention) == names.end()) {
        throw sc::option_error{"--composition " + text + ": write the name of a convention first, such as official"};
    }
    for (std::size_t from = comma + 1; from < text.size();) {
        auto const to     = std::min(text.find(',', from), text.size());
        auto const equals = text.find('=', from);
        auto const name   = text.substr(from, equals - from);
        auto const steps  = all_choices();
        auto const value  = text.substr(std::min(equals, text.size() - 1) + 1, to - std::min(equals, to) - 1);
        if (name == "budget" || name == "tolerance") {
            double number           = 0;
            auto const [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
            bool const fits         = name == "budget" ? number >= 1 && number < 1e9 : number > 0 && number < 1;
            if (error != std::errc{} || end != value.data() + value.size() || !fits) {
                throw sc::option_error{"--composition " + text + ": write budget=64 or tolerance=0.05"};
            }
            if (name == "budget") { one.budget = static_cast<int>(number); }
            if (name == "tolerance") { one.tolerance = number; }
            from = to + 1;
            continue;
        }
        if (equals >= to ||
            std::none_of(steps.begin(), steps.end(), [&](choice const& step) { return step.name == name; })) {
            throw sc::option_error{"--composition " + text + ": write steps as NAME=VALUE, such as channels=deviation:64"};
        }
        one.chosen[name] = value;
        from             = to + 1;
    }
    one.complete();
    return one;
}

}  // namespace cli
