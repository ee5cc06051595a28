// Runs the tests on the machine's GPU; without one, 77 says that they were skipped.
#define DOCTEST_CONFIG_IMPLEMENT
#include <cstdio>

#include <cuda_runtime_api.h>
#include <doctest/doctest.h>

#include "cuda/device.hpp"

int main(int count, char** arguments)
{
    int devices = 0;
    if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
        std::puts("skipped: there is no GPU here");
        return 77;
    }
    device::is_real  = true;
    int const failed = doctest::Context{count, arguments}.run();
    static_cast<void>(cudaDeviceReset());  // what is still allocated then is a leak, to compute-sanitizer
    return failed;
}
