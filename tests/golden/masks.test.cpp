#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <scorecam/cpu/backend.hpp>
#include <scorecam/ops/masking.hpp>
#include <scorecam/reference.hpp>

#include <golden/recorded.hpp>

using scorecam::index_t;
using scorecam::tensor;

namespace {

/// The masks of the first `channels` channels of all activations (N,K,h,w): X∘H where X is 1 everywhere.
template <class Backend, class T>
tensor<T, 4> masks(Backend& on, tensor<T, 4> const& activations, index_t channels, scorecam::extents<2> size)
{
    index_t const N = activations.extent(0);
    scorecam::ops::mask_rule const rule{};
    tensor<scorecam::ops::range<T>, 2> ranges{scorecam::extents<2>{N, activations.extent(1)}};
    on.extrema(scorecam::merge_leading(activations.view()), size, rule, scorecam::merge_leading(ranges.view()));

    std::vector<scorecam::ops::pick> picks;
    for (index_t n = 0; n < N; ++n) {
        for (index_t k = 0; k < channels; ++k) {
            picks.push_back({static_cast<std::int32_t>(n), static_cast<std::int32_t>(k)});
        }
    }
    tensor<scorecam::ops::pick, 1> const list{{{N * channels}}, picks};
    tensor<T, 4> ones{scorecam::prepend(size, N, 1)};
    std::fill_n(ones.data(), ones.size(), T(1));
    tensor<T, 4> batch{scorecam::prepend(size, N * channels, 1)};
    on.mask(scorecam::as_const(ones.view()), {}, activations.view(), scorecam::as_const(ranges.view()), list.view(), rule,
            batch.view());
    return batch;
}

template <class Backend, class T>
void check(std::string const& activations, std::string const& recording, double tolerance)
{
    Backend on;
    auto const expected = golden::recorded<T, 4>(recording);
    auto const made =
        masks(on, golden::recorded<T, 4>(activations), expected.extent(1), scorecam::trailing<2>(expected.shape()));
    CHECK(golden::deviation(made, expected) < tolerance);
}

/// Masks were recorded for some cases only: they are large.
bool exists(std::string const& array) { return std::filesystem::exists(golden::folder(array) + ".npy"); }

}  // namespace

TEST_CASE_TEMPLATE("masks are those of the authors' code", Backend, scorecam::reference_backend, scorecam::cpu::backend)
{
    int compared = 0;
    for (auto const& name : golden::official_cases) {
        if (!exists(name + "/official_mask")) { continue; }
        CAPTURE(name);
        check<Backend, float>(name + "/act", name + "/official_mask", golden::single_precision);
        ++compared;
    }
    CHECK(compared == 10);
}

TEST_CASE_TEMPLATE("masks in double precision", Backend, scorecam::reference_backend, scorecam::cpu::backend)
{
    int compared = 0;
    for (auto const& name : golden::all_cases) {
        if (!exists(name + "/paper64_mask")) { continue; }
        CAPTURE(name);
        check<Backend, double>(name + "/paper64_act", name + "/paper64_mask", golden::double_precision);
        ++compared;
    }
    CHECK(compared == 11);
}
