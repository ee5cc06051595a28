// Memory, counted and refused where it is taken: every operator new of this program.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/cpu/backend.hpp>
#include <scorecam/scorecam.hpp>

#include "support/networks.hpp"

namespace {

std::atomic<std::ptrdiff_t> live{0};
std::atomic<std::ptrdiff_t> peak{0};
thread_local int until_refused = -1;  // allocations of this thread until one is refused; never if negative
constexpr std::size_t header   = 64;  // holds the size, keeps every alignment up to 64

void* taken(std::size_t size)
{
    if (until_refused >= 0 && until_refused-- == 0) { throw std::bad_alloc{}; }
    void* const memory = std::aligned_alloc(header, (size + 2 * header - 1) / header * header);
    if (memory == nullptr) { throw std::bad_alloc{}; }
    *static_cast<std::size_t*>(memory) = size;
    auto const now                     = live += static_cast<std::ptrdiff_t>(size);
    for (auto seen = peak.load(); now > seen && !peak.compare_exchange_weak(seen, now);) {}
    return static_cast<char*>(memory) + header;
}
void given_back(void* memory) noexcept
{
    if (memory == nullptr) { return; }
    void* const start = static_cast<char*>(memory) - header;
    live -= static_cast<std::ptrdiff_t>(*static_cast<std::size_t*>(start));
    std::free(start);
}

}  // namespace

void* operator new(std::size_t size) { return taken(size); }
void* operator new(std::size_t size, std::align_val_t) { return taken(size); }
void operator delete(void* memory) noexcept { given_back(memory); }
void operator delete(void* memory, std::size_t) noexcept { given_back(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { given_back(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { given_back(memory); }

namespace sc = scorecam;

namespace {

constexpr sc::image_shape input{3, 224, 224};
constexpr sc::index_t batch = 16;

/// K channels of 7 × 7, held by the model as an engine would; four cheap outputs.
class engine {
public:
    using value_type = float;
    using space_type = sc::host_space;
    explicit engine(sc::index_t channels) : activations_{networks::drawn_tensor<float>(sc::extents<4>{1, channels, 7, 7}, 1)}
    {
    }

    [[nodiscard]] sc::image_shape input_shape() const { return input; }
    sc::tensor_view<float const, 2> forward(sc::tensor_view<float const, 4> x)
    {
        for (sc::index_t n = 0; n < x.extent(0); ++n) {
            for (sc::index_t c = 0; c < 4; ++c) { outputs_(n, c) = x(n, c % 3, 50 * c + 10, 100); }
        }
        return {outputs_.data(), x.extent(0), 4};
    }
    sc::captured<float> capture(sc::tensor_view<float const, 4> x) { return {forward(x), activations_}; }

private:
    sc::tensor<float, 2> outputs_{{{batch, 4}}};
    sc::tensor<float, 4> activations_;
};

struct measured {
    std::ptrdiff_t counted;  // by operator new
    sc::index_t reported;    // by the explanation
    sc::index_t of_activations;
};

measured explain_with(sc::index_t channels)
{
    engine model{channels};
    sc::cpu::backend cpu{1};
    auto const image  = networks::drawn_tensor<float>(input, 2);
    auto const before = live.load();
    peak              = before;
    auto const found  = sc::explain(cpu, model, image.view(), sc::target{0}, sc::fixed_batch{batch});
    return {peak - before, found.peak_bytes, found.activation_bytes};
}

}  // namespace

TEST_CASE("beside the captured activations, peak memory grows by less than 1 % from 64 to 2048 channels")
{
    auto const few  = explain_with(64);
    auto const many = explain_with(2048);
    MESSAGE("K = 64: " << few.counted << " bytes; K = 2048: " << many.counted << " bytes, of which activations "
                       << many.of_activations);
    CHECK(many.of_activations == 2048 * 7 * 7 * 4);
    auto const few_beside  = static_cast<double>(few.counted - few.of_activations);
    auto const many_beside = static_cast<double>(many.counted - many.of_activations);
    CHECK(many_beside < 1.01 * few_beside);
}

TEST_CASE("peak memory is one batch, the activations and a few maps; the explanation reports it")
{
    auto const found         = explain_with(512);
    sc::index_t const inputs = batch * input.size() * 4;
    sc::index_t const map    = 224 * 224 * 4;
    CHECK(found.counted < inputs + found.of_activations + 4 * map);
    CHECK(found.reported <= found.counted);
    CHECK(found.reported > inputs + found.of_activations);
}

TEST_CASE("workers that cannot hand on a piece of work do it themselves, or say so before any of it is handed on")
{
    for (int const threads : {1, 2, 3, 5}) {
        CAPTURE(threads);
        sc::cpu::workers workers{threads};
        for (int allocation = 0; allocation < threads + 2;
             ++allocation) {  // one list of failures, a task for each of the others
            CAPTURE(allocation);
            std::vector<std::atomic<int>> done(100);
            until_refused = allocation;
            bool refused  = false;
            try {
                workers.for_each(100, [&](sc::index_t i) { ++done[static_cast<std::size_t>(i)]; });
            } catch (std::bad_alloc const&) {
                refused = true;
            }
            until_refused        = -1;
            auto const all_of_it = [&](int times) {
                return std::all_of(done.begin(), done.end(), [=](auto const& one) { return one == times; });
            };
            CHECK(refused == (allocation == 0));
            CHECK(all_of_it(refused ? 0 : 1));
            workers.for_each(100, [&](sc::index_t i) { ++done[static_cast<std::size_t>(i)]; });
            CHECK(all_of_it(refused ? 1 : 2));
        }
    }
}
