#include <doctest/doctest.h>

#include <string>

#include <scorecam/ops/masking.hpp>

#include <golden/masks.hpp>
#include <golden/recorded.hpp>

namespace {

/// Masks from the recorded activations of a case, against its recorded masks; both have elements of type From.
template <class Calculation, class From>
void check(std::string const& activations, std::string const& recording, double tolerance)
{
    using T = typename Calculation::value_type;
    typename Calculation::backend on;
    auto const expected = golden::recorded<From, 4>(recording);
    auto const made     = golden::masks(on, golden::recorded<T, 4, From>(activations), expected.extent(1),
                                        scorecam::trailing<2>(expected.shape()), scorecam::ops::mask_rule{});
    CHECK(golden::deviation(made, expected) < tolerance);
}

}  // namespace

TEST_CASE_TEMPLATE("masks are those of the authors' code", Calculation, golden::on_reference<float>,
                   golden::on_reference<double>, golden::on_cpu<float>, golden::on_cpu<double>)
{
    int compared = 0;
    for (auto const& name : golden::official_cases) {
        if (!golden::exists(name + "/official_mask")) { continue; }
        CAPTURE(name);
        check<Calculation, float>(name + "/act", name + "/official_mask", golden::single_precision);
        ++compared;
    }
    CHECK(compared == 10);
}

TEST_CASE_TEMPLATE("masks are those of an evaluation in float64", Calculation, golden::on_reference<float>,
                   golden::on_reference<double>, golden::on_cpu<float>, golden::on_cpu<double>)
{
    int compared = 0;
    for (auto const& name : golden::all_cases) {
        if (!golden::exists(name + "/paper64_mask")) { continue; }
        CAPTURE(name);
        check<Calculation, double>(name + "/paper64_act", name + "/paper64_mask",
                                   golden::precision_of<typename Calculation::value_type>);
        ++compared;
    }
    CHECK(compared == 11);
}
