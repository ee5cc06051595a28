// The bodies of the kernels on fibres, with blocks of several sizes, and grids that have to take turns.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/cuda/backend.hpp>
#include <scorecam/reference.hpp>
#include <scorecam/scores/boxes.hpp>
#include <scorecam/scores/classes.hpp>
#include <scorecam/scores/embeddings.hpp>
#include <scorecam/scores/regions.hpp>
#include <scorecam/testing/cases.hpp>
#include <scorecam/testing/checks.hpp>
#include <scorecam/testing/drawn.hpp>

#include "cuda/on_fibres.hpp"

namespace sc   = scorecam;
namespace ops  = scorecam::ops;
namespace work = scorecam::cuda::work;

namespace {

constexpr unsigned block_sizes[] = {1, 2, 3, 7, 32, 33, 128};

/// Calls f(team) in each thread of a block.
template <class F>
void in_a_block(unsigned threads, unsigned seed, F const& f)
{
    fibres::block block{threads, seed};
    block.run([&](fibres::lane one) { f(sc::cuda::team<fibres::lane>{one}); });
}

/// Work that writes down how often each item or row was done.
struct count_items {
    sc::index_t o;
    sc::index_t i;
    int* done;
    [[nodiscard]] sc::index_t outer() const { return o; }
    [[nodiscard]] sc::index_t inner() const { return i; }
    void operator()(sc::index_t at, std::uint32_t item) const { ++done[at * i + item]; }
};
struct count_rows {
    sc::index_t count;
    int* done;
    [[nodiscard]] sc::index_t rows() const { return count; }
    template <class Team>
    void operator()(sc::index_t row, Team const& together) const
    {
        if (together.rank() == 0) { ++done[row]; }
    }
};

}  // namespace

TEST_CASE("a team's sum, extrema and loops are those of one thread, for any number of threads")
{
    auto const values = sc::testing::drawn_tensor<double>(sc::extents<1>{101}, 3);
    for (unsigned const threads : block_sizes) {
        for (sc::index_t const count : {1, 2, 31, 101}) {
            CAPTURE(threads);
            CAPTURE(count);
            auto const alone = ops::range_of(values.data(), count);
            std::vector<int> done(static_cast<std::size_t>(count));
            in_a_block(threads, threads, [&](auto const& team) {
                auto const term = [](sc::index_t i) { return i; };
                auto const plus = [](sc::index_t a, sc::index_t b) { return a + b; };
                for (int again = 0; again < 3; ++again) {  // the slots are used again
                    CHECK(team.reduce(count, sc::index_t{0}, term, plus) == count * (count - 1) / 2);
                    auto const together = ops::range_of(values.data(), count, team);
                    CHECK(together.lo == alone.lo);
                    CHECK(together.hi == alone.hi);
                }
                team.for_each(count, [&](sc::index_t i) { ++done[static_cast<std::size_t>(i)]; });
            });
            CHECK(std::all_of(done.begin(), done.end(), [](int times) { return times == 1; }));
        }
    }
}

TEST_CASE("a team sees NaN wherever it is, and whoever comes upon it")
{
    for (unsigned const threads : block_sizes) {
        for (std::size_t at = 0; at < 9; ++at) {
            std::vector<float> values{1, -2, 3, 5, 4, -6, 2, 0, 1};
            values[at] = std::numeric_limits<float>::quiet_NaN();
            in_a_block(threads, 5, [&](auto const& team) {
                CHECK_FALSE(ops::range_of(values.data(), 9, team).finite());
                CHECK_FALSE(ops::range_of(values.data(), 9, team).flat());
                auto const moments = ops::moments_of(values.data(), 9, team);
                CHECK(moments.mass != moments.mass);
                ops::softmax_of<ops::row<float>> const softmax{{values.data(), 9}, team};
                CHECK(softmax(0) != softmax(0));
            });
        }
    }
}

TEST_CASE("a barrier that not all threads come to is found out")
{
    fibres::block block{3, 1};
    CHECK_THROWS_AS(block.run([](fibres::lane one) {
        if (one.rank() != 1) { one.sync(); }
    }),
                    std::logic_error);
}

