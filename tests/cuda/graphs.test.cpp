// Chunks recorded as a graph and replayed: the same bits as without, fewer calls of the model, and none of it where it
// cannot be.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>

#include <doctest/doctest.h>

#include <scorecam/scorecam.hpp>

#include "cuda/device.hpp"
#include "cuda/fake_launch.hpp"
#include "support/networks.hpp"

namespace sc = scorecam;

namespace {

constexpr sc::image_shape input{3, 16, 20};
constexpr sc::image_shape activation{23, 4, 5};
constexpr sc::index_t classes = 4;

/// outputs(n, c) = Σ_p sin-like weights · image(n, p): any work on the device will do.
struct linear_work {
    float const* batch;
    sc::index_t count;
    sc::index_t size;
    float* outputs;
    [[nodiscard]] sc::index_t outer() const { return count; }
    [[nodiscard]] sc::index_t inner() const { return classes; }
    void operator()(sc::index_t n, std::uint32_t c) const
    {
        float sum = 0;
        for (sc::index_t p = 0; p < size; ++p) { sum += static_cast<float>((p * (c + 3)) % 7 - 3) * batch[n * size + p]; }
        outputs[n * classes + c] = sum / 100;
    }
};

/// A model that is the device's own, on memory that stays.
class resident_model {
public:
    using value_type = float;
    using space_type = sc::cuda_space;
    using batch_type = sc::tensor_view<float const, 4, sc::cuda_space>;

    resident_model(sc::cuda::backend& on, bool can_be_recorded)
        : capturable{can_be_recorded}, outputs_{on.allocate<float>(64 * classes)},
          activations_{on, networks::drawn_tensor<float>(activation, 5)}
    {
    }
    [[nodiscard]] sc::image_shape input_shape() const { return input; }
    sc::tensor_view<float const, 2, sc::cuda_space> forward(batch_type batch, cudaStream_t stream)
    {
        ++calls;
        if (waits) { sc::cuda::check(cudaStreamSynchronize(stream), "a wait in a model"); }
        sc::cuda::launch(linear_work{batch.data(), batch.extent(0), input.size(), outputs_.data()}, stream);
        return {outputs_.data(), batch.extent(0), classes};
    }
    sc::captured<float, sc::cuda_space> capture(batch_type batch, cudaStream_t stream)
    {
        bool const waiting = std::exchange(waits, false);
        auto const outputs = forward(batch, stream);
        waits              = waiting;
        return {outputs, {activations_.view().data(), prepend(activation, batch.extent(0))}};
    }

    bool capturable;
    bool waits = false;  // what no graph can have
    int calls  = 0;

private:
    sc::cuda::buffer<float> outputs_;
    device::moved<float, 3> activations_;
};

/// Chunks that grow on the way, so that their memory moves.
struct growing_batch {
    using kind        = sc::kinds::batching;
    std::size_t asked = 0;
    [[nodiscard]] sc::index_t next(sc::batch_request r)
    {
        constexpr sc::index_t sizes[] = {1, 2, 2, 2, 8, 2, 2, 2};  // the first is the image itself
        return std::min(sizes[asked++ % std::size(sizes)], r.remaining);
    }
};

struct outcome {
    sc::explanation<float> found;
    int calls;
    std::size_t replays;
};

template <class... Policies>
outcome explained(bool can_be_recorded, bool waits, Policies... policies)
{
    auto const image = networks::drawn_tensor<float>(prepend(input, 1), 6);
    sc::cuda::stream const stream;
    sc::cuda::backend on{stream.get()};
    resident_model model{on, can_be_recorded};
    model.waits = waits;
    device::moved const here{on, image};
    auto const before = fake::replays();
    sc::explainer explain{on, model, policies...};
    auto found  = explain(here.view());
    auto second = explain(here.view());  // recordings are of one explanation
    CHECK(std::equal(found.maps.begin(), found.maps.end(), second.maps.begin()));
    return {std::move(found), model.calls, fake::replays() - before};
}

void check_same(outcome const& a, outcome const& b)
{
    CHECK(std::equal(a.found.maps.begin(), a.found.maps.end(), b.found.maps.begin()));
    CHECK(std::equal(a.found.scores.begin(), a.found.scores.end(), b.found.scores.begin()));
    CHECK(a.found.forwards == b.found.forwards);
    CHECK(a.found.batches == b.found.batches);
}

void check_clean()
{
    CHECK(fake::device_bytes() == 0);
    CHECK(fake::live_handles() == 0);
    CHECK_MESSAGE(fake::violations().empty(), fake::violations().front());
    fake::forget_violations();
}

}  // namespace

