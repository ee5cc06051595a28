// What is modelled of outputs, and the way back to scores.
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/budget/link.hpp>
#include <scorecam/error.hpp>
#include <scorecam/policies/score.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/testing/drawn.hpp>

namespace sc     = scorecam;
namespace budget = scorecam::budget;
using budget::outputs_are;
using sc::index_t;

namespace {

constexpr float infinite     = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

using rows          = sc::tensor<float, 2>;
using class_numbers = std::vector<index_t>;

[[nodiscard]] rows rows_of(index_t width, std::vector<float> values)
{
    return {{{static_cast<index_t>(values.size()) / width, width}}, std::move(values)};
}

/// n rows of `width` logits from -8 to 8.
[[nodiscard]] rows logits(index_t n, index_t width, std::uint64_t seed = 1)
{
    auto drawn = sc::testing::drawn_tensor<float, 2>({{n, width}}, seed);
    for (float& value : drawn.view()) { value *= 8; }
    return drawn;
}

template <class Score>
[[nodiscard]] rows scores_of(Score const& score, rows const& outputs, class_numbers const& targets)
{
    rows scores{{{outputs.extent(0), static_cast<index_t>(targets.size())}}};
    for (index_t n = 0; n < outputs.extent(0); ++n) {
        auto const reading = score(sc::ops::row<float>{outputs[n].data(), outputs.extent(1)});
        for (std::size_t m = 0; m < targets.size(); ++m) { scores(n, static_cast<index_t>(m)) = reading(targets[m]); }
    }
    return scores;
}
[[nodiscard]] rows softmax_of(rows const& outputs)
{
    class_numbers all;
    for (index_t c = 0; c < outputs.extent(1); ++c) { all.push_back(c); }
    return scores_of(sc::probability{}, outputs, all);
}

template <class Link>
[[nodiscard]] budget::matrix shown(Link& link, rows const& outputs, rows const& scores, class_numbers const& targets)
{
    link.see(outputs.view(), scores.view(), targets);
    return link.modelled();
}

/// The largest difference between the scores that a link makes of what it models and the true ones, which it should be
/// exactly: nothing is predicted here.
template <class Link>
[[nodiscard]] double round_trip(Link link, rows const& outputs, rows const& scores, class_numbers const& targets)
{
    auto const values = shown(link, outputs, scores, targets);
    auto const again  = link.scores(values);
    double largest    = 0;
    for (index_t n = 0; n < scores.extent(0); ++n) {
        for (index_t m = 0; m < scores.extent(1); ++m) {
            auto const apart = std::abs(double{again(n, m)} - double{scores(n, m)});
            largest          = std::isnan(apart) ? infinite : std::max(largest, apart);
        }
    }
    return largest;
}

constexpr double rounding = 2e-6;  // a few ulp of numbers up to 16 before exp

}  // namespace

TEST_CASE("values shown come back as the scores they stand for")
{
    class_numbers const targets{3, 0, 17};
    auto const outputs = logits(40, 30);
    auto const p       = scores_of(sc::probability{}, outputs, targets);
    CHECK(round_trip(budget::softmax_link{outputs_are::logits, 48}, outputs, p, targets) < rounding);
    CHECK(round_trip(budget::softmax_link{outputs_are::logits, 5}, outputs, p, targets) < rounding);  // 25 of 30 in the rest
    CHECK(round_trip(budget::softmax_link{outputs_are::probabilities, 48}, softmax_of(outputs), p, targets) < rounding);
    CHECK(round_trip(budget::softmax_link{outputs_are::probabilities, 5}, softmax_of(outputs), p, targets) < rounding);
    using budget::logistic_link;
    CHECK(round_trip(logistic_link{logistic_link::shown::log_odds}, outputs, scores_of(sc::sigmoid{}, outputs, targets),
                     targets) < rounding);
    CHECK(round_trip(logistic_link{logistic_link::shown::scores}, rows{{{40, 1}}}, p, targets) < rounding);
    CHECK(round_trip(budget::identity_link{}, outputs, scores_of(sc::logit{}, outputs, targets), targets) == 0);
}

TEST_CASE("the rest is the logsumexp of the classes that are not modelled")
{
    class_numbers const targets{4};
    budget::softmax_link link{outputs_are::logits, 2};
    // Classes 1 and 2 are the most probable ones somewhere; class 4 is the target; 0 and 3 are the rest.
    auto const values = shown(link, rows_of(5, {0, 3, 1, -1, 0, 1, 0, 4, -2, 1}), rows{{{2, 1}}}, targets);
    REQUIRE(values.cols() == 4);
    CHECK(values(0, 0) == 3);
    CHECK(values(0, 1) == 1);
    CHECK(values(0, 2) == 0);
    CHECK(link.column(0) == 2);
    CHECK(double{values(0, 3)} == doctest::Approx(std::log(1 + std::exp(-1.0))).epsilon(1e-5));
    CHECK(double{values(1, 3)} == doctest::Approx(std::log(std::exp(1.0) + std::exp(-2.0))).epsilon(1e-5));
}

