#include <vector>

#include <doctest/doctest.h>

#include "everything.hpp"

scorecam::explanation<float> explain_elsewhere();

TEST_CASE("two translation units that include everything make one program")
{
    auto const here      = explain_a_ramp();
    auto const elsewhere = explain_elsewhere();
    CHECK(here.map()(1, 1) == 1);
    CHECK(std::vector<float>(here.maps.begin(), here.maps.end()) ==
          std::vector<float>(elsewhere.maps.begin(), elsewhere.maps.end()));
}