TEST_CASE("a model that may be recorded is called once to run and once to record, and gives the same bits")
{
    for (unsigned seed = 1; seed <= 10; ++seed) {
        fake::seed(seed);
        auto const plain    = explained(false, false, sc::fixed_batch{4}, sc::target{1});
        auto const recorded = explained(true, false, sc::fixed_batch{4}, sc::target{1});
        check_same(recorded, plain);
        CHECK(plain.replays == 0);
        CHECK(plain.calls == 2 * (1 + 6));         // 23 channels: 5 chunks of 4 and one of 3
        CHECK(recorded.replays == 2 * 4);          // all chunks of 4 but the first
        CHECK(recorded.calls == 2 * (1 + 2 + 1));  // the image; a chunk of 4 run and one recorded; the chunk of 3
        check_clean();
    }
}

TEST_CASE("several images and targets, a baseline and a background are recorded like the rest")
{
    auto const policies = [](bool recorded) {
        return explained(recorded, false, sc::fixed_batch{2}, sc::top{3}, sc::baseline{sc::mean{}},
                         sc::background{sc::blurred{1}});
    };
    auto const recorded = policies(true);
    check_same(recorded, policies(false));
    CHECK(recorded.replays > 0);
    check_clean();
}

TEST_CASE("a recording for memory that has moved is made anew")
{
    auto const plain    = explained(false, false, growing_batch{}, sc::target{1});
    auto const recorded = explained(true, false, growing_batch{}, sc::target{1});
    check_same(recorded, plain);
    CHECK(recorded.replays > 0);
    check_clean();
}

TEST_CASE("a model that waits cannot be recorded, and is run as it is")
{
    auto const plain = explained(false, true, sc::fixed_batch{4}, sc::target{1});
    auto const tried = explained(true, true, sc::fixed_batch{4}, sc::target{1});
    check_same(tried, plain);
    CHECK(tried.replays == 0);
    CHECK(cudaPeekAtLastError() == cudaSuccess);
    check_clean();
}

TEST_CASE("a stream that records nothing, and memory that is short for a graph, end nothing")
{
    auto const plain = explained(false, false, sc::fixed_batch{4}, sc::target{1});
    for (auto* const refuse : {&fake::refuse_to_record, &fake::refuse_graphs}) {
        refuse(refuse == &fake::refuse_to_record ? cudaErrorStreamCaptureUnsupported : cudaErrorMemoryAllocation);
        auto const tried = explained(true, false, sc::fixed_batch{4}, sc::target{1});
        refuse(cudaSuccess);
        check_same(tried, plain);
        CHECK(tried.replays == 0);
        CHECK(cudaPeekAtLastError() == cudaSuccess);
        check_clean();
    }
}

TEST_CASE("memory that runs out while a chunk is recorded is answered with smaller ones")
{
    auto const expected = explained(true, false, sc::fixed_batch{1}, sc::target{1});
    int shrunk          = 0;
    for (std::size_t budget = 60000; budget < 140000; budget += 2000) {
        CAPTURE(budget);
        fake::set_budget(budget);
        try {
            auto const found = explained(true, false, sc::shrinking_batch{16}, sc::target{1});
            CHECK(std::equal(found.found.maps.begin(), found.found.maps.end(), expected.found.maps.begin()));
            CHECK(found.found.forwards == expected.found.forwards);
            shrunk += found.found.batch_size < 16 ? 1 : 0;
        } catch (sc::out_of_memory const&) {
        }
        fake::set_no_budget();
        check_clean();
    }
    CHECK(shrunk > 3);
}

TEST_CASE("a recording can be put in another's place")
{
    {
        sc::cuda::stream const stream;
        sc::cuda::backend on{stream.get()};
        auto const memory  = on.allocate<float>(8);
        auto const copying = [&] {
            auto const between = on.allocate<float>(8);  // which the graph allocates
            on.copy(sc::tensor_view<float const, 1, sc::cuda_space>{memory.data(), 8}, {between.data(), 8});
        };
        auto one          = on.record(copying);
        one               = on.record(copying);
        auto const before = fake::replays();
        one.replay();
        on.wait();
        CHECK(fake::replays() - before == 1);
    }
    check_clean();
}
