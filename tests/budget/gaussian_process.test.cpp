// The kernel and the Gaussian process, against their textbook formulas in plain loops.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/budget/kernel.hpp>
#include <scorecam/budget/probes.hpp>
#include <scorecam/budget/gaussian_process.hpp>
#include <scorecam/budget/random.hpp>
#include <scorecam/testing/drawn.hpp>

#include "naive.hpp"

namespace sc     = scorecam;
namespace budget = scorecam::budget;
using sc::index_t;

namespace {

constexpr double noise = 1e-2;

/// Masks in [0, 1) that are 0 in places.
template <std::size_t Rank>
[[nodiscard]] sc::tensor<float, Rank> masks_of(sc::extents<Rank> shape, std::uint64_t seed = 1)
{
    auto masks = sc::testing::drawn_tensor<float>(shape, seed);
    for (float& value : masks.view()) { value = std::max(value, 0.F); }
    return masks;
}

[[nodiscard]] std::vector<index_t> numbers_from(index_t first, index_t count)
{
    std::vector<index_t> numbers(static_cast<std::size_t>(count));
    std::iota(numbers.begin(), numbers.end(), first);
    return numbers;
}

template <std::size_t Rank>
[[nodiscard]] budget::mask_kernel kernel_of(sc::tensor<float, Rank> const& masks)
{
    return {masks.view(), numbers_from(0, masks.extent(0))};
}
template <std::size_t Rank>
[[nodiscard]] budget::gaussian_process process_of(sc::tensor<float, Rank> const& masks)
{
    return {kernel_of(masks), noise};
}

/// In units of the kernel, whose values are 1 for a typical mask and larger for large ones.
[[nodiscard]] bool close(double a, double b, double tolerance) { return std::abs(a - b) <= tolerance * (1 + std::abs(b)); }

}  // namespace

TEST_CASE("the kernel is linear plus Matérn-3/2 in blurred masks, for signals, images and volumes")
{
    auto const check = [](auto const& masks) {
        auto const kernel = kernel_of(masks);
        auto const naive  = naive::kernel(masks);
        auto const all    = numbers_from(0, kernel.items());
        auto const k      = kernel.with(all);
        auto const among  = kernel.among(all);
        REQUIRE(kernel.items() == masks.extent(0) + 2);
        for (index_t i = 0; i < kernel.items(); ++i) {
            for (index_t j = 0; j < kernel.items(); ++j) {
                double const wanted = naive(static_cast<std::size_t>(i), static_cast<std::size_t>(j));
                CHECK(close(double{k(i, j)}, wanted, 1e-5));  // float32 sums of up to 60 cells
                CHECK(close(double{among(i, j)}, wanted, 1e-5));
            }
            CHECK(close(double{kernel.self()(i)}, naive(static_cast<std::size_t>(i), static_cast<std::size_t>(i)), 1e-5));
        }
    };
    check(masks_of<2>({{7, 9}}));
    check(masks_of<3>({{10, 5, 4}}));
    check(masks_of<3>({{6, 1, 6}}));
    check(masks_of<4>({{8, 3, 4, 5}}));
    check(masks_of<3>({{1, 3, 3}}));
}

