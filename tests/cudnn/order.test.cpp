// What can only be seen where the order of streams, memory and failures can be chosen: on the made-up runtime and cuDNN.
#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <cuda_runtime_api.h>
#include <doctest/doctest.h>

#include <scorecam/cudnn/network.hpp>
#include <scorecam/error.hpp>
#include <scorecam/scorecam.hpp>

#include "cuda/fake_runtime.hpp"
#include "cudnn/fake_cudnn.hpp"
#include "cudnn/on_a_stream.hpp"

using namespace cudnn_tests;

namespace {

constexpr double alike = engines::tolerance;

}  // namespace

// New memory is garbage when its stream gets there: the same memory may have been somebody else's until then.
extern "C" {
cudaError_t __real_cudaMallocAsync(void** memory, std::size_t bytes, cudaStream_t stream);  // NOLINT: the linker's names
cudaError_t __wrap_cudaMallocAsync(void** memory, std::size_t bytes, cudaStream_t stream)   // NOLINT
{
    auto const status = __real_cudaMallocAsync(memory, bytes, stream);
    if (status != cudaSuccess) { return status; }
    auto const nothing = [] {};
    for (int steps = 0; steps < 24; ++steps) { fake::enqueue(stream, nothing); }  // a few convolutions' time
    return cudaMemsetAsync(*memory, 0xff, bytes, stream);
}
}

TEST_CASE("the host waits for the upload of the weights and then for nothing")
{
    on_a_stream here;
    cudnn::network network{file_of("residual"), residual_input};
    device::moved const batch{here.on, recorded<4>("residual", "input")};
    auto const waits = fake::host_waits();
    for (index_t n = 3; n > 0; --n) {
        static_cast<void>(network.forward(batch.view().slice(0, n), here.stream.get()));
        static_cast<void>(network.capture(batch.view().slice(0, n), here.stream.get()));
    }
    CHECK(fake::host_waits() == waits);
    here.on.wait();
}

TEST_CASE("in whatever order streams get on, nothing is overtaken, overwritten or leaked")
{
    fake::forget_violations();
    auto const bytes   = fake::device_bytes();
    auto const handles = fake::live_handles();
    auto const alive   = fake_cudnn::alive();
    auto const images  = recorded<4>("residual", "input");
    auto const outputs = recorded<2>("residual", "output");
    auto const sum     = recorded<4>("residual", "add");
    for (unsigned seed = 1; seed <= 30; ++seed) {
        CAPTURE(seed);
        fake::seed(seed);
        on_a_stream here;
        std::optional<on_a_stream> other{std::in_place};
        cudnn::network network{file_of("residual"), residual_input, {"/add/Add"}};
        device::moved const batch{here.on, images};
        auto const small = network.forward(batch.view().slice(0, 1), here.stream.get());
        CHECK(deviation(here.on_host(small)[0], outputs.view()[0]) < alike);
        {
            device::moved const there{other->on, images};
            static_cast<void>(network.forward(batch.view().slice(0, 2), here.stream.get()));
            static_cast<void>(network.forward(there.view(), other->stream.get()));  // more memory, on another stream
            other->on.wait();
        }
        auto const seen = network.capture(batch.view(), here.stream.get());
        CHECK(deviation(here.on_host(seen.activations), sum) < alike);
        CHECK(deviation(here.on_host(seen.outputs), outputs) < alike);
        static_cast<void>(network.forward(batch.view(), here.stream.get()));
        auto const after = network.capture(batch.view().slice(1, 2), other->stream.get());  // while that is on its way
        CHECK(deviation(other->on_host(after.activations)[0], sum.view()[1]) < alike);
        CHECK(deviation(other->on_host(after.outputs)[0], outputs.view()[1]) < alike);
        static_cast<void>(network.forward(batch.view(), here.stream.get()));  // and on its way the network ends
    }
    CHECK(fake::violations() == std::vector<std::string>{});
    CHECK(fake::device_bytes() == bytes);
    CHECK(fake::live_handles() == handles);
    CHECK(fake_cudnn::alive() == alive);
}

TEST_CASE("results are valid until the next call in the order of the stream, also where that takes more memory")
{
    fake::forget_violations();
    auto const images  = recorded<4>("residual", "input");
    auto const outputs = recorded<2>("residual", "output");
    for (unsigned seed = 1; seed <= 30; ++seed) {
        CAPTURE(seed);
        fake::seed(seed);
        on_a_stream here;
        cudnn::network network{file_of("residual"), residual_input};
        device::moved const batch{here.on, images};
        auto const first = network.forward(batch.view().slice(0, 1), here.stream.get());
        device::pinned<float> const seen{first.size()};
        here.on.to_host(first, seen.data());  // still on its way in the next call
        static_cast<void>(network.forward(batch.view(), here.stream.get()));
        here.on.wait();
        CHECK(deviation(sc::tensor_view<float const, 2>{seen.data(), first.shape()}[0], outputs.view()[0]) < alike);
    }
    CHECK(fake::violations() == std::vector<std::string>{});
}

