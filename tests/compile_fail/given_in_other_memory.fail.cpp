// expected-error: scorecam: a given picture is a tensor_view<value_type const, 3, space_type> .* in the same memory
#include "program.hpp"

int main() { try_to_explain(scorecam::baseline{scorecam::given{scorecam::tensor_view<float const, 3, elsewhere>{}}}); }
