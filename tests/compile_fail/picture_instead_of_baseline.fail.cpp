// expected-error: scorecam: every argument after the image is a policy, .*scorecam::baseline.scorecam::black
#include "program.hpp"

int main() { try_to_explain(scorecam::black{}); }
