// expected-error: scorecam: a model's input_buffer\(n\) returns a writable tensor_view
#include "program.hpp"

struct lends_what_cannot_be_written : working_model {
    batch_type input_buffer(scorecam::index_t) { return {}; }
};

int main() { try_to_explain<lends_what_cannot_be_written>(); }
