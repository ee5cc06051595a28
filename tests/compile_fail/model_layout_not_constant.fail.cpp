// expected-error: scorecam: a model's batch_layout is a static constexpr scorecam::layout
#include "program.hpp"

struct layout_of_each : working_model {
    scorecam::layout batch_layout = scorecam::layout::channels_last;
};

int main() { try_to_explain<layout_of_each>(); }
