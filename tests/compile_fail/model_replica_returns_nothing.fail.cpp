// expected-error: scorecam: a model's replica is a member function that returns another model
#include "program.hpp"

struct copies_itself_elsewhere : working_model {
    void replica() const {}
};

int main() { try_to_explain<copies_itself_elsewhere>(); }
