// The surrogate on networks that are made up: what it must keep, whatever it predicts.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/budget/surrogate.hpp>
#include <scorecam/policies/score.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/testing/drawn.hpp>
#include <scorecam/policies/weighting.hpp>

namespace sc     = scorecam;
namespace budget = scorecam::budget;
using sc::index_t;
using sc::ops::channel_role;

namespace {

/// Masks, and the outputs of a network under each of them, under an all-zero mask and under none.
template <class T = float, std::size_t Rank = 3>
struct network {
    sc::tensor<T, Rank> masks;
    sc::tensor<T, 2> outputs;  ///< (K + 2, classes), at last those of the free probes
    sc::raw_weights weighting{};
    std::vector<index_t> candidates{};
    std::vector<channel_role> roles{};

    network(sc::tensor<T, Rank> m, sc::tensor<T, 2> o) : masks{std::move(m)}, outputs{std::move(o)}
    {
        for (index_t k = 0; k < masks.extent(0); ++k) { candidates.push_back(k); }
        roles.assign(candidates.size(), channel_role::scored);
    }

    [[nodiscard]] index_t channels() const { return masks.extent(0); }
    void leave_out(index_t k)
    {
        candidates.erase(std::find(candidates.begin(), candidates.end(), k));
        roles[static_cast<std::size_t>(k)] = channel_role::left_out;
    }
};

template <class T = float, std::size_t Rank = 3>
[[nodiscard]] sc::tensor<T, Rank> drawn_masks(sc::extents<Rank> shape, std::uint64_t seed)
{
    auto masks = sc::testing::drawn_tensor<T>(shape, seed);
    for (T& value : masks.view()) { value = std::max(value, T(0)); }
    return masks;
}

/// Weights (cells, classes) that vary smoothly over the cells.
template <std::size_t Rank>
[[nodiscard]] budget::matrix smooth_weights(sc::extents<Rank> cells, index_t classes, std::uint64_t seed)
{
    budget::matrix weights(cells.size(), classes);
    budget::normal_draws{seed}.fill(0, {weights.data(), static_cast<std::size_t>(weights.size())});
    budget::detail::blur_columns(weights, cells);
    return weights;
}

/// Logits that are linear in the mask but for a twentieth.
template <class T = float, std::size_t Rank = 3>
[[nodiscard]] network<T, Rank> made_up(sc::extents<Rank> shape, index_t classes = 12, std::uint64_t seed = 1)
{
    auto masks         = drawn_masks<T, Rank>(shape, seed);
    index_t const K    = shape[0];
    auto const cells   = sc::trailing<Rank - 1>(shape).size();
    auto const weights = smooth_weights(sc::trailing<Rank - 1>(shape), classes, seed + 100);
    auto outputs       = sc::testing::drawn_tensor<T, 2>({{K + 2, classes}}, seed + 200);
    for (index_t k = 0; k < K + 2; ++k) {
        for (index_t c = 0; c < classes; ++c) {
            outputs(k, c) *= T(0.05);
            for (index_t i = 0; i < cells; ++i) {
                T const h = k == K ? T(0) : k == K + 1 ? T(1) : masks.data()[k * cells + i];
                outputs(k, c) += h * static_cast<T>(weights(i, c));
            }
        }
    }
    return {std::move(masks), std::move(outputs)};
}

/// The driver, for one network and score.
template <class Score = sc::probability, class T = float, std::size_t Rank = 3>
class run {
public:
    run(network<T, Rank> const& of, std::vector<index_t> targets, budget::settings const& numbers = {}, Score f = {})
        : network_{of}, scores_{scores_of(of.outputs, targets, f)}
    {
        auto const K = of.channels();
        known_.emplace(of.masks.view(), of.masks.view(), of.candidates, targets, budget::link_for(f),
                       budget::free_probes<T>{of.outputs.view().slice(K, 2), scores_.view().slice(K, 2)}, numbers);
    }

