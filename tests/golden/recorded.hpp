#pragma once
// The recorded cases of tests/golden/tiny, and how numbers are compared with them.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <scorecam/cpu/backend.hpp>
#include <scorecam/explain.hpp>
#include <scorecam/reference.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/tensor_view.hpp>

#include <support/data.hpp>
#include <support/tiny_network.hpp>

namespace golden {

using scorecam::index_t;

/// A backend and the type it calculates in: what a test of recorded numbers is repeated with.
template <class Backend, class T>
struct calculation {
    using backend    = Backend;
    using value_type = T;
};
template <class T>
using on_reference = calculation<scorecam::reference_backend, T>;
template <class T>
using on_cpu = calculation<scorecam::cpu::backend, T>;

/// Everywhere the authors' code can be followed by other arithmetic.
inline std::vector<std::string> const official_cases{
    "sq32_k8_s0",      "sq32_k8_s1",    "sq32_k8_s2",      "rect48x64_k16", "odd37x53_k8", "sq64_7x7_k32",    "thin_5x40_k8",
    "ratio1_21x29_k8", "dead_sq32_k12", "signed_40x24_k8", "wide_11x96_k8", "many_k64_32", "batch2_30x26_k8",
};

/// The same and gray_1x1_k8: its channels are constant at 1 x 1, but the authors' code resizes them in float32, which makes
/// them differ by one ulp here and there, and stretches that to [0, 1]. Its float64 recordings are exact.
inline std::vector<std::string> const all_cases = [] {
    auto all = official_cases;
    all.emplace_back("gray_1x1_k8");
    return all;
}();

[[nodiscard]] inline std::string folder(std::string const& name) { return files::own("tests/golden/tiny/" + name); }

/// An array of a case with elements of type From, as T: recorded<float, 4>("sq32_k8_s0/act").
template <class T, std::size_t Rank, class From = T>
[[nodiscard]] scorecam::tensor<T, Rank> recorded(std::string const& array)
{
    return scorecam::testing::load<T, Rank, From>(folder(array) + ".npy");
}

/// A case as it is explained in T: the network, its images and the class of each.
template <class T>
struct example {
    scorecam::testing::tiny_network<T> network;
    scorecam::tensor<T, 4> images;
    scorecam::tensor<index_t, 1> classes;

    explicit example(std::string const& name)
        : network{folder(name)}, images{recorded<T, 4, float>(name + "/input")},
          classes{recorded<index_t, 1, std::int64_t>(name + "/class")}
    {
    }

    [[nodiscard]] scorecam::targets_per_image targets() const
    {
        scorecam::targets_per_image all;
        for (auto const c : classes) { all.classes_of_image.push_back({c}); }
        return all;
    }

    template <class Backend, class... Policies>
    [[nodiscard]] scorecam::explanation<T> explained_on(Backend& on, Policies... policies)
    {
        return scorecam::explain(on, network, images, targets(), std::move(policies)...);
    }
};

/// The largest difference, in units of the largest recorded number if that is more than 1; infinite if a NaN is there.
template <class Numbers, class Expected>
[[nodiscard]] double deviation(Numbers const& numbers, Expected const& expected)
{
    if (numbers.size() != expected.size()) { throw std::logic_error{"numbers and recording differ in size"}; }
    double largest    = 1;
    double difference = 0;
    auto number       = numbers.begin();
    for (auto const wanted : expected) {
        auto const distance = std::abs(static_cast<double>(*number++) - static_cast<double>(wanted));
        difference = std::isnan(distance) ? std::numeric_limits<double>::infinity() : std::max(difference, distance);
        largest    = std::max(largest, std::abs(static_cast<double>(wanted)));
    }
    return difference / largest;
}

/// The recordings in float32 were made with other orders of summation: each is up to 8e-7 away from a float64 evaluation,
/// and so may we be.
inline constexpr double single_precision = 2e-6;

/// The recordings in float64 are within 4e-14 of an independent evaluation in float64.
inline constexpr double double_precision = 1e-12;

/// How far a calculation in T may be from a recording in float64.
template <class T>
inline constexpr double precision_of = std::is_same_v<T, double> ? double_precision : single_precision;

}  // namespace golden
