// The kit of an installed scorecam, without doctest.
#include <scorecam/testing/backend_findings.hpp>
#include <scorecam/testing/model_findings.hpp>

int main()
{
    scorecam::testing::finding const one{"a promise", "forward", "", "one thing", "another"};
    return to_string(one) == "a promise: forward: expected one thing; seen: another" ? 0 : 1;
}