    [[nodiscard]] budget::surrogate<T>& known() { return *known_; }
    [[nodiscard]] sc::tensor<T, 2> const& truth() const { return scores_; }
    [[nodiscard]] auto weigh() const
    {
        return budget::weigh_by<T, sc::raw_weights>{network_.weighting, network_.roles, {}, {}};
    }
    void score(std::vector<index_t> const& channels)
    {
        auto const n = static_cast<index_t>(channels.size());
        sc::tensor<T, 2> outputs{{{n, network_.outputs.extent(1)}}}, scores{{{n, scores_.extent(1)}}};
        for (index_t i = 0; i < n; ++i) {
            // One that there is not is refused by learn().
            auto const k = std::clamp(channels[static_cast<std::size_t>(i)], index_t{0}, network_.channels() - 1);
            std::copy_n(network_.outputs[k].data(), outputs.extent(1), outputs.view()[i].data());
            std::copy_n(scores_[k].data(), scores.extent(1), scores.view()[i].data());
        }
        known_->learn(channels, outputs, scores);
    }
    void score_up_to(index_t n, index_t batch = 8)
    {
        while (known_->scored() < n) { score(known_->next(std::min(batch, n - known_->scored()), weigh())); }
    }
    [[nodiscard]] std::pair<sc::tensor<T, 2>, sc::tensor<T, 2>> predicted() const
    {
        sc::extents<2> const shape{{network_.channels(), scores_.extent(1)}};
        sc::tensor<T, 2> scores{shape}, deviations{shape};
        known_->predict(scores.view(), deviations.view());
        return {std::move(scores), std::move(deviations)};
    }
    [[nodiscard]] std::vector<T> error() const { return known_->error(weigh()); }

private:
    [[nodiscard]] static sc::tensor<T, 2> scores_of(sc::tensor<T, 2> const& outputs, std::vector<index_t> const& targets,
                                                    Score const& f)
    {
        sc::tensor<T, 2> scores{{{outputs.extent(0), static_cast<index_t>(targets.size())}}};
        for (index_t n = 0; n < outputs.extent(0); ++n) {
            auto const reading = f(sc::ops::row<T>{outputs[n].data(), outputs.extent(1)});
            for (index_t m = 0; m < scores.extent(1); ++m) { scores(n, m) = reading(targets[static_cast<std::size_t>(m)]); }
        }
        return scores;
    }

    network<T, Rank> const& network_;
    sc::tensor<T, 2> scores_;
    std::optional<budget::surrogate<T>> known_;
};

template <class T, std::size_t Rank>
[[nodiscard]] double largest_difference(sc::tensor<T, Rank> const& a, sc::tensor<T, Rank> const& b)
{
    double largest = 0;
    for (index_t i = 0; i < a.size(); ++i) {
        double const apart = std::abs(static_cast<double>(a.data()[i]) - static_cast<double>(b.data()[i]));
        largest            = std::isnan(apart) ? std::numeric_limits<double>::infinity() : std::max(largest, apart);
    }
    return largest;
}

}  // namespace

TEST_CASE_TEMPLATE("scored channels keep their score to the last bit, and their deviation is 0", T, float, double)
{
    auto const net = made_up<T>({{40, 4, 4}});
    run<sc::probability, T> r{net, {3, 0}};
    r.score_up_to(16);
    auto const [scores, deviations] = r.predicted();
    index_t kept                    = 0;
    for (index_t k = 0; k < 40; ++k) {
        bool const scored = deviations(k, 0) == T(0);
        kept += scored ? 1 : 0;
        for (index_t m = 0; m < 2; ++m) {
            CHECK((deviations(k, m) == T(0)) == scored);
            CHECK((scores(k, m) == r.truth()(k, m)) == scored);
            CHECK(std::abs(scores(k, m) - r.truth()(k, m)) < T(0.2));
        }
    }
    CHECK(kept == 16);
}

