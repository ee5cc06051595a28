// expected-error: scorecam: a backend on a device has queue\(\)
#include "program.hpp"

struct device_backend {
    using space_type = elsewhere;
};

int main() { try_to_explain<working_model, device_backend>(); }
