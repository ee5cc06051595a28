// RISE: masks that are no activations, shifted, and their weighted mean.
#include <doctest/doctest.h>

#include <scorecam/conventions.hpp>

#include <golden/rise.hpp>

namespace sc = scorecam;

TEST_CASE_TEMPLATE("RISE on recorded masks is NumPy's", Calculation, golden::on_reference<float>, golden::on_reference<double>,
                   golden::on_cpu<float>, golden::on_cpu<double>)
{
    using T = typename Calculation::value_type;
    golden::example<T> example{golden::rise_case};
    typename Calculation::backend on;
    golden::check_rise(example.explained_on(on, golden::rise_masks<T>(), sc::estimate::weighted_mean, sc::fixed_batch{7}));
}

TEST_CASE("the convention draws its masks from its seed alone")
{
    golden::example<float> example{golden::rise_case};
    sc::reference_backend slow;
    sc::cpu::backend fast;
    sc::conventions::rise const few{{.number = 30, .cells = 4, .seed = 3}};
    auto const found = example.explained_on(fast, few);
    CHECK(found.channels() == 30);
    CHECK(golden::deviation(example.explained_on(slow, few).maps, found.maps) < golden::single_precision * 64);  // sums, divided
    auto const others = example.explained_on(fast, sc::conventions::rise{{.number = 30, .cells = 4, .seed = 4}});
    CHECK(golden::deviation(others.maps, found.maps) > 0.01);
    auto const made = few.masks.make<float>(sc::extents<2>{48, 64});
    CHECK(made.enlarged == sc::extents<2>{60, 80});
    for (auto const& from : made.shifts) {
        CHECK((from.at[0] >= 0 && from.at[0] < 12 && from.at[1] >= 0 && from.at[1] < 16));
    }
}