TEST_CASE("with all channels scored nothing is imputed")
{
    auto const net = made_up({{40, 4, 4}});
    run r{net, {3, 0}};
    r.score_up_to(40);
    auto const [scores, deviations] = r.predicted();
    for (index_t k = 0; k < 40; ++k) {
        for (index_t m = 0; m < 2; ++m) {
            CHECK(scores(k, m) == r.truth()(k, m));
            CHECK(deviations(k, m) == 0);
        }
    }
    CHECK(r.error() == std::vector<float>{0, 0});
    CHECK(r.known().certified(r.weigh(), 0, 1)[0] < 1e-6F);
    CHECK(r.known().next(8, r.weigh()).empty());
    CHECK(r.known().design(8).empty());
}

TEST_CASE("more probes, better predictions, smaller errors")
{
    auto const net = made_up({{200, 5, 5}});
    run r{net, {3}};
    double before = 200, error_before = 10, certified_before = 10;
    for (index_t const n : {8, 40, 120, 190}) {
        r.score_up_to(n);
        auto const [scores, deviations] = r.predicted();
        double sum                      = 0;
        for (index_t k = 0; k < 200; ++k) { sum += std::abs(double{scores(k, 0)} - double{r.truth()(k, 0)}); }
        double const error     = double{r.error()[0]};
        double const certified = double{r.known().certified(r.weigh(), 0, 1)[0]};
        CHECK(sum < before);
        CHECK(error < error_before);
        CHECK(certified <= certified_before);
        before           = sum;
        error_before     = error;
        certified_before = certified;
    }
    CHECK(error_before < 0.05);
}

TEST_CASE("linear scores are predicted almost exactly")
{
    auto net           = made_up({{150, 4, 4}});
    auto const weights = smooth_weights(sc::extents<2>{{4, 4}}, 1, 8);
    for (index_t k = 0; k < 152; ++k) {
        for (index_t c = 0; c < 12; ++c) {
            net.outputs(k, c) = 0.5F;
            for (index_t i = 0; i < 16; ++i) {
                float const h = k == 150 ? 0 : k == 151 ? 1 : net.masks.data()[k * 16 + i];
                net.outputs(k, c) += h * weights(i, 0);
            }
        }
    }
    run<sc::logit> r{net, {5}};
    r.score_up_to(64, 16);
    auto const [scores, deviations] = r.predicted();
    float spread = 0, worst = 0;
    for (index_t k = 0; k < 150; ++k) {
        spread = std::max(spread, std::abs(r.truth()(k, 0) - 0.5F));
        worst  = std::max(worst, std::abs(scores(k, 0) - r.truth()(k, 0)));
        if (deviations(k, 0) > 0) { CHECK(std::abs(scores(k, 0) - r.truth()(k, 0)) < 5 * deviations(k, 0)); }
    }
    CHECK(worst < 0.05F * spread);
}

TEST_CASE("the same calls give the same bits; another seed gives another error and nothing else")
{
    auto const net = made_up({{80, 4, 4}});
    auto const go  = [&](std::uint64_t seed) {
        run r{net, {3, 1}, {.seed = seed}};
        r.score_up_to(24);
        auto all = r.predicted();
        return std::tuple{r.error(), r.known().next(8, r.weigh()), std::move(all.first), std::move(all.second)};
    };
    auto const [error, next, scores, deviations]                     = go(1);
    auto const [error_again, next_again, scores_too, deviations_too] = go(1);
    CHECK(error == error_again);
    CHECK(next == next_again);
    CHECK(largest_difference(scores, scores_too) == 0);
    CHECK(largest_difference(deviations, deviations_too) == 0);
    auto const [other_error, other_next, other_scores, other_deviations] = go(2);
    CHECK(error[0] != other_error[0]);
    CHECK(std::abs(error[0] - other_error[0]) < 0.5F * error[0]);
    CHECK(next == other_next);
    CHECK(largest_difference(scores, other_scores) == 0);

    run r{net, {3, 1}, {.seed = 1}};
    r.score_up_to(24);
    CHECK(r.error() == r.error());  // asking changes nothing
    CHECK(r.error() == error);
}

