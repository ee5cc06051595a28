// Every n-th allocation refused, and every n-th thread: an error with a type, nothing is lost, and the explainer goes on.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <dlfcn.h>
#include <pthread.h>

#include <doctest/doctest.h>

#include <scorecam/budget/explain.hpp>
#include <scorecam/cpu/backend.hpp>
#include <scorecam/metrics/insertion_deletion.hpp>
#include <scorecam/scorecam.hpp>

#include "support/networks.hpp"

namespace {

std::atomic<long> live{0};
std::atomic<long> until_refused{-1};          // allocations of all threads until one is refused; never if negative
std::atomic<long> threads_until_refused{-1};  // and threads

/// Whether this is the one.
bool counted_down(std::atomic<long>& left) { return left.load() >= 0 && left.fetch_sub(1) == 0; }

void* taken(std::size_t size, std::size_t alignment)
{
    if (counted_down(until_refused)) { throw std::bad_alloc{}; }
    void* const memory = std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    if (memory == nullptr) { throw std::bad_alloc{}; }
    ++live;
    return memory;
}
void given_back(void* memory) noexcept
{
    if (memory == nullptr) { return; }
    --live;
    std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) { return taken(size, 16); }
void* operator new(std::size_t size, std::align_val_t to) { return taken(size, static_cast<std::size_t>(to)); }
void operator delete(void* memory) noexcept { given_back(memory); }
void operator delete(void* memory, std::size_t) noexcept { given_back(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { given_back(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { given_back(memory); }

extern "C" int pthread_create(pthread_t* thread, pthread_attr_t const* how, void* (*work)(void*), void* with)
{
    using function         = int (*)(pthread_t*, pthread_attr_t const*, void* (*)(void*), void*);
    static auto const real = reinterpret_cast<function>(dlsym(RTLD_NEXT, "pthread_create"));
    return counted_down(threads_until_refused) ? EAGAIN : real(thread, how, work, with);
}

namespace sc = scorecam;

namespace {

constexpr sc::image_shape input{2, 8, 9};

class network : public networks::seeded<float> {
public:
    network() : networks::seeded<float>{input, {7, 3, 4}, 3, 5} {}
    [[nodiscard]] network replica() const { return *this; }
    sc::captured_layers<float> capture_layers(sc::tensor_view<float const, 4> batch)
    {
        auto const seen = capture(batch);
        early_          = {batch.shape(), {batch.begin(), batch.end()}};
        return {seen.outputs, {seen.activations, early_.view()}};
    }

private:
    sc::tensor<float, 4> early_;
};

using values = std::vector<float>;

/// Something that is kept and called again.
template <class Kept, class Call>
void check_all_refusals(std::string const& what, std::atomic<long>& left, Kept const& kept, Call const& call)
{
    CAPTURE(what);
    values const expected = call(*kept());
    long refused = 0, n = 0;
    for (bool reached = true; reached; ++n) {
        REQUIRE(n < 100'000);
        long const before = live;
        {
            std::optional<values> found, again;
            decltype(kept()) one;
            left = n;
            try {
                one   = kept();
                found = call(*one);
            } catch (sc::error const&) {
                ++refused;
            } catch (std::bad_alloc const&) {
                ++refused;
            }
            reached = left.exchange(-1) < 0;
            if (!one) { one = kept(); }
            again = call(*one);
            CHECK((!found || *found == expected));
            CHECK(*again == expected);
        }
        CHECK(live == before);
    }
    CHECK((&left != &until_refused || refused > 0));
}

void check_everything(int threads, sc::index_t concurrency, std::atomic<long>& left)
{
    CAPTURE(threads);
    CAPTURE(concurrency);
    auto const image = networks::drawn_tensor<float>(input, 9);
    struct explaining {
        network model;
        sc::cpu::backend on;
        sc::explainer<sc::cpu::backend, network> explain;
        explaining(int n, sc::index_t at_once)
            : on{n},
              explain{on, model, sc::target{1}, sc::baseline{sc::mean{}}, sc::fixed_batch{2}, sc::concurrency{at_once}}
        {
        }
    };
    auto const of = [](auto const& found) { return values(found.maps.begin(), found.maps.end()); };
    check_all_refusals(
        "explain", left, [&] { return std::make_unique<explaining>(threads, concurrency); },
        [&](explaining& one) { return of(one.explain(image.view())); });

    struct layers {
        network model;
        sc::cpu::backend on;
        sc::layers_explainer<sc::cpu::backend, network> explain;
        layers(int n, sc::index_t at_once)
            : on{n}, explain{on, model, sc::fusion{}, sc::target{1}, sc::fixed_batch{2}, sc::concurrency{at_once}}
        {
        }
    };
    check_all_refusals(
        "layers", left, [&] { return std::make_unique<layers>(threads, concurrency); },
        [&](layers& one) { return of(one.explain(image.view())); });

    struct budgeted {
        network model;
        sc::cpu::backend on;
        sc::budget::explainer<sc::cpu::backend, network> explain;
        budgeted(int n, sc::index_t at_once)
            : on{n}, explain{on, model, sc::target{1}, sc::fixed_batch{2}, sc::concurrency{at_once}}
        {
        }
    };
    check_all_refusals(
        "budget", left, [&] { return std::make_unique<budgeted>(threads, concurrency); },
        [&](budgeted& one) { return of(one.explain(image.view(), sc::budget::forwards{5})); });

    auto const map = networks::drawn_tensor<float>(sc::extents<2>{8, 9}, 3);
    check_all_refusals(
        "metrics", left,
        [&] {
            return std::make_unique<std::pair<network, sc::cpu::backend>>(std::piecewise_construct, std::tuple{},
                                                                          std::tuple{threads});
        },
        [&](std::pair<network, sc::cpu::backend>& one) {
            auto const curve =
                sc::metrics::insertion(one.second, one.first, image.view(), map.view(), sc::metrics::torch_cam{5},
                                       sc::target{1}, sc::fixed_batch{2}, sc::concurrency{concurrency});
            auto const scores = curve.of().scores;
            return values(scores.begin(), scores.end());
        });
}

}  // namespace

TEST_CASE("whichever allocation is refused, the error has a type, nothing is lost, and the same bits come afterwards")
{
    for (int const threads : {1, 2, 3}) {
        for (sc::index_t const concurrency : {1, 2, 3}) { check_everything(threads, concurrency, until_refused); }
    }
}

TEST_CASE("whichever thread is refused, too")
{
    for (int const threads : {1, 2, 3}) {
        for (sc::index_t const concurrency : {1, 2, 3}) { check_everything(threads, concurrency, threads_until_refused); }
    }
}
