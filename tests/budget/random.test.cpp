// The seeded counter-based generator.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/budget/random.hpp>

using scorecam::budget::normal_draws;

namespace {

constexpr std::size_t many = 1 << 18;

[[nodiscard]] std::vector<float> drawn(std::uint64_t seed, std::uint64_t stream = 0)
{
    std::vector<float> numbers(many);
    normal_draws{seed, stream}.fill(0, numbers);
    return numbers;
}
[[nodiscard]] double mean_of(std::vector<float> const& numbers, int power)
{
    double sum = 0;
    for (float const z : numbers) { sum += std::pow(double{z}, power); }
    return sum / static_cast<double>(numbers.size());
}

}  // namespace

TEST_CASE("the same seed gives the same bits, at compile time and on every platform")
{
    // Recorded; the generator is integer arithmetic and one exact scaling, so that there is no tolerance.
    static_assert(normal_draws{1}[0] == -0x1.b2212ep-1F);
    CHECK(normal_draws{1}[0] == -0x1.b2212ep-1F);
    CHECK(normal_draws{1}[1] == -0x1.410274p+0F);
    CHECK(normal_draws{1}[1000000007] == 0x1.24247p-4F);
    CHECK(normal_draws{0x123456789abcdef0, 17}[3] == -0x1.c9efp-2F);
}

TEST_CASE("a number depends on its position, not on who asked before")
{
    auto const all = drawn(5);
    std::vector<float> part(100);
    normal_draws{5}.fill(1234, part);
    CHECK(std::equal(part.begin(), part.end(), all.begin() + 1234));
    CHECK(normal_draws{5}[4321] == all[4321]);
}

TEST_CASE("the numbers are normal")
{
    auto numbers   = drawn(7);
    double const n = static_cast<double>(many);
    CHECK(std::abs(mean_of(numbers, 1)) < 4 / std::sqrt(n));
    CHECK(std::abs(mean_of(numbers, 2) - 1) < 4 * std::sqrt(2 / n));
    CHECK(std::abs(mean_of(numbers, 3)) < 4 * std::sqrt(15 / n));
    CHECK(std::abs(mean_of(numbers, 4) - 3) < 4 * std::sqrt(96 / n) + 0.01);  // 2.995 by construction

    // Kolmogorov's distance: 1.95/√n is exceeded once in a thousand, and the generator is 5e-4 away from normal.
    std::sort(numbers.begin(), numbers.end());
    double distance = 0;
    for (std::size_t i = 0; i < many; ++i) {
        double const normal = 0.5 * std::erfc(-double{numbers[i]} / std::sqrt(2.0));
        distance            = std::max(
            {distance, std::abs(normal - static_cast<double>(i) / n), std::abs(normal - static_cast<double>(i + 1) / n)});
    }
    CHECK(distance < 1.95 / std::sqrt(n) + 5e-4);
    CHECK(numbers.back() < 4.9);
    CHECK(numbers.back() > 4);
    CHECK(numbers.front() > -4.9);
    CHECK(numbers.front() < -4);
}

TEST_CASE("positions, seeds and streams are independent of each other")
{
    auto const all          = drawn(1);
    auto const uncorrelated = [&](std::vector<float> const& other, std::size_t lag) {
        double sum = 0;
        for (std::size_t i = lag; i < many; ++i) { sum += double{all[i]} * double{other[i - lag]}; }
        return std::abs(sum / std::sqrt(static_cast<double>(many))) < 4;
    };
    CHECK(uncorrelated(all, 1));
    CHECK(uncorrelated(all, 2));
    CHECK(uncorrelated(all, 256));
    CHECK(uncorrelated(drawn(2), 0));
    CHECK(uncorrelated(drawn(2), 1));
    CHECK(uncorrelated(drawn(1, 1), 0));
    CHECK(uncorrelated(drawn(1, 1), 1));
}