TEST_CASE("learning in other blocks, in another order or continued from a copy, is learning the same")
{
    auto const net = made_up({{80, 4, 4}});
    run all{net, {3}}, some{net, {3}}, backwards{net, {3}};
    std::vector<index_t> channels(32);
    std::iota(channels.begin(), channels.end(), index_t{20});
    all.score(channels);
    for (index_t k = 20; k < 52; k += 4) { some.score({k, k + 1, k + 2, k + 3}); }
    std::reverse(channels.begin(), channels.end());
    backwards.score(channels);
    CHECK(largest_difference(all.predicted().first, some.predicted().first) < 1e-4);
    CHECK(largest_difference(all.predicted().first, backwards.predicted().first) < 1e-4);

    auto const kept = all.known();
    all.score_up_to(48);
    auto const further = all.predicted().first;
    all.known()        = kept;
    CHECK(all.known().scored() == 32);
    all.score_up_to(48);
    CHECK(largest_difference(all.predicted().first, further) == 0);
}

TEST_CASE("the targets share the probes and are predicted as each alone")
{
    auto const net = made_up({{60, 4, 4}});
    run both{net, {3, 7}}, one{net, {3}}, other{net, {7}};
    std::vector<index_t> channels(24);
    std::iota(channels.begin(), channels.end(), index_t{10});
    for (auto* r : {&both, &one, &other}) { r->score(channels); }
    auto const together = both.predicted().first;
    auto const first = one.predicted().first, second = other.predicted().first;
    for (index_t k = 0; k < 60; ++k) {
        CHECK(together(k, 0) == first(k, 0));
        CHECK(together(k, 1) == second(k, 0));
    }
    // Errors come of other draws.
    CHECK(both.error()[0] == doctest::Approx(one.error()[0]).epsilon(0.3));
    CHECK(both.error()[1] == doctest::Approx(other.error()[0]).epsilon(0.3));
}

TEST_CASE("channels that cannot be scored are never asked for, nor touched")
{
    auto net = made_up({{30, 4, 4}});
    for (index_t const k : {0, 7, 29}) { net.leave_out(k); }
    run r{net, {3}};
    CHECK(r.known().candidates() == 27);
    std::vector<int> asked(30, 0);
    for (index_t const k : r.known().design(100)) { ++asked[static_cast<std::size_t>(k)]; }
    CHECK(std::accumulate(asked.begin(), asked.end(), 0) == 27);
    while (r.known().scored() < 27) {
        auto const channels = r.known().next(5, r.weigh());
        for (index_t const k : channels) { ++asked[static_cast<std::size_t>(k)]; }
        r.score(channels);
    }
    for (index_t k = 0; k < 30; ++k) {
        bool const out = k == 0 || k == 7 || k == 29;
        CHECK(asked[static_cast<std::size_t>(k)] == (out ? 0 : 2));
    }
    sc::tensor<float, 2> scores{{{30, 1}}, std::vector<float>(30, 42)}, deviations{{{30, 1}}, std::vector<float>(30, 42)};
    r.known().predict(scores.view(), deviations.view());
    for (index_t const k : {0, 7, 29}) {
        CHECK(scores(k, 0) == 42);
        CHECK(deviations(k, 0) == 42);
    }
}

TEST_CASE("the first probes have the largest mass times area, and the next ones what matters most")
{
    // Channel 5 is large, 9 comes next; of the others, 12 and 13 are the only ones that reach far.
    sc::tensor<float, 3> masks{{{16, 2, 2}}};
    for (index_t k = 0; k < 16; ++k) { masks(k, k % 2, k / 2 % 2) = 0.01F; }
    for (index_t i = 0; i < 4; ++i) {
        masks.view()[5].data()[i] = 1;
        masks.view()[9].data()[i] = i == 0 ? 0.F : 0.8F;
    }
    masks(12, 0, 1) = 0.9F;
    masks(13, 1, 0) = 0.7F;
    network<> const net{masks, sc::testing::drawn_tensor<float, 2>({{18, 4}}, 3)};
    run r{net, {0}};
    CHECK(r.known().next(2, r.weigh()) == std::vector<index_t>{5, 9});
    r.score({5, 9});
    auto next = r.known().next(2, r.weigh());
    std::sort(next.begin(), next.end());
    CHECK(next == std::vector<index_t>{12, 13});
}

