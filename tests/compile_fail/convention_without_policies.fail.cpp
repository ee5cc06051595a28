// expected-error: scorecam: a convention has policies\(\) const that returns composed\{...\} of policies
#include "program.hpp"

struct my_convention {
    using kind = scorecam::kinds::convention;
};

int main() { try_to_explain(my_convention{}); }
