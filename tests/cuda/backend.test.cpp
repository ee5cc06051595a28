// What every backend promises, on a stream.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <doctest/doctest.h>

#include <scorecam/scorecam.hpp>
#include <scorecam/testing/backend_conformance.hpp>
#include <scorecam/testing/model_conformance.hpp>

#include "cuda/device.hpp"
#include "support/networks.hpp"

namespace sc = scorecam;

TEST_CASE("the CUDA backend conforms, and writes every element: nothing of what memory held before is left")
{
    sc::cuda::stream const stream;
    device::poisoned_backend on{stream.get()};
    sc::testing::check_backend_conformance(on);
}

TEST_CASE("batches of half and bfloat16 are the reference's")
{
    sc::cuda::stream const stream;
    device::poisoned_backend on{stream.get()};
    sc::testing::check_batches_of<__half>(on);
    sc::testing::check_batches_of<__nv_bfloat16>(on);
}

TEST_CASE("a model on the device conforms")
{
    networks::seeded<float> host{{3, 16, 20}, {6, 4, 5}, 4, 21};
    sc::cuda::stream const stream;
    sc::cuda::backend on{stream.get()};
    device::hosted_model model{host, 9};
    sc::testing::check_model_conformance(on, model);
}