TEST_CASE("a missing barrier shows")
{
    int wrong = 0;
    for (unsigned seed = 0; seed < 20; ++seed) {
        fibres::block block{8, seed};
        std::vector<int> seen(8);
        block.run([&](fibres::lane one) {
            static_cast<int*>(one.shared())[one.rank()] = static_cast<int>(one.rank());
            // no sync()
            seen[static_cast<std::size_t>(one.rank())] = static_cast<int*>(one.shared())[(one.rank() + 1) % 8];
        });
        for (int i = 0; i < 8; ++i) { wrong += seen[static_cast<std::size_t>(i)] == (i + 1) % 8 ? 0 : 1; }
    }
    CHECK(wrong > 20);
}

TEST_CASE("every item and every row is done once, also where a grid has to take turns")
{
    for (auto const largest : {sc::cuda::grid_size{1, 1}, sc::cuda::grid_size{3, 2}, sc::cuda::largest_grid}) {
        for (sc::index_t const outer : {1, 2, 7}) {
            for (sc::index_t const inner : {1, 5, 64, 1000}) {
                std::vector<int> done(static_cast<std::size_t>(outer * inner));
                fibres::run(count_items{outer, inner, done.data()}, {.largest = largest, .threads = 8});
                CHECK(std::all_of(done.begin(), done.end(), [](int times) { return times == 1; }));
            }
        }
        std::vector<int> done(50);
        fibres::run(count_rows{50, done.data()}, {.largest = largest, .threads = 2});
        CHECK(std::all_of(done.begin(), done.end(), [](int times) { return times == 1; }));
    }
}

TEST_CASE("no grid is larger than a device allows, and a map too large for it is refused")
{
    auto const many = sc::cuda::grid_of(count_items{sc::index_t{1} << 33, 50176, nullptr});
    CHECK(many.x == 196);
    CHECK(many.y == 65535);
    CHECK(sc::cuda::grid_of(count_rows{sc::index_t{1} << 40, nullptr}).x == 2147483647U);
    CHECK(sc::cuda::grid_of(count_items{3, 2147483647, nullptr}).x == 8388608U);
    CHECK_THROWS_AS(static_cast<void>(sc::cuda::grid_of(count_items{1, sc::index_t{1} << 31, nullptr})), sc::shape_error);
    // The last step of a thread in the largest map stays below 2^32.
    int last = 0;
    struct touch_last {
        int* times;
        [[nodiscard]] sc::index_t outer() const { return 1; }
        [[nodiscard]] sc::index_t inner() const { return 2147483647; }
        void operator()(sc::index_t, std::uint32_t i) const { *times += i == 2147483646U ? 1 : 0; }
    };
    sc::cuda::run_share(touch_last{&last}, {0, 1, 2147483646U, 2147483648U});
    CHECK(last == 1);
}

TEST_CASE("the list of extreme samples has them all, and few others")
{
    for (auto const rule : {ops::axis_rule::half_pixel, ops::axis_rule::align_corners}) {
        for (sc::index_t in = 1; in <= 40; ++in) {
            for (sc::index_t const out : {1, 2, 3, 7, 16, 37, 64, 224, 225}) {
                std::vector<bool> listed(static_cast<std::size_t>(out));
                for (sc::index_t j = 0; j < ops::extreme_samples(in, out); ++j) {
                    auto const i = ops::extreme_sample<float>(rule, j, in, out);
                    REQUIRE(0 <= i);
                    REQUIRE(i < out);
                    listed[static_cast<std::size_t>(i)] = true;
                }
                for (sc::index_t i = 0; i < out; ++i) {
                    if (ops::extreme_at<float>(rule, i, in, out)) { REQUIRE(listed[static_cast<std::size_t>(i)]); }
                }
                CHECK(ops::extreme_samples(in, out) <= 2 * in);
            }
        }
    }
}

