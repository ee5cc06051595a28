#pragma once
// The engine that this program tests. The same tests are compiled once for each.
#include SCORECAM_TESTED_HEADER

namespace engines {

using tested = SCORECAM_TESTED;

}  // namespace engines