TEST_CASE("a class that turns out to be probable is modelled from then on, in all rows")
{
    class_numbers const targets{0};
    budget::softmax_link link{outputs_are::logits, 1};
    CHECK(shown(link, rows_of(4, {9, 1, 2, 3}), rows{{{1, 1}}}, targets).cols() == 2);
    auto const values = shown(link, rows_of(4, {0, 12, 2, 3}), rows{{{1, 1}}}, targets);
    REQUIRE(values.cols() == 3);  // the target, class 1, and the rest
    CHECK(values(0, 0) == 9);
    CHECK(values(0, 1) == 1);
    CHECK(values(1, 1) == 12);
}

TEST_CASE("logarithms of probabilities are the logits, but for what all classes share")
{
    class_numbers const targets{1};
    auto const outputs = logits(20, 12);
    budget::softmax_link of_logits{outputs_are::logits, 48};
    budget::softmax_link of_probabilities{outputs_are::probabilities, 48};
    auto centred = shown(of_logits, outputs, rows{{{20, 1}}}, targets);
    centred.colwise() -= centred.rowwise().mean().eval();
    auto const found = shown(of_probabilities, softmax_of(outputs), rows{{{20, 1}}}, targets);
    CHECK((found - centred).cwiseAbs().maxCoeff() < 1e-4F);  // a probability of 1e-7 has 24 bits too
}

TEST_CASE("whatever comes in, what goes out is finite")
{
    auto const finite = [](auto link, rows const& outputs, rows const& scores) {
        class_numbers const targets{0};
        auto const values = shown(link, outputs, scores, targets);
        CHECK(values.allFinite());
        auto const again = link.scores(values);
        CHECK(again.allFinite());
        for (float const by : {-1e30F, -100.F, 0.F, 1.F, 1e30F}) {
            for (index_t n = 0; n < again.rows(); ++n) { CHECK(std::isfinite(link.moved(again(n, 0), by))); }
        }
        auto const far = link.scores(1e6F * values);
        CHECK(far.allFinite());
    };
    auto const odd = rows_of(3, {0,         0,         0,                          //
                                 -infinite, 1,         2,                          // the target is switched off
                                 1,         -infinite, -infinite,                  // or is all there is
                                 1000,      -1000,     3,                          // p = 1
                                 -1000,     1000,      3,                          // p = 0
                                 3e38F,     -3e38F,    0,                          //
                                 -5000,     -5000,     -5000,     1e-40F, 0, 1});  // a denormal
    rows const none{{{odd.extent(0), 1}}};
    for (index_t const most : {48, 1}) { finite(budget::softmax_link{outputs_are::logits, most}, odd, none); }
    auto const p = rows_of(3, {1, 0, 0, 0, 1, 0, 0, 0, 1, 0.5F, 0.5F, 0, 1e-45F, 1, 0, 1.F / 3, 1.F / 3, 1.F / 3});
    for (index_t const most : {48, 1}) {
        finite(budget::softmax_link{outputs_are::probabilities, most}, p, rows{{{p.extent(0), 1}}});
    }
    finite(budget::softmax_link{outputs_are::logits, 48}, rows_of(1, {3, -4, 5}), rows{{{3, 1}}});  // one class: p = 1

    using budget::logistic_link;
    logistic_link const by_scores{logistic_link::shown::scores};
    finite(by_scores, rows{{{5, 1}}}, rows_of(1, {0, 1, 0.25F, 1e-45F, 0.99999994F}));
    finite(by_scores, rows{{{2, 1}}}, rows_of(1, {0, 0}));
    finite(by_scores, rows{{{2, 1}}}, rows_of(1, {1, 1}));
    finite(logistic_link{logistic_link::shown::log_odds}, rows_of(1, {0, infinite, -infinite, 3e38F}), rows{{{4, 1}}});
    finite(budget::identity_link{}, rows{{{3, 1}}}, rows_of(1, {0, -1e30F, 1e30F}));
}

