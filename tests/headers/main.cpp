// Linked with one object per public header, and with doctest for those of scorecam::testing.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

int main() { return 0; }