TEST_CASE("what is expected of the others, and how sure that is, are the textbook's")
{
    auto const masks  = masks_of<3>({{12, 4, 4}});
    auto process      = process_of(masks);
    auto const kernel = naive::kernel(masks);
    std::vector<index_t> const observed{12, 13, 3, 7, 0, 9};
    budget::matrix values(6, 2);
    values << 0, 0, 1, -2, 0.5F, 3, -1, 1, 2, 0.25F, -0.5F, 1;
    process.observe(observed);

    auto const white    = process.whitened(values);
    auto const found    = process.expected(white, 12);
    auto const variance = process.variance();
    for (index_t k = 0; k < 12; ++k) {
        for (index_t c = 0; c < 2; ++c) {
            std::vector<double> seen;
            for (index_t n = 0; n < 6; ++n) { seen.push_back(double{values(n, c)}); }
            CHECK(close(double{found(k, c)}, naive::expected(kernel, observed, noise, seen, k), 2e-4));
        }
        CHECK(close(double{variance(k)}, naive::covariance(kernel, observed, noise, k, k), 2e-4));
    }

    // zᵀz = yᵀ(K + noise)⁻¹y
    std::vector<double> first;
    for (index_t n = 0; n < 6; ++n) { first.push_back(double{values(n, 0)}); }
    naive::square seen{6};
    for (std::size_t i = 0; i < 6; ++i) {
        for (std::size_t j = 0; j < 6; ++j) {
            seen(i, j) =
                kernel(static_cast<std::size_t>(observed[i]), static_cast<std::size_t>(observed[j])) + (i == j ? noise : 0);
        }
    }
    auto const x         = naive::solved(seen, first);
    double const squared = std::inner_product(x.begin(), x.end(), first.begin(), 0.0);
    CHECK(close(double{white.col(0).squaredNorm()}, squared, 1e-4));
}

TEST_CASE("observing in blocks is observing at once")
{
    auto const masks = masks_of<3>({{60, 5, 5}});
    auto const items = numbers_from(0, 48);
    auto at_once     = process_of(masks);
    at_once.observe(items);
    budget::matrix values(48, 3);
    budget::normal_draws{3}.fill(0, {values.data(), 144});

    for (std::vector<index_t> const& blocks : {std::vector<index_t>{16, 16, 16}, {1, 2, 45}, {47, 1}, {10, 0, 38}}) {
        auto process  = process_of(masks);
        index_t first = 0;
        for (index_t const size : blocks) {
            process.observe(std::span{items}.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(size)));
            first += size;
        }
        REQUIRE(process.observed().size() == 48);
        CHECK((process.variance() - at_once.variance()).cwiseAbs().maxCoeff() < 1e-4F);
        auto const in_blocks = process.expected(process.whitened(values), 60);
        auto const together  = at_once.expected(at_once.whitened(values), 60);
        CHECK((in_blocks - together).cwiseAbs().maxCoeff() < 1e-3F);
    }
}

TEST_CASE("variances fall with every observation, to about the noise where one was made")
{
    auto process = process_of(masks_of<3>({{40, 5, 5}}));
    auto before  = process.variance();
    for (index_t k = 0; k < 40; k += 8) {
        process.observe(numbers_from(k, 8));
        auto const after = process.variance();
        CHECK((after.array() <= before.array() + 1e-5F).all());
        for (index_t j = 0; j < k + 8; ++j) { CHECK(after(j) < 2.1 * noise); }
        before = after;
    }
}

TEST_CASE("a linear function of the mask is learned from as many masks as it has cells")
{
    auto const masks = masks_of<3>({{80, 4, 4}});
    auto process     = process_of(masks);
    budget::matrix w(16, 1);  // smooth, as the kernel expects it
    budget::normal_draws{5}.fill(0, {w.data(), 16});
    budget::detail::blur_columns(w, sc::extents<2>{{4, 4}});
    budget::matrix truth(80, 1);
    for (index_t k = 0; k < 80; ++k) { truth(k, 0) = std::inner_product(w.data(), w.data() + 16, masks[k].begin(), 0.F); }
    auto const items = numbers_from(0, 40);
    process.observe(items);
    auto const found   = process.expected(process.whitened(truth.topRows(40)), 80);
    float const spread = truth.maxCoeff() - truth.minCoeff();
    CHECK((found - truth).topRows(40).cwiseAbs().maxCoeff() < 0.02F * spread);
    CHECK((found - truth).cwiseAbs().maxCoeff() < 0.1F * spread);
}