TEST_CASE("a probability of 0 is half of the smallest one seen")
{
    class_numbers const targets{0};
    budget::logistic_link link{budget::logistic_link::shown::scores};
    auto const values = shown(link, rows{{{3, 1}}}, rows_of(1, {0, 0.002F, 0.5F}), targets);
    CHECK(double{values(0, 0)} == doctest::Approx(std::log(0.001)).epsilon(1e-4));
    CHECK(double{values(1, 0)} == doctest::Approx(std::log(0.002 / 0.998)).epsilon(1e-4));
    CHECK(values(2, 0) == 0);
}

TEST_CASE("NaN, and a row that is infinite or off throughout, are errors")
{
    auto const see = [](auto link, rows const& outputs, rows const& scores) {
        link.see(outputs.view(), scores.view(), class_numbers{0});
    };
    using budget::logistic_link;
    using refused = sc::non_finite_error;
    budget::softmax_link const softmax{outputs_are::logits, 48};
    CHECK_THROWS_AS(see(softmax, rows_of(2, {0, not_a_number}), rows{{{1, 1}}}), refused);
    CHECK_THROWS_AS(see(softmax, rows_of(2, {0, infinite}), rows{{{1, 1}}}), refused);
    CHECK_THROWS_AS(see(softmax, rows_of(2, {-infinite, -infinite}), rows{{{1, 1}}}), refused);
    CHECK_THROWS_AS(see(budget::softmax_link{outputs_are::probabilities, 48}, rows_of(2, {0, 0}), rows{{{1, 1}}}), refused);
    CHECK_THROWS_AS(see(budget::identity_link{}, rows{{{1, 1}}}, rows_of(1, {infinite})), refused);
    CHECK_THROWS_AS(see(budget::identity_link{}, rows{{{1, 1}}}, rows_of(1, {not_a_number})), refused);
    CHECK_THROWS_AS(see(logistic_link{logistic_link::shown::scores}, rows{{{1, 1}}}, rows_of(1, {not_a_number})), refused);
}

TEST_CASE("a score moves as if the value behind it were moved")
{
    class_numbers const targets{2, 5};
    auto const outputs = logits(10, 8);
    auto const check   = [&](auto link, auto const& score) {
        auto const values = shown(link, outputs, scores_of(score, outputs, targets), targets);
        auto const before = link.scores(values);
        for (index_t m = 0; m < 2; ++m) {
            for (float const by : {-3.F, -0.5F, 0.F, 2.F}) {
                auto moved = values;
                moved.col(link.column(m)).array() += by;
                auto const after = link.scores(moved);
                for (index_t n = 0; n < 10; ++n) {
                    CHECK(std::abs(double{link.moved(before(n, m), by)} - double{after(n, m)}) < 1e-5);
                }
            }
        }
    };
    check(budget::softmax_link{outputs_are::logits, 48}, sc::probability{});
    check(budget::softmax_link{outputs_are::logits, 3}, sc::probability{});
    check(budget::logistic_link{budget::logistic_link::shown::log_odds}, sc::sigmoid{});
    check(budget::identity_link{}, sc::logit{});
}

TEST_CASE("the score in force chooses the link")
{
    using std::holds_alternative;
    CHECK(holds_alternative<budget::softmax_link>(budget::link_for(sc::probability{})));
    CHECK(holds_alternative<budget::logistic_link>(budget::link_for(sc::sigmoid{})));
    CHECK(holds_alternative<budget::identity_link>(budget::link_for(sc::logit{})));
    CHECK(holds_alternative<budget::softmax_link>(budget::link_for(sc::logit{}, outputs_are::probabilities)));
    CHECK(holds_alternative<budget::logistic_link>(budget::link_for(sc::logit{}, outputs_are::chances)));
    auto const margin = sc::score_by{[](auto row, index_t c) { return row[c] - row[0]; }};
    CHECK(holds_alternative<budget::identity_link>(budget::link_for(margin)));
}

TEST_CASE("outputs are taken for what they look like")
{
    auto const guess = [](rows const& r) { return budget::guess_outputs(sc::tensor_view<float const, 2>{r.view()}); };
    CHECK(guess(rows_of(3, {0.2F, 0.3F, 0.5F, 1, 0, 0})) == outputs_are::probabilities);
    CHECK(guess(rows_of(3, {0.2F, 0.3F, 0.5F, 1, 1, 0})) == outputs_are::chances);
    CHECK(guess(rows_of(1, {1, 0.3F})) == outputs_are::chances);
    CHECK(guess(rows_of(3, {0.2F, 0.3F, 0.5F, 1, 0, -0.01F})) == outputs_are::logits);
    CHECK(guess(rows_of(2, {0.2F, not_a_number})) == outputs_are::logits);
}