TEST_CASE("signals and volumes are explored like images")
{
    auto const check = [](auto const& net) {
        run<sc::probability, float, std::remove_cvref_t<decltype(net.masks)>::rank> r{net, {1}};
        r.score_up_to(32);
        CHECK(largest_difference(r.predicted().first, [&] {
                  sc::tensor<float, 2> truth{{{net.channels(), 1}}};
                  std::copy_n(r.truth().data(), net.channels(), truth.data());
                  return truth;
              }()) < 0.3);
        CHECK(r.error()[0] < 1);
    };
    check(made_up<float, 2>({{64, 9}}, 4));
    check(made_up<float, 4>({{64, 2, 3, 2}}, 4));
}

TEST_CASE("odd networks: predictions and errors are finite, and certain where there is nothing to know")
{
    auto const check = [](network<> const& net, std::vector<index_t> const& targets) {
        for (index_t const batch : {1, 3, 16}) {
            run r{net, targets};
            while (true) {
                auto const [scores, deviations] = r.predicted();
                for (float const v : scores) { CHECK((v >= 0 && v <= 1)); }
                for (float const v : deviations) { CHECK((v >= 0 && v <= 1)); }
                for (float const v : r.error()) { CHECK((v >= 0 && v <= 1)); }
                for (float const v : r.known().certified(r.weigh(), 0, 1)) { CHECK((v >= 0 && v <= 1)); }
                auto const next = r.known().next(batch, r.weigh());
                if (next.empty()) { break; }
                r.score(next);
            }
            CHECK(r.known().scored() == r.known().candidates());
        }
    };
    auto const infinity = std::numeric_limits<float>::infinity();
    auto const ordinary = made_up({{24, 3, 3}}, 5);

    SUBCASE("one channel") { check(made_up({{1, 3, 3}}), {2}); }
    SUBCASE("no channel")
    {
        auto net = made_up({{2, 3, 3}});
        net.leave_out(0);
        net.leave_out(1);
        check(net, {2});
    }
    SUBCASE("activations of one cell") { check(made_up({{12, 1, 1}}), {2}); }
    SUBCASE("one class") { check(made_up({{12, 2, 2}}, 1), {0}); }
    SUBCASE("duplicate masks")
    {
        auto net = ordinary;
        for (index_t k = 1; k < 24; ++k) { std::copy_n(net.masks[k % 3].data(), 9, net.masks.view()[k].data()); }
        check(net, {0, 4});
    }
    SUBCASE("masks without any contrast")
    {
        auto net = ordinary;
        for (float& v : net.masks.view()) { v = 1; }
        check(net, {0});
        for (float& v : net.masks.view()) { v = 0; }
        check(net, {0});
    }
    SUBCASE("constant outputs")
    {
        auto net = ordinary;
        for (float& v : net.outputs.view()) { v = -3; }
        check(net, {0, 4});
        run r{net, {0}};
        r.score_up_to(8);
        CHECK(r.predicted().first(23, 0) == doctest::Approx(0.2));
        CHECK(r.error()[0] < 1e-6);
    }
    SUBCASE("extreme outputs")
    {
        auto net = ordinary;
        for (index_t k = 0; k < 26; ++k) { net.outputs(k, 4) = k % 2 == 0 ? 1e4F : -1e4F; }
        check(net, {0, 4});
        for (index_t k = 0; k < 26; ++k) { net.outputs(k, 3) = k % 3 == 0 ? 3e38F : -3e38F; }
        check(net, {0, 3});
    }
    SUBCASE("classes that are switched off")
    {
        auto net = ordinary;
        for (index_t k = 0; k < 26; ++k) { net.outputs(k, 1) = -infinity; }
        net.outputs(3, 2) = -infinity;
        check(net, {1, 2});
    }
    SUBCASE("float64 activations of any size")
    {
        auto const net = made_up<double>({{24, 3, 3}}, 5);
        run<sc::probability, double> r{net, {2}};
        r.score_up_to(12);
        CHECK(std::isfinite(r.error()[0]));
    }
}

