#pragma once
// The findings of a suite as failures of a doctest test case. Everything else in this folder does without doctest.
#if __has_include(<doctest/doctest.h>)
#include <doctest/doctest.h>
#else
#error "scorecam: check_..._conformance needs doctest; model_findings and backend_findings return a list without it"
#endif

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include <scorecam/tensor.hpp>
#include <scorecam/testing/findings.hpp>
#include <scorecam/testing/held.hpp>

namespace scorecam::testing {

/// Runs a suite, suite(announcement) that returns findings, inside a doctest test case: one assertion for each check of it,
/// which says what the check found.
template <class Suite>
void report(Suite const& suite)
{
    std::vector<std::string> checks;
    std::vector<finding> found;
    {
        DOCTEST_INFO("during the check: " << (checks.empty() ? std::string{} : checks.back()));  // if it crashes
        found = suite([&](std::string const& check) { checks.push_back(check); });
    }
    std::sort(checks.begin(), checks.end());
    checks.erase(std::unique(checks.begin(), checks.end()), checks.end());
    for (auto const& check : checks) {
        constexpr std::size_t shown_at_most = 12;
        std::size_t broken                  = 0;
        std::string text;
        for (auto const& one : found) {
            if (one.check == check && ++broken <= shown_at_most) { text += (text.empty() ? "" : "\n") + to_string(one); }
        }
        if (broken > shown_at_most) { text += "\nand " + std::to_string(broken - shown_at_most) + " more of this check"; }
        DOCTEST_CHECK_MESSAGE(broken == 0, text);
    }
}

/// Checks that two tensors are equal up to rounding: some ulps of the largest value, or of 1 if all are smaller.
template <class T, std::size_t Rank>
void check_close(tensor<T, Rank> const& found, tensor<T, Rank> const& expected, T ulps)
{
    DOCTEST_REQUIRE(found.shape() == expected.shape());
    distance<T> const apart{found, expected};
    DOCTEST_CHECK_MESSAGE(apart.ulps <= ulps, to_string(apart));
}

}  // namespace scorecam::testing
