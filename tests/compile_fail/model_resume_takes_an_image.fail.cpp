// expected-error: scorecam: a model's resume takes activations, tensor_view<value_type const, 4, space_type>
#include "program.hpp"

struct resumes_one : working_model {
    scorecam::tensor_view<float const, 2> resume(scorecam::tensor_view<float const, 3>) { return {}; }
};

int main() { try_to_explain<resumes_one>(); }
