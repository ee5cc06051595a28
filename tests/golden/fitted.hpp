#pragma once
// What tests/golden/make_fitted.py recorded.
#include <cstdint>
#include <string>

#include <scorecam/conventions.hpp>
#include <scorecam/tensor.hpp>

#include <golden/recorded.hpp>

namespace golden {

/// A case: that of tests/golden/tiny with the network, and how it is explained.
struct fitted_case {
    char const* folder;
    char const* network;
    scorecam::conventions::fitted convention;
    bool logit = false;
};
inline fitted_case const fitted_cases[]{
    {"rect48x64_k16", "rect48x64_k16", {.masks = 64}},
    {"rect48x64_k16_black_box", "rect48x64_k16", {.masks = 64, .cells = 8}},
    {"sq64_7x7_k32", "sq64_7x7_k32", {.masks = 128}, true},
    {"odd37x53_k8", "odd37x53_k8", {.masks = 32}},
};

template <class T, std::size_t Rank, class From = double>
[[nodiscard]] scorecam::tensor<T, Rank> recorded_fitted(std::string const& array)
{
    return scorecam::testing::load<T, Rank, From>(files::own("tests/golden/fitted/" + array + ".npy"));
}

/// A map of a part of a case against its recording.
template <class T>
void check_fitted(scorecam::explanation<T> const& found, fitted_case const& of, std::string const& part)
{
    constexpr double apart = 1e-5;
    std::string const in   = std::string{of.folder} + "/";
    CAPTURE(in);
    CHECK(deviation(found.activation_maps, recorded_fitted<double, 2>(in + part)) < apart);
    auto const largest = [](auto const& numbers) {
        return static_cast<double>(*std::max_element(numbers.begin(), numbers.end()));
    };
    auto const values = recorded_fitted<double, 2>(in + "values");
    auto const bars   = recorded_fitted<double, 2>(in + "deviations");
    CHECK(deviation(found.cell_values, values) < apart * largest(values));  // of small numbers
    CHECK(deviation(found.cell_deviations, bars) < apart * largest(bars));
    CHECK(found.forwards == of.convention.masks + 2);
    CHECK(found.status(0, 0) == scorecam::map_status::meaningful);
}

}  // namespace golden
