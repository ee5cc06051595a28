// What every backend promises, on a stream.
#include <algorithm>

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

TEST_CASE("what a network holds in half, channels last, comes back as it went in")
{
    sc::cuda::stream const stream;
    sc::cuda::backend on{stream.get()};
    sc::tensor<float, 4> images{sc::extents<4>{2, 5, 3, 4}};
    for (sc::index_t i = 0; i < images.size(); ++i) { images.data()[i] = static_cast<float>(i); }  // a half has each
    device::moved const there{on, images};
    auto const floats = on.allocate<float>(images.size());
    sc::tensor_view<float, 4, sc::cuda_space> const back{floats.data(), images.shape()};
    auto const check = [&]<class Element>(Element) {
        auto const memory   = on.allocate<Element>(images.size());
        constexpr auto last = sc::layout::channels_last;
        on.copy(there.view(), sc::batch_view<Element, 4, last, sc::cuda_space>{memory.data(), images.shape()});
        sc::batch_view<Element const, 4, last, sc::cuda_space> const held{memory.data(), images.shape()};
        sc::cuda::convert(held, back, stream.get());
        sc::tensor<float, 4> found{images.shape()};
        on.to_host(as_const(back), found.data());
        on.wait();
        CHECK(std::equal(found.begin(), found.end(), images.begin()));
        sc::cuda::convert(sc::batch_view<Element const, 4, last, sc::cuda_space>{memory.data(), {0, 5, 3, 4}},
                          back.slice(0, 0), stream.get());
        CHECK_THROWS_WITH_AS(sc::cuda::convert(held, back.slice(0, 1), stream.get()),
                             doctest::Contains("(2, 5, 3, 4) cannot be converted to (1, 5, 3, 4)"), sc::shape_error);
    };
    check(__half{});
    check(__nv_bfloat16{});
}

TEST_CASE("a model on the device conforms")
{
    networks::seeded<float> host{{3, 16, 20}, {6, 4, 5}, 4, 21};
    sc::cuda::stream const stream;
    sc::cuda::backend on{stream.get()};
    device::hosted_model model{host, 9};
    sc::testing::check_model_conformance(on, model);
}
