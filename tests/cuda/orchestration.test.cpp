// What only a made-up device can show: every order of its streams, memory that runs out anywhere, and who waits for what.
#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/scorecam.hpp>
#include <scorecam/testing/checks.hpp>

#include "cuda/device.hpp"
#include "cuda/fake_runtime.hpp"
#include "support/networks.hpp"

namespace sc = scorecam;

namespace {

constexpr sc::image_shape input{3, 16, 20};
constexpr sc::image_shape activation{6, 4, 5};

struct scene {
    networks::seeded<float> host{input, activation, 4, 21};
    sc::tensor<float, 4> images = networks::drawn_tensor<float>(prepend(input, 2), 22);
};

template <class... Policies>
sc::explanation<float> explained(scene& in, Policies... policies)
{
    sc::cuda::stream const stream;
    sc::cuda::backend on{stream.get()};
    device::hosted_model model{in.host, 64};
    device::moved const here{on, in.images};
    return sc::explain(on, model, here.view(), policies...);
}

template <class A, class B>
bool same_bits(A const& a, B const& b)
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

/// Nothing that the library took is left, and it did nothing that a device would not forgive.
void check_clean()
{
    CHECK(fake::device_bytes() == 0);
    CHECK(fake::pinned_bytes() == 0);
    CHECK(fake::live_handles() == 0);
    CHECK_MESSAGE(fake::violations().empty(), fake::violations().front());
    fake::forget_violations();
}

/// One stream writes what another one reads, with or without the event between them; the sum that is read.
double sum_read(unsigned seed, bool with_event)
{
    fake::seed(seed);
    constexpr sc::index_t count = 16;
    sc::cuda::stream const writing;
    sc::cuda::stream const reading;
    sc::cuda::backend writer{writing.get()};
    sc::cuda::backend reader{reading.get()};
    auto const shared = writer.allocate<float>(count);
    auto const copied = reader.allocate<float>(count);
    std::vector<float> const ones(count, 1.0F);
    std::vector<float> seen(count);
    sc::cuda::event written;
    writer.from_host(ones.data(), sc::tensor_view<float, 1, sc::cuda_space>{shared.data(), count});
    written.record(writing.get());
    if (with_event) { start_after(reading.get(), written); }
    sc::tensor_view<float, 1, sc::cuda_space> const to{copied.data(), count};
    reader.copy(sc::tensor_view<float const, 1, sc::cuda_space>{shared.data(), count}, to);
    reader.to_host(as_const(to), seen.data());
    reader.wait();
    writer.wait();
    double sum = 0;
    for (auto const value : seen) { sum += static_cast<double>(value); }
    return sum;
}

}  // namespace

TEST_CASE("maps do not depend on when the device gets on, nor on the size of the batch")
{
    scene in;
    sc::reference_backend reference;
    auto const expected = sc::explain(reference, in.host, in.images.view(), sc::top{2}, sc::baseline{sc::mean{}});
    auto const first    = explained(in, sc::top{2}, sc::baseline{sc::mean{}});
    sc::testing::check_close(first.maps, expected.maps, 256.0F);
    for (unsigned seed = 1; seed <= 10; ++seed) {
        for (sc::index_t const batch : {1, 3, 12}) {
            CAPTURE(seed);
            CAPTURE(batch);
            fake::seed(seed);
            auto const found = explained(in, sc::top{2}, sc::baseline{sc::mean{}}, sc::fixed_batch{batch});
            CHECK(same_bits(found.maps, first.maps));
            CHECK(same_bits(found.scores, first.scores));
        }
    }
    check_clean();
}

TEST_CASE("an event orders two streams, and the made-up device shows where one is missing")
{
    int wrong = 0;
    for (unsigned seed = 0; seed < 50; ++seed) {
        CHECK(sum_read(seed, true) == 16);
        wrong += sum_read(seed, false) == 16 ? 0 : 1;
    }
    CHECK(wrong > 10);
    check_clean();
}

TEST_CASE("nothing waits but for the flat channels and the result")
{
    scene in;
    auto const waits_with = [&](auto... policies) {
        sc::cuda::stream const stream;
        sc::cuda::backend on{stream.get()};
        device::hosted_model model{in.host, 64};
        device::moved const here{on, in.images};
        sc::explainer explain{on, model, policies...};
        auto const before = fake::host_waits();
        static_cast<void>(explain(here.view()));
        return fake::host_waits() - before;
    };
    CHECK(waits_with(sc::fixed_batch{1}) == 2);
    CHECK(waits_with(sc::fixed_batch{12}, sc::baseline{sc::blurred{1}}, sc::background{sc::constant{0.5}}) == 2);
    CHECK(waits_with(sc::top{3}, sc::flat_channels::scored, sc::relu_weights{}) == 2);
    check_clean();
}

