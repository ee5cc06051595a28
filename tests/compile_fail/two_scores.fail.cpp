// expected-error: scorecam: two policies of the same kind were given
#include "program.hpp"

int main() { try_to_explain(scorecam::logit{}, scorecam::target{3}, scorecam::sigmoid{}); }
