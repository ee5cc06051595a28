// expected-error: scorecam: a model's preferred_batch is a member function that returns a number
#include "program.hpp"

struct asks_back : working_model {
    int preferred_batch(int) const { return 4; }
};

int main() { try_to_explain<asks_back>(); }
