// expected-error: scorecam: the headers are C\+\+20: compile with -std=c\+\+20
#include <scorecam/scorecam.hpp>

int main() {}
