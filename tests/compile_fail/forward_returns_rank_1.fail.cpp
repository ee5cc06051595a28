// expected-error: scorecam: a model has forward\(.* that returns a \(batch, classes\) view
#include "program.hpp"

struct forgets_the_batch : working_model {
    scorecam::tensor_view<float const, 1> forward(batch_type) { return {}; }
};

int main() { try_to_explain<forgets_the_batch>(); }
