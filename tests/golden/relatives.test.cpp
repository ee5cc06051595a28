// Relatives of Score-CAM are what their published formulas give in NumPy.
#include <doctest/doctest.h>

#include <golden/relatives.hpp>

namespace sc = scorecam;

TEST_CASE_TEMPLATE("every relative of Score-CAM is NumPy's", Calculation, golden::on_reference<float>,
                   golden::on_reference<double>, golden::on_cpu<float>, golden::on_cpu<double>)
{
    using T = typename Calculation::value_type;
    typename Calculation::backend on;
    golden::example<T> example{golden::rise_case};
    golden::for_each_relative<T>([&](auto... policies) { return example.explained_on(on, policies..., sc::fixed_batch{7}); },
                                 [](auto const&... found) { golden::check_relative<T>(found...); });
}