TEST_CASE("memory that runs out is scorecam::out_of_memory, and smaller batches still run")
{
    on_a_stream here;
    auto const images  = recorded<4>("residual", "input");
    auto const outputs = recorded<2>("residual", "output");
    cudnn::network network{file_of("residual"), residual_input};
    device::moved const many{here.on, repeated(images, 40)};
    CHECK(deviation(here.forward(network, images), outputs) < alike);
    fake::set_budget(fake::device_bytes() + 20'000);
    CHECK_THROWS_AS(static_cast<void>(network.forward(many.view(), here.stream.get())), sc::out_of_memory);
    CHECK(deviation(here.on_host(network.forward(many.view().slice(0, 3), here.stream.get())), outputs) < alike);
    fake::set_no_budget();
    CHECK(deviation(here.on_host(network.forward(many.view(), here.stream.get())), repeated(outputs, 40)) < alike);
}

TEST_CASE("where the workspace runs out, the next batch waits for the memory that was had before")
{
    auto const images  = recorded<4>("residual", "input");
    auto const outputs = recorded<2>("residual", "output");
    for (unsigned seed = 1; seed <= 30; ++seed) {
        CAPTURE(seed);
        fake::seed(seed);
        on_a_stream here;
        cudnn::network network{file_of("residual"), residual_input};
        device::moved const batch{here.on, images};
        constexpr std::size_t much = std::size_t{1} << 24U;  // of values, little of it
        fake_cudnn::ask_for_workspace(much);
        fake::set_budget(fake::device_bytes() + much);
        CHECK_THROWS_AS(static_cast<void>(network.forward(batch.view(), here.stream.get())), sc::out_of_memory);
        fake_cudnn::ask_for_workspace(0);
        auto const small = network.forward(batch.view().slice(0, 2), here.stream.get());
        fake::set_no_budget();
        auto const seen = here.on_host(small);
        for (index_t n = 0; n < 2; ++n) { CHECK(deviation(seen[n], outputs.view()[n]) < alike); }
    }
    fake_cudnn::ask_for_workspace(4096);
}

TEST_CASE("TF32 rounds what float32 does not")
{
    on_a_stream here;
    auto const images  = recorded<4>("plain", "input");
    auto const outputs = recorded<2>("plain", "output");
    cudnn::network exact{file_of("plain"), plain_input};
    cudnn::network rounded{file_of("plain"), plain_input, {}, {.precision = cudnn::arithmetic::tf32}};
    CHECK(deviation(here.forward(exact, images), outputs) < alike);
    CHECK(deviation(here.forward(rounded, images), outputs) > 1e-4);
}

TEST_CASE("what cuDNN does not do in one call is done step by step")
{
    on_a_stream here;
    auto const images  = recorded<4>("residual", "input");
    auto const outputs = recorded<2>("residual", "output");
    using fake_cudnn::refused;
    struct expected {
        refused what;
        int in_one, activations;
    };
    // A normalisation of the sum of channels, three convolutions with a ReLU, one of them grouped, and the head, twice each.
    for (auto const& one : {expected{refused::nothing, 10, 0},
                            {refused::grouped_in_one, 8, 2},
                            {refused::relu_with_the_fastest, 10, 0},
                            {refused::relu_in_one, 10, 6},
                            {refused::everything_in_one, 0, 6}}) {
        CAPTURE(static_cast<int>(one.what));
        fake_cudnn::refuse(one.what);
        cudnn::network network{file_of("residual"), residual_input};
        static_cast<void>(fake_cudnn::counted());
        for (int time = 0; time < 2; ++time) { CHECK(deviation(here.forward(network, images), outputs) < alike); }
        auto const count = fake_cudnn::counted();
        CHECK(count.in_one == one.in_one);
        CHECK(count.alone == 10 - one.in_one);
        CHECK(count.activations == one.activations);
    }
    fake_cudnn::refuse(refused::nothing);
}

TEST_CASE("a call of cuDNN that fails is told with the node, and the network works on")
{
    on_a_stream here;
    auto const images = recorded<4>("plain", "input");
    cudnn::network network{file_of("plain"), plain_input};
    fake_cudnn::fail_with(CUDNN_STATUS_EXECUTION_FAILED, 1);
    CHECK_THROWS_WITH_AS(
        static_cast<void>(here.forward(network, images)),
        doctest::Contains("(3, 2, 12, 10): Conv, the node /second/Conv: cuDNN says: CUDNN_STATUS_EXECUTION_FAILED"),
        sc::model_error);
    CHECK(deviation(here.forward(network, images), recorded<2>("plain", "output")) < alike);
    cudnn::network another{file_of("plain"), plain_input};
    fake_cudnn::fail_with(CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH, 0);  // of a call that it does not have
    CHECK(deviation(here.forward(another, images), recorded<2>("plain", "output")) < alike);
    fake_cudnn::ask_for_workspace(std::size_t{1} << 30U);
    CHECK_THROWS_WITH_AS(static_cast<void>(here.forward(network, repeated(images, 2))),
                         doctest::Contains("settings::workspace"), sc::model_error);
    fake_cudnn::ask_for_workspace(4096);
}

TEST_CASE("recorded and replayed, with runs on another stream between and in larger memory, it gives the same bits")
{
    fake::forget_violations();
    auto const bytes   = fake::device_bytes();
    auto const images  = recorded<4>("residual", "input");
    auto const outputs = recorded<2>("residual", "output");
    for (unsigned seed = 1; seed <= 30; ++seed) {
        CAPTURE(seed);
        fake::seed(seed);
        on_a_stream here, there;
        cudnn::network network{file_of("residual"), residual_input};
        device::moved const batch{here.on, images}, many{there.on, repeated(images, 9)};
        auto const two      = batch.view().slice(0, 2);
        auto const expected = here.on_host(network.forward(two, here.stream.get()));
        sc::tensor_view<float const, 2, sc::cuda_space> replayed;
        auto const recording = here.on.record([&] { replayed = network.forward(two, here.stream.get()); });
        REQUIRE(recording);
        auto const check_replay = [&] {
            recording.replay();
            auto const found = here.on_host(replayed);
            CHECK(std::equal(found.begin(), found.end(), expected.begin()));
        };
        check_replay();
        static_cast<void>(network.forward(many.view().slice(0, 1), there.stream.get()));  // the same memory
        check_replay();
        recording.replay();
        auto const after = network.forward(many.view().slice(0, 2), there.stream.get());  // while that is on its way
        CHECK(deviation(there.on_host(after), expected) < alike);
        CHECK(deviation(there.on_host(network.forward(many.view(), there.stream.get())), repeated(outputs, 9)) < alike);
        check_replay();  // in the memory that was too small for that
    }
    CHECK(fake::violations() == std::vector<std::string>{});
    CHECK(fake::device_bytes() == bytes);
}

TEST_CASE("an explanation runs one chunk, records one and replays the others")
{
    auto const images = recorded<4>("residual", "input");
    on_a_stream here;
    cudnn::network network{file_of("residual"), residual_input};
    device::moved const batch{here.on, images};
    auto const before  = fake::replays();
    network.capturable = false;
    static_cast<void>(sc::explain(here.on, network, batch.view(), sc::target{1}, sc::fixed_batch{2}));
    CHECK(fake::replays() == before);
    network.capturable = true;
    auto const found   = sc::explain(here.on, network, batch.view(), sc::target{1}, sc::fixed_batch{2});
    CHECK(fake::replays() - before == static_cast<std::size_t>(found.batches) - 2 - 1);  // images, in two; a chunk
}

TEST_CASE("wherever memory runs out in bfloat16, smaller batches still run, also where recordings keep theirs")
{
    auto const images  = recorded<4>("residual", "input");
    auto const outputs = recorded<2>("residual", "output");
    for (bool const with_recording : {false, true}) {
        int failed = 0, went = 0;
        for (std::size_t more = 0; more < 400'000; more += 10'000) {
            CAPTURE(more);
            on_a_stream here;
            cudnn::bfloat16_network network{file_of("residual"), residual_input, {"/add/Add"}};
            sc::detail::model_calls call{here.on, network};
            device::moved const few{here.on, repeated(images, 2)}, many{here.on, repeated(images, 40)};
            auto const batch = call.entered(few.view());
            auto const first = here.on_host(network.forward(batch, here.stream.get()));
            sc::cuda::recording recording;
            if (with_recording) {
                recording = here.on.record([&] { static_cast<void>(network.forward(batch, here.stream.get())); });
                REQUIRE(recording);
            }
            sc::detail::model_calls larger{here.on, network};
            auto const wide = larger.entered(many.view());
            fake::set_budget(fake::device_bytes() + more);
            try {
                static_cast<void>(network.capture(wide, here.stream.get()));
                ++went;
            } catch (sc::out_of_memory const&) {
                ++failed;
            }
            if (with_recording) { recording.replay(); }
            auto const again = here.on_host(network.forward(batch, here.stream.get()));
            fake::set_no_budget();
            CHECK(std::equal(again.begin(), again.end(), first.begin()));
            here.on.wait();
        }
        CHECK(failed > 3);
        CHECK(went > 3);
    }
    CHECK(fake::violations() == std::vector<std::string>{});
}

TEST_CASE("chunks of each of several layers are recorded, too")
{
    on_a_stream here;
    cudnn::network network{file_of("residual"), residual_input, {"/add/Add", "/last/Relu"}};
    device::moved const batch{here.on, recorded<4>("residual", "input")};
    auto const explained = [&](bool recorded) {
        network.capturable = recorded;
        return sc::explain_layers(here.on, network, batch.view(), sc::fusion{}, sc::target{1}, sc::fixed_batch{2});
    };
    auto const expected = explained(false);
    auto const before   = fake::replays();
    auto const found    = explained(true);
    CHECK(fake::replays() - before > 2);
    CHECK(std::equal(found.maps.begin(), found.maps.end(), expected.maps.begin()));
}
