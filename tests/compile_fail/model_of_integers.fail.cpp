// expected-error: scorecam: a model names its element type, float or double
#include "program.hpp"

struct quantised : working_model {
    using value_type = signed char;
};

int main() { try_to_explain<quantised>(); }