TEST_CASE("duplicate masks, masks of one cell, equal masks and no mask at all do no harm")
{
    auto const check = [](sc::tensor<float, 3> const& masks) {
        auto process        = process_of(masks);
        index_t const items = process.kernel().items();
        process.observe(numbers_from(0, items));
        budget::matrix values(items, 1);
        budget::normal_draws{3}.fill(0, {values.data(), static_cast<std::size_t>(items)});
        CHECK(process.variance().allFinite());
        CHECK((process.variance().array() > 0).all());
        CHECK(process.expected(process.whitened(values), items).allFinite());
        CHECK(process.covariance_root(numbers_from(0, items)).allFinite());
    };
    auto masks = masks_of<3>({{64, 3, 3}});
    for (index_t k = 0; k < 64; ++k) { std::copy_n(masks[k % 4].data(), 9, masks.view()[k].data()); }
    check(masks);
    for (float& v : masks.view()) { v = 1; }  // all of them the whole image
    check(masks);
    for (float& v : masks.view()) { v = 0; }
    check(masks);
    check(masks_of<3>({{5, 1, 1}}));
    check(masks_of<3>({{1, 3, 3}}));
    check(sc::tensor<float, 3>{{{0, 3, 3}}});

    // One large mask among masks of single cells: 64² cells to one.
    sc::tensor<float, 3> uneven{{{70, 64, 64}}};
    for (index_t k = 0; k < 69; ++k) { uneven(k, k % 64, (7 * k) % 64) = 1; }
    for (float& v : uneven.view()[69]) { v = 1; }
    check(uneven);
}

TEST_CASE("the covariance of joint draws is the one that is left")
{
    auto const masks  = masks_of<3>({{12, 4, 4}});
    auto process      = process_of(masks);
    auto const kernel = naive::kernel(masks);
    std::vector<index_t> const observed{12, 13, 3, 7};
    std::vector<index_t> const others{0, 1, 2, 5, 11};
    process.observe(observed);
    auto const root = process.covariance_root(others);

    constexpr index_t draws = 1 << 16;
    budget::matrix normal(5, draws);
    budget::normal_draws{11}.fill(0, {normal.data(), static_cast<std::size_t>(normal.size())});
    budget::matrix const drawn = root * normal;
    budget::matrix const found = drawn * drawn.transpose() / static_cast<float>(draws);
    for (index_t i = 0; i < 5; ++i) {
        for (index_t j = 0; j < 5; ++j) {
            auto const at     = [&](index_t n) { return others[static_cast<std::size_t>(n)]; };
            double const left = naive::covariance(kernel, observed, noise, at(i), at(j));
            double const own  = naive::covariance(kernel, observed, noise, at(i), at(i)) *
                               naive::covariance(kernel, observed, noise, at(j), at(j));
            CHECK(std::abs(double{found(i, j)} - left) < 5 * std::sqrt((own + left * left) / draws));
            CHECK(close(double{(root * root.transpose())(i, j)}, left, 2e-4));
        }
    }
}

TEST_CASE("a design spreads over what is unknown and important, and leaves out what it must not take")
{
    // Two groups of nearly equal masks, left and right, and one mask that is unlike all others.
    sc::tensor<float, 3> masks{{{9, 4, 8}}};
    for (index_t k = 0; k < 8; ++k) {
        for (index_t i = 0; i < 4; ++i) {
            for (index_t j = 0; j < 3; ++j) { masks(k, i, j + (k % 2 == 0 ? 0 : 5)) = 1 - 0.01F * static_cast<float>(k); }
        }
    }
    masks(8, 3, 4)            = 1;
    budget::vector importance = budget::vector::Ones(9);
    importance(8)             = 1e-3F;
    auto const two            = budget::greedy_design(process_of(masks), importance, 2);
    CHECK(two[0] % 2 != two[1] % 2);

    importance(0) = importance(1) = -1;
    auto const all                = budget::greedy_design(process_of(masks), importance, 7);
    auto sorted                   = all;
    std::sort(sorted.begin(), sorted.end());
    CHECK(sorted == numbers_from(2, 7));
    CHECK(budget::greedy_design(process_of(masks), importance, 0).empty());
}
