// expected-error: scorecam: a grouping has a member number, how many groups there are to be
#include "program.hpp"

struct groups_of_my_own {
    using kind             = scorecam::kinds::grouping;
    scorecam::index_t many = 4;
};

int main() { try_to_explain(groups_of_my_own{}); }
