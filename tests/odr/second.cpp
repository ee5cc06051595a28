#include "everything.hpp"

scorecam::explanation<float> explain_elsewhere();
scorecam::explanation<float> explain_elsewhere() { return explain_a_ramp(); }