TEST_CASE("extrema, tops, scores, weights and sums do not depend on the number of threads")
{
    sc::reference_backend reference;
    constexpr sc::index_t I = 2, K = 37, M = 6, classes = 11;
    auto const maps    = sc::testing::drawn_tensor<float>(sc::extents<4>{I, K, 5, 9}, 1);
    auto const outputs = sc::testing::drawn_tensor<float>(sc::extents<2>{I * K, classes}, 2);
    auto const weights = sc::testing::drawn_tensor<float>(sc::extents<3>{I, K, M}, 3);
    sc::tensor<ops::pick, 1> picks{{{I * K}}};
    for (std::int32_t n = 0; n < I * K; ++n) {
        picks.data()[n] = {n % static_cast<std::int32_t>(I), n / static_cast<std::int32_t>(I)};
    }
    sc::extents<2> const low{5, 9}, high{40, 30};

    sc::tensor<ops::range<float>, 1> ranges{{{I * K}}}, expected_ranges{{{I * K}}};
    reference.extrema(merge_leading(maps.view()), high, {}, expected_ranges.view());
    sc::tensor<sc::index_t, 2> tops{{{I, M}}}, expected_tops{{{I, M}}};
    reference.top(outputs.view().slice(0, I), expected_tops.view());
    sc::tensor<float, 3> scores{{{I, K, M}}}, expected_scores{{{I, K, M}}};
    reference.score(sc::model_outputs<float>{outputs.view()}, sc::probability{}, as_const(picks.view()),
                    as_const(expected_tops.view()), expected_scores.view());
    sc::tensor<float, 4> sums{{{I, M, 5, 9}}}, expected_sums{{{I, M, 5, 9}}};
    reference.combine(maps.view(), weights.view(), expected_sums.view());

    for (unsigned const threads : block_sizes) {
        CAPTURE(threads);
        fibres::grid_choice const how{.threads = threads, .seed = threads};
        fibres::run(work::extrema<float, 2>{maps.data(), I * K, low, high, {}, ranges.data()}, how);
        for (sc::index_t n = 0; n < I * K; ++n) {
            CHECK(ranges(n).lo == expected_ranges(n).lo);
            CHECK(ranges(n).hi == expected_ranges(n).hi);
        }
        fibres::run(work::top<float>{outputs.data(), I, classes, M, tops.data()}, how);
        CHECK(std::equal(tops.begin(), tops.end(), expected_tops.begin()));
        fibres::run(
            work::score<float, sc::probability>{
                sc::model_outputs<float>{outputs.view()}.rows(), {}, picks.data(), I * K, tops.data(), M, K, scores.data()},
            how);
        sc::testing::check_close(scores, expected_scores, 4.0F);  // a sum in another order
        fibres::run(work::combine<float>{maps.data(), weights.data(), I, K, M, 45, sums.data()}, how);
        sc::testing::check_close(sums, expected_sums, 1.0F);  // sums are double in both
    }
}

TEST_CASE("a weighting or score without a team is read by every thread alike")
{
    struct first_class {
        auto operator()(ops::row<float> row) const { return ops::identity_of<ops::row<float>>{row}; }
    };
    std::vector<float> const outputs{1, 2, 3, 4, 5, 6};
    std::vector<ops::pick> const picks{{0, 1}, {0, 0}};
    std::vector<sc::index_t> const targets{2, 0};
    std::vector<float> scores(4);
    for (unsigned const threads : block_sizes) {
        fibres::run(work::score<float, first_class>{sc::model_outputs<float>{outputs.data(), 2, 3}.rows(),
                                                    {},
                                                    picks.data(),
                                                    2,
                                                    targets.data(),
                                                    2,
                                                    2,
                                                    scores.data()},
                    {.threads = threads});
        CHECK(scores == std::vector<float>{6, 4, 3, 1});
    }
}

