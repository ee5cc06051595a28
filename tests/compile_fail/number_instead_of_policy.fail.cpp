// expected-error: scorecam: every argument after the image is a policy, such as scorecam::target
#include "program.hpp"

int main() { try_to_explain(243); }
