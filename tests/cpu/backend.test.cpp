#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <utility>

#include <doctest/doctest.h>

#include <scorecam/cpu/backend.hpp>
#include <scorecam/scorecam.hpp>
#include <scorecam/testing/backend_conformance.hpp>
#include <scorecam/testing/model_conformance.hpp>

#include "support/networks.hpp"
#include "support/other_inputs.hpp"
#include "support/sanitizers.hpp"

namespace sc = scorecam;

TEST_CASE("the CPU backend conforms, on one thread and on several")
{
    for (int const threads : {1, 2, 5}) {
        CAPTURE(threads);
        sc::cpu::backend on{threads};
        sc::testing::check_backend_conformance(on);
        sc::testing::check_batches_of<networks::bfloat16>(on);
        sc::testing::check_batches_of<float, double>(on);
    }
}

TEST_CASE("a model called by the CPU backend conforms")
{
    networks::seeded<float> model{{3, 16, 20}, {6, 4, 5}, 4, 21};
    sc::cpu::backend on{2};
    sc::testing::check_model_conformance(on, model);
}

TEST_CASE("results do not depend on the number of threads, to the last bit")
{
    networks::seeded<float> model{{3, 37, 53}, {16, 10, 14}, 5, 1};
    auto const image = networks::drawn_tensor<float>(sc::image_shape{3, 37, 53}, 2);
    sc::cpu::backend one{1};
    sc::cpu::backend three{3};
    auto const a = sc::explain(one, model, image.view(), sc::top{2}, sc::baseline{sc::blurred{3}});
    auto const b = sc::explain(three, model, image.view(), sc::top{2}, sc::baseline{sc::blurred{3}});
    CHECK(std::equal(a.maps.begin(), a.maps.end(), b.maps.begin()));
}

TEST_CASE("signals and volumes give the reference's maps")
{
    auto const check = [](auto& model, auto const& input) {
        sc::reference_backend reference;
        sc::cpu::backend cpu{2};
        auto const expected = sc::explain(reference, model, input.view(), sc::target{1});
        auto const found    = sc::explain(cpu, model, input.view(), sc::target{1});
        sc::testing::check_close(found.maps, expected.maps, 64.0);
    };
    networks::seeded<double, 1> ears{sc::signal_shape{2, 40}, sc::signal_shape{5, 7}, 3, 11};
    check(ears, networks::drawn_tensor<double>(sc::signal_shape{2, 40}, 12));
    networks::seeded<double, 3> scanner{sc::volume_shape{1, 8, 12, 10}, sc::volume_shape{6, 2, 4, 5}, 3, 13};
    check(scanner, networks::drawn_tensor<double>(sc::volume_shape{1, 8, 12, 10}, 14));
}

TEST_CASE("sums of constant channels are constant, whatever the size")
{
    sc::cpu::backend cpu{1};
    int not_constant = 0;
    for (sc::index_t K = 2; K <= 40; ++K) {
        for (sc::index_t h = 1; h <= 8; ++h) {
            for (sc::index_t w = 2; w <= 8; ++w) {
                for (sc::index_t M = 1; M <= 6; ++M) {
                    sc::tensor<float, 4> maps{{{1, K, h, w}}}, sums{{{1, M, h, w}}};
                    for (sc::index_t k = 0; k < K; ++k) {
                        std::fill_n(maps.data() + k * h * w, h * w, std::abs(networks::drawn<float>(5, k)));
                    }
                    sc::tensor<float, 3> weights{{{1, K, M}}};
                    for (sc::index_t i = 0; i < weights.size(); ++i) {
                        weights.data()[i] = 0.3F + networks::drawn<float>(9, i) / 9;
                    }
                    cpu.combine(as_const(maps.view()), as_const(weights.view()), sums.view());
                    for (sc::index_t m = 0; m < M; ++m) {
                        auto const sum = sums.view()[0][m];
                        not_constant += std::adjacent_find(sum.begin(), sum.end(), std::not_equal_to<>{}) != sum.end();
                    }
                }
            }
        }
    }
    CHECK(not_constant == 0);
}

TEST_CASE("activations without contrast make a map without evidence, as the reference says")
{
    for (sc::index_t K = 8; K <= 64; K += 4) {
        for (sc::index_t const w : {3, 4, 5, 6, 7}) {
            CAPTURE(K);
            CAPTURE(w);
            auto const forward = [](sc::tensor_view<float const, 4> batch) {
                sc::tensor<float, 2> outputs{{{batch.extent(0), 5}}};
                for (sc::index_t i = 0; i < outputs.size(); ++i) { outputs.data()[i] = 0.1F * static_cast<float>(i % 5); }
                return outputs;
            };
            auto const capture = [&](sc::tensor_view<float const, 4> batch) {
                sc::tensor<float, 4> maps{{{batch.extent(0), K, w, w}}};
                for (sc::index_t i = 0; i < maps.size(); ++i) {
                    maps.data()[i] = 0.1F + 0.0137F * static_cast<float>(i / (w * w) % K * 7 % 11);
                }
                return std::pair{forward(batch), maps};
            };
            auto model       = sc::make_model(sc::image_shape{1, 16, 16}, forward, capture);
            auto const image = networks::drawn_tensor<float>(sc::image_shape{1, 16, 16}, 3);
            sc::cpu::backend cpu{1};
            sc::reference_backend reference;
            sc::heatmap_rule const scaled{.scale = sc::scaling::min_max};
            for (sc::index_t const targets : {2, 4}) {
                auto const found =
                    sc::explain(cpu, model, image.view(), sc::flat_channels::scored, sc::top{targets}, scaled);
                auto const expected =
                    sc::explain(reference, model, image.view(), sc::flat_channels::scored, sc::top{targets}, scaled);
                CHECK(std::equal(found.status.begin(), found.status.end(), expected.status.begin()));
                CHECK(std::all_of(found.maps.begin(), found.maps.end(), [](float v) { return v == 0; }));
            }
        }
    }
}

TEST_CASE("workers do each piece of work once and hand on the first error")
{
    for (int const threads : {1, 2, 4}) {
        sc::cpu::workers workers{threads};
        for (sc::index_t const count : {0, 1, 3, 100}) {
            std::vector<std::atomic<int>> done(static_cast<std::size_t>(count));
            workers.for_each(count, [&](sc::index_t i) { ++done[static_cast<std::size_t>(i)]; });
            CHECK(std::all_of(done.begin(), done.end(), [](auto const& times) { return times == 1; }));
        }
        CHECK_THROWS_AS(workers.for_each(10,
                                         [](sc::index_t i) {
                                             if (i == 7) { throw std::runtime_error{"7"}; }
                                         }),
                        std::runtime_error);
    }
    CHECK_THROWS_WITH_AS(sc::cpu::backend{0}, doctest::Contains("1 or more"), sc::option_error);
}

TEST_CASE("memory that cannot be had is out_of_memory, in the library's own words" *
          doctest::skip(SCORECAM_TEST_NEW_THROWS == 0))
{
    sc::cpu::backend cpu{1};
    sc::reference_backend reference;
    constexpr sc::index_t too_much = sc::index_t{1} << 60;
    CHECK_THROWS_WITH_AS(static_cast<void>(cpu.allocate<float>(too_much)), doctest::Contains("smaller batch"),
                         sc::out_of_memory);
    CHECK_THROWS_WITH_AS(static_cast<void>(reference.allocate<float>(too_much / 4)), doctest::Contains("smaller batch"),
                         sc::out_of_memory);
}
