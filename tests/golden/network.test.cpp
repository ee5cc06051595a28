#include <doctest/doctest.h>

#include <golden/recorded.hpp>

TEST_CASE("the tiny network gives the recorded activations and logits")
{
    for (auto const& name : golden::all_cases) {
        CAPTURE(name);
        golden::example<float> single{name};
        auto const seen = single.network.capture(single.images);
        CHECK(golden::deviation(seen.activations, golden::recorded<float, 4>(name + "/act")) < golden::single_precision);
        CHECK(golden::deviation(seen.outputs, golden::recorded<float, 2>(name + "/logits")) < golden::single_precision);

        golden::example<double> exact{name};
        auto const seen64 = exact.network.capture(exact.images);
        CHECK(golden::deviation(seen64.activations, golden::recorded<double, 4>(name + "/paper64_act")) <
              golden::double_precision);
        CHECK(golden::deviation(seen64.outputs, golden::recorded<double, 2>(name + "/paper64_logits_full")) <
              golden::double_precision);
    }
}
