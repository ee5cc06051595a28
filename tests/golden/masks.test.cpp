#include <doctest/doctest.h>

#include <string>

#include <scorecam/cpu/backend.hpp>
#include <scorecam/ops/masking.hpp>
#include <scorecam/reference.hpp>

#include <golden/masks.hpp>
#include <golden/recorded.hpp>

namespace {

template <class Backend, class T>
void check(std::string const& activations, std::string const& recording, double tolerance)
{
    Backend on;
    auto const expected = golden::recorded<T, 4>(recording);
    auto const made     = golden::masks(on, golden::recorded<T, 4>(activations), expected.extent(1),
                                        scorecam::trailing<2>(expected.shape()), scorecam::ops::mask_rule{});
    CHECK(golden::deviation(made, expected) < tolerance);
}

}  // namespace

TEST_CASE_TEMPLATE("masks are those of the authors' code", Backend, scorecam::reference_backend, scorecam::cpu::backend)
{
    int compared = 0;
    for (auto const& name : golden::official_cases) {
        if (!golden::exists(name + "/official_mask")) { continue; }
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
        if (!golden::exists(name + "/paper64_mask")) { continue; }
        CAPTURE(name);
        check<Backend, double>(name + "/paper64_act", name + "/paper64_mask", golden::double_precision);
        ++compared;
    }
    CHECK(compared == 11);
}
