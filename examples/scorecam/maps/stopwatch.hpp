#pragma once
// Time on two clocks, and what is said about many times.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <vector>

namespace bench {

/// The wall's clock, and the processor time of all threads of this process, which other programs disturb far less.
struct seconds {
    double wall;
    double cpu;
};

template <class Work>
[[nodiscard]] seconds timed(Work&& work)
{
    auto const cpu_before = std::clock();
    auto const before     = std::chrono::steady_clock::now();
    work();
    std::chrono::duration<double> const wall = std::chrono::steady_clock::now() - before;
    return {wall.count(), static_cast<double>(std::clock() - cpu_before) / CLOCKS_PER_SEC};
}

/// The value below which a share of all values lies; 0.5 is the median. `values` is not empty.
[[nodiscard]] inline double quantile(std::vector<double> values, double share)
{
    std::sort(values.begin(), values.end());
    double const at  = share * static_cast<double>(values.size() - 1);
    auto const below = static_cast<std::size_t>(at);
    auto const above = std::min(below + 1, values.size() - 1);
    return values[below] + (at - static_cast<double>(below)) * (values[above] - values[below]);
}
[[nodiscard]] inline double median(std::vector<double> const& values) { return quantile(values, 0.5); }

}  // namespace bench