TEST_CASE("memory that runs out is answered with a smaller batch, and the scores earned are kept")
{
    scene in;
    in.images                   = networks::drawn_tensor<float>(prepend(input, 1), 22);
    auto const expected         = explained(in, sc::target{1}, sc::fixed_batch{6});
    std::size_t const one_image = static_cast<std::size_t>(input.size()) * sizeof(float);
    int shrunk                  = 0;
    for (std::size_t images = 3; images <= 9; ++images) {
        CAPTURE(images);
        auto const refused = fake::refused_allocations();
        fake::set_budget(images * one_image);
        auto const found = explained(in, sc::target{1}, sc::shrinking_batch{6});
        fake::set_no_budget();
        CHECK(same_bits(found.maps, expected.maps));
        CHECK(same_bits(found.scores, expected.scores));
        CHECK(found.forwards == expected.forwards);  // no image twice
        bool const ran_out = fake::refused_allocations() > refused;
        CHECK((found.batch_size < 6) == ran_out);
        shrunk += ran_out ? 1 : 0;
        check_clean();
    }
    CHECK(shrunk > 1);
    CHECK(shrunk < 7);
}

TEST_CASE("memory that runs out anywhere is out_of_memory, with the bytes, and nothing leaks")
{
    scene in;
    int failed = 0;
    for (std::size_t budget = 0; budget < 40000; budget += 1000) {
        CAPTURE(budget);
        fake::set_budget(budget);
        try {
            static_cast<void>(explained(in, sc::top{2}, sc::baseline{sc::blurred{1}}, sc::background{sc::mean{}}));
        } catch (sc::out_of_memory const& thrown) {
            CHECK(std::string{thrown.what()}.find("bytes") != std::string::npos);
            ++failed;
        }
        fake::set_no_budget();
        CHECK(cudaPeekAtLastError() == cudaSuccess);  // no later call hears of it
        check_clean();
    }
    CHECK(failed > 10);
    static_cast<void>(explained(in));
    check_clean();
}

TEST_CASE("an error of the runtime is a cuda_error that says what failed, and is forgotten")
{
    sc::cuda::stream const stream;
    sc::cuda::backend on{stream.get()};
    auto const memory = on.allocate<float>(4);
    sc::tensor_view<float, 1, sc::cuda_space> const there{memory.data(), 4};
    float host[4]{};
    auto const check = [&](auto const& call, char const* what) {
        fake::fail_next_call(cudaErrorIllegalAddress);
        CHECK_THROWS_WITH_AS(call(), doctest::Contains(what), sc::cuda::cuda_error);
        CHECK(cudaPeekAtLastError() == cudaSuccess);
    };
    check([&] { on.wait(); }, "waiting for a stream");
    check([&] { on.to_host(as_const(there), host); }, "copying to the host");
    check([&] { on.copy(as_const(there), there); }, "copying on the device");
    check([&] { static_cast<void>(on.allocate<float>(4)); }, "an allocation of 16 bytes");
    check([&] { on.from_host(host, there); }, "pinning memory of the host");
    fake::fail_next_call(cudaErrorMemoryAllocation);
    CHECK_THROWS_WITH_AS(static_cast<void>(on.allocate<double>(3)), doctest::Contains("24 bytes"), sc::out_of_memory);
    CHECK_THROWS_AS(static_cast<void>(on.allocate<double>(sc::index_t{1} << 61)), sc::out_of_memory);
    fake::fail_next_call(cudaErrorMemoryAllocation);
    CHECK_THROWS_WITH_AS(on.from_host(host, there), doctest::Contains("pinned"), sc::out_of_memory);
    on.from_host(host, there);
    on.wait();
}

TEST_CASE("what is sent is read before the host may write again, and pinned memory is used again")
{
    {
        sc::cuda::stream const stream;
        sc::cuda::backend on{stream.get()};
        constexpr sc::index_t count = 1000;
        auto const memory           = on.allocate<int>(count * 50);
        std::vector<int> reused(count);
        for (int i = 0; i < 50; ++i) {
            std::fill(reused.begin(), reused.end(), i);
            on.from_host(reused.data(), sc::tensor_view<int, 1, sc::cuda_space>{memory.data() + i * count, count});
        }
        std::vector<int> all(count * 50);
        on.to_host(sc::tensor_view<int const, 1, sc::cuda_space>{memory.data(), count * 50}, all.data());
        on.wait();
        for (sc::index_t i = 0; i < count * 50; ++i) { REQUIRE(all[static_cast<std::size_t>(i)] == i / count); }
        CHECK(fake::pinned_bytes() < 50 * 65536);

        auto const large = on.allocate<std::byte>(40 << 20);  // more than is worth keeping
        std::vector<std::byte> const bytes(40 << 20);
        on.from_host(bytes.data(), sc::tensor_view<std::byte, 1, sc::cuda_space>{large.data(), 40 << 20});
        CHECK(fake::pinned_bytes() >= 40 << 20);
        on.wait();
        CHECK(fake::pinned_bytes() < 40 << 20);
    }
    check_clean();
}

TEST_CASE("buffers move, and give their memory back once")
{
    {
        sc::cuda::stream const stream;
        sc::cuda::buffer<float> a{4, stream.get()};
        auto* const memory = a.data();
        sc::cuda::buffer<float> b{std::move(a)};
        CHECK(b.data() == memory);
        CHECK(a.data() == nullptr);
        CHECK(a.size() == 0);
        sc::cuda::buffer<float> c{8, stream.get()};
        c = std::move(b);
        CHECK(c.data() == memory);
        CHECK(c.size() == 4);
        auto& itself = c;
        c            = std::move(itself);
        CHECK(c.data() == memory);
        CHECK(fake::device_bytes() == 16);
        sc::cuda::buffer<float> const none{0, stream.get()};
        CHECK(none.data() == nullptr);
    }
    check_clean();
}
