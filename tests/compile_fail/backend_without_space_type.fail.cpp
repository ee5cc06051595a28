// expected-error: scorecam: a backend names where its memory is: using space_type
#include "program.hpp"

struct nowhere {};

int main() { try_to_explain<working_model, nowhere>(); }
