// expected-error: scorecam: a model's max_batch is a member function that returns a number
#include "program.hpp"

struct states_its_limit : working_model {
    int max_batch = 4;
};

int main() { try_to_explain<states_its_limit>(); }
