// What errors of maps are made of: quantiles, the certified bound, weights, and what a probe is chosen by.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/budget/bound.hpp>
#include <scorecam/budget/error.hpp>
#include <scorecam/budget/probes.hpp>
#include <scorecam/budget/weights.hpp>
#include <scorecam/reference.hpp>
#include <scorecam/testing/drawn.hpp>
#include <scorecam/policies/weighting.hpp>

namespace sc     = scorecam;
namespace budget = scorecam::budget;
using sc::index_t;
using sc::ops::channel_role;

TEST_CASE("a quantile lies between its neighbours as numpy.quantile does")
{
    CHECK(budget::quantile({3, 1, 2}, 0.5) == 2);
    CHECK(budget::quantile({4, 1, 2, 3}, 0.5) == doctest::Approx(2.5));
    CHECK(budget::quantile({0, 10}, 0.9) == doctest::Approx(9));
    CHECK(budget::quantile({7}, 0.9) == 7);
    CHECK(budget::quantile({1, 2, 3}, 1) == 3);
}

TEST_CASE("maps are compared as they are shown")
{
    budget::matrix sums(3, 3);
    sums.col(0) << -1, 0, 4;    // ReLU first: 0 0 1
    sums.col(1) << 5, 5, 5;     // no contrast
    sums.col(2) << -3, -2, -1;  // nothing positive
    budget::matrix wanted(3, 3);
    wanted << 0, 0, 0, 0, 0, 0, 1, 0, 0;
    auto const maps = budget::shown(sums);
    CHECK(maps == wanted);
    budget::vector from(3);
    from << 0, 0.25F, 0.5F;
    CHECK(budget::largest_differences(maps, from) == std::vector<float>{0.5F, 0.5F, 0.5F});
    CHECK(budget::largest_differences(maps, maps.col(0)) == std::vector<float>{0, 1, 1});
}

TEST_CASE("what a channel can add is the range of its values; what is scored first has mass and area")
{
    budget::matrix summands(2, 3), masks(2, 3);
    summands << 1, -4, 0, 3, -2, 5;
    masks << 1, 0.5F, -0.25F, 0, 1, 1;
    CHECK(budget::reach_of(summands) == (budget::vector(3) << 2, 2, 5).finished());
    CHECK(budget::mass_times_area(summands, masks) == (budget::vector(3) << 4, 0, 5).finished());
}

TEST_CASE("weights are those of the backend, whatever the weighting and the part a channel takes")
{
    auto const check = [](auto const& weighting) {
        index_t const K = 9, M = 2;
        auto const scores = sc::testing::drawn_tensor<float, 3>({{1, K, M}}, 3);
        std::vector<channel_role> roles(static_cast<std::size_t>(K), channel_role::scored);
        roles[2] = channel_role::zero_mask;
        roles[5] = channel_role::left_out;
        roles[6] = channel_role::zero;
        std::array<float, 2> const baseline{0.125F, -0.5F}, zero_mask{0.25F, 0.75F};
        sc::tensor<float, 3> wanted{{{1, K, M}}};
        sc::reference_backend{}.weigh(scores.view(), sc::tensor_view<channel_role const, 2>{roles.data(), 1, K},
                                      sc::tensor_view<float const, 2>{baseline.data(), 1, M},
                                      sc::tensor_view<float const, 2>{zero_mask.data(), 1, M}, weighting, wanted.view());
        using weighting_type = std::remove_cvref_t<decltype(weighting)>;
        budget::weigh_by<float, weighting_type> const weigh{weighting, roles, baseline, zero_mask};
        for (index_t m = 0; m < M; ++m) {
            std::vector<float> row, weights(static_cast<std::size_t>(K));
            for (index_t k = 0; k < K; ++k) { row.push_back(scores(0, k, m)); }
            weigh(row, m, weights);
            for (index_t k = 0; k < K; ++k) { CHECK(weights[static_cast<std::size_t>(k)] == wanted(0, k, m)); }
        }
    };
    check(sc::raw_weights{});
    check(sc::relu_weights{});
    check(sc::softmax_weights{});
    check(sc::uniform_weights{});
    CHECK(sc::weighs_channels_alone<sc::raw_weights>);
    CHECK(sc::weighs_channels_alone<sc::relu_weights>);
    CHECK_FALSE(sc::weighs_channels_alone<sc::softmax_weights>);
}

TEST_CASE("a bound by hand")
{
    // Two channels, A_1 = (1, 0, 0) with w = 1, and A_2 = (0, 1, 0) with 0 <= w <= 1/2, predicted to be 1/4. The map is
    // (1, 1/4, 0), and its second place may be anything from 0 to 1/2.
    Eigen::VectorXd const w{{1, 0.25}};
    budget::matrix wider(3, 2);
    wider << 1, 0, 0, 1, 0, 0;
    CHECK(budget::certified_error(wider, w, {Eigen::VectorXd{{1, 0}}, Eigen::VectorXd{{1, 0.5}}}) == doctest::Approx(0.25));
    // All scored.
    CHECK(budget::certified_error(wider, w, {w, w}) == doctest::Approx(0));
    // Nothing is certain.
    CHECK(budget::certified_error(wider, w, {Eigen::VectorXd{{-9, -9}}, Eigen::VectorXd{{9, 9}}}) == doctest::Approx(1));
}

TEST_CASE("no weights within the limits are further off than the bound")
{
    index_t const cells = 12, K = 10;
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        auto const drawn = [&](std::uint64_t stream, index_t i) { return sc::testing::drawn(100 * seed + stream, i); };
        budget::matrix a(cells, K);
        for (index_t i = 0; i < a.size(); ++i) { a.data()[i] = static_cast<float>(drawn(1, i) + (seed % 2 == 0 ? 1 : 0)); }
        Eigen::VectorXd w(K), least(K), most(K);
        double const width = 0.3 * std::pow(0.5, static_cast<double>(seed % 6));
        for (index_t k = 0; k < K; ++k) {
            double const centre = drawn(2, k);
            bool const scored   = k % 3 != 0;
            least(k)            = scored ? centre : centre - width;
            most(k)             = scored ? centre : centre + width;
            w(k)                = scored ? centre : centre + width * drawn(3, k);
        }
        double const bound       = budget::certified_error(a, w, {least, most});
        budget::vector const map = budget::shown(a * w.cast<float>());
        double largest           = 0;
        for (index_t s = 0; s < 400; ++s) {
            Eigen::VectorXd other(K);
            for (index_t k = 0; k < K; ++k) {
                double const u = drawn(4, s * K + k);  // s odd: only the limits themselves
                other(k)       = s % 2 == 1 ? (u < 0 ? least(k) : most(k)) : least(k) + (most(k) - least(k)) * (u + 1) / 2;
            }
            budget::vector const there = budget::shown(a * other.cast<float>());
            largest                    = std::max(largest, double{(there - map).cwiseAbs().maxCoeff()});
        }
        CHECK(largest <= bound + 1e-5);
        CHECK(bound <= 1);
    }
}
