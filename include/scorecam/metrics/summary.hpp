#pragma once
// The mean of one metric over many images, what stood in its way, and how sure it is.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/metrics/measured.hpp>
#include <scorecam/ops/paint.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::metrics {

/// How the interval of the mean is found: the percentiles of the means of resampled values (Efron's bootstrap).
struct bootstrap {
    double level       = 0.95;
    index_t resamples  = 2000;
    std::uint64_t seed = 1;
};

/// The mean of the sound values; everything else is counted by its caveat.
struct summary {
    std::string metric;
    std::string protocol;
    index_t total   = 0;                                         ///< numbers summarised
    index_t sound   = 0;                                         ///< of them, those in the mean
    double mean     = std::numeric_limits<double>::quiet_NaN();  ///< NaN if none is sound
    double low      = std::numeric_limits<double>::quiet_NaN();  ///< of the interval; NaN for fewer than two
    double high     = std::numeric_limits<double>::quiet_NaN();
    index_t valued  = 0;                                         ///< those with a value, sound or beside a caveat
    double mean_all = std::numeric_limits<double>::quiet_NaN();  ///< of these
    std::map<caveat, index_t> caveats = {};                      ///< how many of each, none left out
};

namespace detail {

[[nodiscard]] inline double mean_of(std::vector<double> const& values)
{
    double sum = 0;
    for (double const value : values) { sum += value; }
    return sum / static_cast<double>(values.size());
}

}  // namespace detail

/// Summarises numbers of one metric under one protocol. Throws option_error for none, or for several at once.
[[nodiscard]] inline summary summarise(std::vector<measured> const& numbers, bootstrap how = {})
{
    if (numbers.empty()) { throw option_error{"there are no numbers to summarise; measure one image or more"}; }
    if (!(how.level > 0) || !(how.level < 1) || how.resamples < 1) {
        throw option_error{"a bootstrap has a level between 0 and 1 and one resample or more, not " +
                           std::to_string(how.level) + " and " + std::to_string(how.resamples)};
    }
    summary found{numbers[0].metric, numbers[0].protocol, static_cast<index_t>(numbers.size())};
    std::vector<double> sound, valued;
    for (auto const& one : numbers) {
        if (one.metric != found.metric || one.protocol != found.protocol) {
            throw option_error{"numbers of " + found.metric + " (" + found.protocol + ") and of " + one.metric + " (" +
                               one.protocol + ") have no common mean; summarise each by itself"};
        }
        if (one.has_value()) { valued.push_back(one.value); }
        if (one.sound()) { sound.push_back(one.value); }
        if (one.why != caveat::none) { ++found.caveats[one.why]; }
    }
    found.sound  = static_cast<index_t>(sound.size());
    found.valued = static_cast<index_t>(valued.size());
    if (!valued.empty()) { found.mean_all = detail::mean_of(valued); }
    if (!sound.empty()) { found.mean = detail::mean_of(sound); }
    if (sound.size() > 1) {
        std::vector<double> means;
        std::vector<double> drawn(sound.size());
        std::uint64_t counter = 0;
        for (index_t b = 0; b < how.resamples; ++b) {
            for (auto& value : drawn) { value = sound[ops::mix(how.seed ^ ops::mix(counter++)) % sound.size()]; }
            means.push_back(detail::mean_of(drawn));
        }
        std::sort(means.begin(), means.end());
        auto const at = [&](double share) {
            return means[static_cast<std::size_t>(std::lround(share * static_cast<double>(means.size() - 1)))];
        };
        found.low  = at((1 - how.level) / 2);
        found.high = at((1 + how.level) / 2);
    }
    return found;
}

/// "average_drop (paper): 0.314159 in [0.25, 0.38], 19 of 20; empty map 1".
[[nodiscard]] inline std::string to_string(summary const& one)
{
    auto text = one.metric + " (" + one.protocol + "): ";
    text += one.sound == 0 ? "undefined" : std::to_string(one.mean);
    if (one.sound > 1) { text += " in [" + std::to_string(one.low) + ", " + std::to_string(one.high) + "]"; }
    text += ", " + std::to_string(one.sound) + " of " + std::to_string(one.total);
    for (auto const& [why, count] : one.caveats) {
        text += std::string{"; "} + to_string(why) + " " + std::to_string(count);
    }
    return text;
}

}  // namespace scorecam::metrics
