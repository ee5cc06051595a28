// How masked images are batched and by how many threads they are run changes nothing but the time and the memory.
#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/scorecam.hpp>

#include "support/networks.hpp"

namespace sc = scorecam;

namespace {

constexpr sc::image_shape input{3, 16, 20};

/// A network that other threads may call replicas of, and that can take only so many images at once.
class network {
public:
    using value_type = float;
    using space_type = sc::host_space;

    struct counts {
        std::atomic<sc::index_t> forwards = 0;
        std::atomic<sc::index_t> replicas = 0;
        sc::index_t fits                  = std::numeric_limits<sc::index_t>::max();
        sc::index_t broken_from           = std::numeric_limits<sc::index_t>::max();
        bool bad_alloc                    = false;
    };

    [[nodiscard]] sc::image_shape input_shape() const { return input; }
    [[nodiscard]] network replica() const
    {
        ++seen->replicas;
        return *this;
    }
    auto forward(sc::tensor_view<float const, 4> batch)
    {
        if (batch.extent(0) > seen->fits) {
            if (seen->bad_alloc) { throw std::bad_alloc{}; }
            throw sc::out_of_memory{"no memory for " + std::to_string(batch.extent(0))};
        }
        if ((seen->forwards += batch.extent(0)) > seen->broken_from) { throw sc::model_error{"the network broke"}; }
        return inside_.forward(batch);
    }
    auto capture(sc::tensor_view<float const, 4> batch) { return inside_.capture(batch); }

    std::shared_ptr<counts> seen = std::make_shared<counts>();

private:
    networks::seeded<float> inside_{input, {23, 4, 5}, 4, 21};
};
static_assert(sc::model<network>);

bool same(sc::explanation<float> const& a, sc::explanation<float> const& b)
{
    return std::equal(a.maps.begin(), a.maps.end(), b.maps.begin()) &&
           std::equal(a.scores.begin(), a.scores.end(), b.scores.begin());
}

auto const images = networks::drawn_tensor<float>(prepend(input, 2), 22);

template <class... Policies>
auto explained(network& model, Policies... policies)
{
    sc::reference_backend on;
    return sc::explain(on, model, images.view(), sc::targets{1, 3}, sc::baseline{sc::mean{}}, policies...);
}

}  // namespace

TEST_CASE("several callers give the same as one, to the last bit, from the same forwards")
{
    network model;
    auto const alone = explained(model);
    for (sc::index_t const number : {1, 2, 3, 8}) {
        for (sc::index_t const batch : {1, 5, 64}) {
            CAPTURE(number);
            CAPTURE(batch);
            model.seen->replicas = 0;
            auto const found     = explained(model, sc::concurrency{number}, sc::fixed_batch{batch});
            CHECK(same(found, alone));
            CHECK(found.forwards == alone.forwards);
            CHECK(model.seen->replicas == number - 1);
        }
    }
}

TEST_CASE("no caller takes more than its share of the masks")
{
    network model;
    auto const alone = explained(model, sc::fixed_batch{64});
    auto const masks = alone.batch_size;
    CHECK(masks > 8);  // all of them at once
    CHECK(explained(model, sc::concurrency{2}, sc::fixed_batch{64}).batch_size == (masks + 1) / 2);
    CHECK(explained(model, sc::concurrency{8}, sc::fixed_batch{64}).batch_size == (masks + 7) / 8);
    CHECK(explained(model, sc::concurrency{2}, sc::shrinking_batch{64}).batch_size == (masks + 1) / 2);  // what ran
}

TEST_CASE("an explainer keeps its callers, and counts each explanation by itself")
{
    network model;
    sc::reference_backend on;
    sc::explainer explain{on, model, sc::concurrency{3}, sc::fixed_batch{2}};
    auto const first = explain(images.view());
    auto const again = explain(images.view());
    CHECK(same(first, again));
    CHECK(first.forwards == again.forwards);
    CHECK(first.batches == again.batches);
    CHECK(model.seen->replicas == 2);
}

TEST_CASE("progress of several callers rises to the end, and one who stops stops all")
{
    network model;
    std::vector<sc::index_t> heard;
    sc::index_t total = 0;
    explained(model, sc::concurrency{3}, sc::fixed_batch{2}, sc::on_progress{[&](sc::index_t done, sc::index_t all) {
                  heard.push_back(done);
                  total = all;
              }});
    CHECK(std::is_sorted(heard.begin(), heard.end()));
    CHECK(heard.back() == total);

    std::stop_source stop;
    CHECK_THROWS_AS(explained(model, sc::concurrency{3}, sc::fixed_batch{2}, sc::stop_when{stop.get_token()},
                              sc::on_progress{[&](sc::index_t done, sc::index_t) {
                                  if (done > 4) { stop.request_stop(); }
                              }}),
                    sc::cancelled);
}

TEST_CASE("an error of one caller is the error of the explanation")
{
    network model;
    model.seen->broken_from = 20;
    CHECK_THROWS_WITH_AS(explained(model, sc::concurrency{3}, sc::fixed_batch{2}), "the network broke", sc::model_error);
}