TEST_CASE("nine tenths of errors stay below the quantile that is predicted, if the process is right")
{
    // Scores drawn from the process itself; without the factor for what real networks do beyond it.
    index_t const K = 60;
    auto net        = made_up({{K, 4, 4}}, 1);
    std::vector<index_t> all(static_cast<std::size_t>(K + 1));
    std::iota(all.begin(), all.end(), index_t{0});
    all.back() = K + 1;  // the whole image; the zero image is the prior mean
    budget::gaussian_process nothing{budget::mask_kernel{sc::as_const(net.masks.view()), net.candidates}, 1e-2};
    auto const root = nothing.covariance_root(all);

    index_t const trials = 300;
    index_t kept         = 0;
    for (index_t t = 0; t < trials; ++t) {
        budget::vector normal(K + 1);
        budget::normal_draws{99, static_cast<std::uint64_t>(t)}.fill(0, {normal.data(), static_cast<std::size_t>(K + 1)});
        budget::vector const scores = root * normal;
        for (index_t k = 0; k < K; ++k) { net.outputs(k, 0) = 4 + scores(k); }  // weights above 0, for maps with contrast
        net.outputs(K, 0)     = 4;
        net.outputs(K + 1, 0) = 4 + scores(K);

        run<sc::logit> r{net, {0}, {.seed = static_cast<std::uint64_t>(t), .inflation = 1 / budget::identity_link::inflation}};
        r.score(r.known().design(16));
        auto const map_of = [&](sc::tensor<float, 2> const& weights) -> budget::vector {
            budget::vector const w = Eigen::Map<budget::vector const>(weights.data(), K);
            return budget::shown(budget::columns_of(sc::tensor_view<float const, 3>{net.masks.view()}) * w);
        };
        float const error = (map_of(r.predicted().first) - map_of(r.truth())).cwiseAbs().maxCoeff();
        kept += error <= r.error()[0] ? 1 : 0;
    }
    // 0.9 ± 3 standard deviations of 300 trials, and a little for the scale, which is estimated from 18 observations.
    CHECK(static_cast<double>(kept) / static_cast<double>(trials) > 0.82);
    CHECK(static_cast<double>(kept) / static_cast<double>(trials) < 0.96);
}

TEST_CASE("what does not fit is refused in words")
{
    auto net = made_up({{20, 3, 3}});
    net.leave_out(4);
    run r{net, {3}};
    r.score({0, 1});
    CHECK_THROWS_AS(r.score({1}), sc::option_error);
    CHECK_THROWS_AS(r.score({4}), sc::option_error);
    CHECK_THROWS_AS(r.score({20}), sc::option_error);
    CHECK_THROWS_AS(r.score({-1}), sc::option_error);
    CHECK_THROWS_AS(run(net, {3}).score({2, 2}), sc::option_error);
    sc::tensor<float, 2> const outputs{{{2, 12}}}, scores{{{1, 1}}};
    std::vector<index_t> const two{5, 6};
    CHECK_THROWS_AS(run(net, {3}).known().learn(two, outputs, scores), sc::shape_error);
    for (budget::settings const& bad : {budget::settings{.noise = 0},
                                        {.noise = -1},
                                        {.confidence = 0},
                                        {.confidence = 1},
                                        {.inflation = -1},
                                        {.draws = 0}}) {
        CHECK_THROWS_AS(run(net, {3}, bad), sc::option_error);
    }
    net.outputs(7, 2) = std::numeric_limits<float>::quiet_NaN();
    CHECK_THROWS_AS(run(net, {3}).score({7}), sc::non_finite_error);
}