TEST_CASE("a score on the device reads rows of any shape and the model's other outputs")
{
    struct mean_plus_second {
        struct reading {
            ops::row<float> row;
            SCORECAM_HD float operator()(sc::index_t c) const
            {
                auto const plane = row.shape[1] * row.shape[2];
                float sum        = 0;
                for (sc::index_t p = 0; p < plane; ++p) { sum += row[c * plane + p]; }
                return sum / static_cast<float>(plane) + row.output(1)[c];
            }
        };
        SCORECAM_HD auto operator()(ops::row<float> row) const { return reading{row}; }
    };
    auto const segments = sc::testing::drawn_tensor<float>(sc::extents<4>{3, 2, 4, 5}, 51);
    auto const numbers  = sc::testing::drawn_tensor<float>(sc::extents<2>{3, 2}, 52);
    sc::model_outputs<float> const outputs{{"segments", segments.view()}, {"numbers", numbers.view()}};
    sc::tensor<ops::pick, 1> const picks{{{3}}, {{0, 1}, {0, 0}, {0, 2}}};
    sc::tensor<sc::index_t, 2> const targets{{{1, 2}}, {1, 0}};
    sc::tensor<float, 3> expected{{{1, 3, 2}}}, scores{{{1, 3, 2}}};
    sc::reference_backend{}.score(outputs, mean_plus_second{}, picks.view(), targets.view(), expected.view());
    double by_hand = numbers(1, 1);  // pick 1 has channel 0, and question 0 is about number 1
    for (sc::index_t y = 0; y < 4; ++y) {
        for (sc::index_t x = 0; x < 5; ++x) { by_hand += static_cast<double>(segments(1, 1, y, x)) / 20; }
    }
    CHECK(expected(0, 0, 0) == doctest::Approx(by_hand));
    for (unsigned const threads : block_sizes) {
        fibres::run(
            work::score<float, mean_plus_second>{outputs.rows(), {}, picks.data(), 3, targets.data(), 2, 3, scores.data()},
            {.threads = threads});
        CHECK(std::equal(scores.begin(), scores.end(), expected.begin()));
    }
}

TEST_CASE("scores of boxes, regions, embeddings and classes are the same by the threads of a device")
{
    sc::tensor<ops::pick, 1> const picks{{{3}}, {{0, 1}, {0, 0}, {0, 2}}};
    sc::tensor<sc::index_t, 2> const targets{{{1, 2}}, {1, 0}};
    auto const check = [&](sc::model_outputs<float> const& outputs, auto const& score) {
        sc::tensor<float, 3> expected{{{1, 3, 2}}}, scores{{{1, 3, 2}}};
        sc::reference_backend{}.score(outputs, score, picks.view(), targets.view(), expected.view());
        CHECK(*std::max_element(expected.begin(), expected.end()) != *std::min_element(expected.begin(), expected.end()));
        for (unsigned const threads : block_sizes) {
            fibres::run(work::score<float, std::decay_t<decltype(score)>>{outputs.rows(), score, picks.data(), 3,
                                                                          targets.data(), 2, 3, scores.data()},
                        {.threads = threads});
            CHECK(std::equal(scores.begin(), scores.end(), expected.begin()));
        }
    };
    auto const numbers = sc::testing::drawn_tensor<float>(sc::extents<2>{3, 7}, 61);
    auto const cells   = sc::testing::drawn_tensor<float>(sc::extents<4>{3, 4, 2, 5}, 62);
    auto const found   = sc::testing::drawn_tensor<float>(sc::extents<3>{3, 9, 7}, 63);
    std::vector<sc::asked_box<float>> const boxes{{{0, 0, .5F, .5F}, 0}, {{-.5F, -.25F, .75F, 1}, 2}};
    check(found.view(), sc::box_score{sc::tensor_view<sc::asked_box<float> const, 1>{boxes.data(), 2}, {}});
    std::vector<unsigned char> const inside{1, 0, 1, 0, 1, 0, 1, 1, 0, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1};
    std::vector<sc::index_t> const classes{3, 1};
    check(cells.view(), sc::region_score<float>{{inside.data(), 2, 2, 5}, {classes.data(), 2}});
    auto const embeddings = sc::testing::drawn_tensor<float>(sc::extents<2>{2, 7}, 64);
    check(numbers.view(), sc::cosine_to{embeddings.view()});
    check(numbers.view(), sc::contrast{{2, 5}});
    check(numbers.view(), sc::value{-1});
}