TEST_CASE("callers of a model without replicas, and no callers at all, are refused in words")
{
    networks::seeded<float> plain{input, {5, 4, 5}, 4, 21};
    sc::reference_backend on;
    CHECK_THROWS_WITH_AS(static_cast<void>(sc::explain(on, plain, images.view(), sc::concurrency{2})),
                         "2 concurrent calls were asked for, but the model or the backend has no replica(); use one",
                         sc::option_error);
    network model;
    CHECK_THROWS_WITH_AS(explained(model, sc::concurrency{0}), "0 concurrent calls were asked for; use 1 or more", sc::option_error);
}

TEST_CASE("a shrinking batch halves until it fits, keeps what was scored, and remembers")
{
    network model;
    auto const alone = explained(model);
    for (bool const bad_alloc : {false, true}) {
        for (sc::index_t const number : {1, 3}) {
            CAPTURE(bad_alloc);
            CAPTURE(number);
            model.seen->fits      = 5;
            model.seen->bad_alloc = bad_alloc;
            sc::reference_backend on;
            sc::explainer explain{
                on, model, sc::targets{1, 3}, sc::baseline{sc::mean{}}, sc::concurrency{number}, sc::shrinking_batch{16}};
            auto const found = explain(images.view());
            CHECK(same(found, alone));
            CHECK(found.forwards == alone.forwards);  // nothing is run twice
            CHECK(found.batch_size == 4);

            model.seen->fits = 1000;
            CHECK(explain(images.view()).batch_size == 4);
        }
    }
}

TEST_CASE("a shrinking batch comes down to the same size whoever runs out of memory first")
{
    sc::shrinking_batch strategy{16};
    CHECK(strategy.on_out_of_memory(14) == 8);  // 14 images were left
    CHECK(strategy.on_out_of_memory(16) == 8);  // of another caller, tried before
    CHECK(strategy.on_out_of_memory(8) == 4);
    CHECK(strategy.on_out_of_memory(6) == 4);
    CHECK(strategy.on_out_of_memory(1) == 0);
    CHECK(strategy.next({10, 8, 8}) == 1);  // memory may be there again in the next explanation
}

TEST_CASE("memory that is short for a single image, and for a strategy that does not shrink, is an error")
{
    network model;
    model.seen->fits = 0;
    CHECK_THROWS_AS(explained(model, sc::shrinking_batch{16}), sc::out_of_memory);
    model.seen->fits = 5;
    CHECK_THROWS_AS(explained(model, sc::fixed_batch{16}), sc::out_of_memory);
}

TEST_CASE("a tuned batch tries each size, keeps the fastest, and starts again for other inputs")
{
    sc::tuned_batch strategy{{2, 4, 8}};
    auto const run = [&](sc::index_t bytes, auto seconds_per_image, int batches) {
        std::vector<sc::index_t> sizes;
        for (int b = 0; b < batches; ++b) {
            sizes.push_back(strategy.next({1000, bytes, 8}));
            strategy.took(sizes.back(), seconds_per_image(sizes.back(), b) * static_cast<double>(sizes.back()));
        }
        return sizes;
    };
    auto const four_is_fast = [](sc::index_t n, int) { return n == 4 ? 0.8 : 1.0; };
    auto const sizes        = run(100, four_is_fast, 14);
    CHECK(std::vector(sizes.begin(), sizes.begin() + 4) == std::vector<sc::index_t>{2, 4, 8, 2});
    CHECK(sizes[12] == 4);
    CHECK(sizes[13] == 4);
    CHECK(strategy.chosen() == 4);

    auto const all_the_same = [](sc::index_t n, int) { return n == 8 ? 0.99 : 1.0; };
    CHECK(run(200, all_the_same, 13).back() == 2);  // 1 % is not worth the memory

    // a disturbed machine: what was slow once is fast another time
    auto const disturbed = [](sc::index_t n, int b) { return n == 8 ? (b < 6 ? 5.0 : 0.5) : 1.0; };
    CHECK(run(300, disturbed, 13).back() == 8);

    // the first batch of a size pays for its memory and is not counted
    auto const cold = [](sc::index_t n, int b) { return n == 2 && b < 3 ? 0.1 : n == 4 ? 0.9 : 1.0; };
    CHECK(run(400, cold, 13).back() == 4);
}

TEST_CASE("a tuned batch is named in the result, and small last batches do not mislead it")
{
    network model;
    sc::reference_backend on;
    sc::explainer explain{on, model, sc::targets{1, 3}, sc::baseline{sc::mean{}}, sc::tuned_batch{{1, 2, 3}}};
    auto const alone = explained(model);
    for (int i = 0; i < 3; ++i) {
        auto const found = explain(images.view());
        CHECK(same(found, alone));
        CHECK(found.batch_size >= 1);
        CHECK(found.batch_size <= 3);
    }
    CHECK_THROWS_AS(sc::tuned_batch{{}}, sc::option_error);
    CHECK_THROWS_AS((sc::tuned_batch{{4, 0}}), sc::option_error);
}
