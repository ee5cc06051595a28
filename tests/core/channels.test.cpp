// Which channels are scored, and what the others do.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/scorecam.hpp>

#include "support/networks.hpp"

namespace sc = scorecam;

namespace {

/// Four channels of 2 x 2:
///   A_0 = 4 4   A_1 = 0 6   A_2 = -5 -4   A_3 = 1 0
///         4 0         0 0         -5 -4         0 0
///   mass    12          6           18            1          37 in all
///   deviation √3     √27/2         1/2          √3/4
sc::tensor<double, 3> const activations{{{4, 2, 2}}, {4, 4, 4, 0, 0, 6, 0, 0, -5, -4, -5, -4, 1, 0, 0, 0}};

/// One class with the logit (x_00 + 2·x_01 + 3·x_10 + 4·x_11)/10 of a picture of ones, and its negative. The masks
///   H_0 = 1 1   H_1 = 0 1   H_2 = 0 1   H_3 = 1 0
///         1 0         0 0         0 1         0 0
/// have the scores 0.6, 0.2, 0.6 and 0.1.
networks::linear<double> by_hand()
{
    return {{1, 2, 2}, {{{2, 4}}, {0.1, 0.2, 0.3, 0.4, -0.1, -0.2, -0.3, -0.4}}, activations};
}
sc::tensor<double, 3> const ones{{{1, 2, 2}}, {1, 1, 1, 1}};

template <class... Policies>
auto explained(Policies... policies)
{
    auto model = by_hand();
    sc::reference_backend cpu;
    return sc::explain(cpu, model, ones.view(), sc::target{0}, sc::logit{}, policies...);
}

/// The channels that a choice scores.
template <class Choice>
std::vector<sc::index_t> scored_by(Choice const& choice)
{
    auto const found = explained(choice);
    std::vector<sc::index_t> scored;
    for (sc::index_t k = 0; k < found.channels(); ++k) {
        if (found.roles(0, k) == sc::ops::channel_role::scored) { scored.push_back(k); }
    }
    CHECK(found.forwards == 1 + static_cast<sc::index_t>(scored.size()));
    return scored;
}

using list = std::vector<sc::index_t>;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("moments are the mass and the deviation of the population")
{
    auto const of = [](sc::index_t k) { return sc::ops::moments_of(activations[k].data(), 4); };
    CHECK(of(0).mass == 12);
    CHECK(of(2).mass == 18);
    CHECK(of(0).deviation == doctest::Approx(std::sqrt(3.0)).epsilon(1e-14));
    CHECK(of(1).deviation == doctest::Approx(std::sqrt(27.0) / 2).epsilon(1e-14));
    CHECK(of(2).deviation == 0.5);
    CHECK(of(3).deviation == doctest::Approx(std::sqrt(3.0) / 4).epsilon(1e-14));
}

TEST_CASE("the channels that vary most")
{
    CHECK(scored_by(sc::largest_deviation{1}) == list{1});
    CHECK(scored_by(sc::largest_deviation{2}) == list{0, 1});
    CHECK(scored_by(sc::largest_deviation{3}) == list{0, 1, 2});
    CHECK(scored_by(sc::largest_deviation{4}) == list{0, 1, 2, 3});
    CHECK(scored_by(sc::largest_deviation{99}) == list{0, 1, 2, 3});
}

TEST_CASE("the channels with the largest mass, whatever its sign")
{
    CHECK(scored_by(sc::largest_mass{1}) == list{2});
    CHECK(scored_by(sc::largest_mass{2}) == list{0, 2});
    CHECK(scored_by(sc::largest_mass{3}) == list{0, 1, 2});
}

TEST_CASE("as few channels as hold a share of the mass")
{
    CHECK(scored_by(sc::mass_share{0.01}) == list{2});
    CHECK(scored_by(sc::mass_share{0.48}) == list{2});  // 18/37 = 0.486
    CHECK(scored_by(sc::mass_share{0.49}) == list{0, 2});
    CHECK(scored_by(sc::mass_share{0.81}) == list{0, 2});  // 30/37 = 0.811
    CHECK(scored_by(sc::mass_share{0.82}) == list{0, 1, 2});
    CHECK(scored_by(sc::mass_share{1}) == list{0, 1, 2, 3});
}

TEST_CASE("the channels named, once each")
{
    CHECK(scored_by(sc::listed_channels{{3, 0}}) == list{0, 3});
    CHECK(scored_by(sc::listed_channels{{2, 2, 2}}) == list{2});
}

TEST_CASE("between equal channels the lower one is chosen")
{
    sc::tensor<sc::ops::moments<double>, 1> const equal{{{3}}, {{5, 2}, {5, 2}, {5, 2}}};
    using chosen = std::vector<bool>;
    CHECK(sc::largest_deviation{2}.choose(equal.view()) == chosen{true, true, false});
    CHECK(sc::largest_mass{1}.choose(equal.view()) == chosen{true, false, false});
    CHECK(sc::mass_share{0.6}.choose(equal.view()) == chosen{true, true, false});
}

TEST_CASE("scored channels keep their scores, and the map is made of them alone")
{
    auto const all  = explained();
    auto const some = explained(sc::listed_channels{{0, 3}});
    CHECK(all.scores(0, 0, 0) == doctest::Approx(0.6).epsilon(1e-14));
    for (sc::index_t const k : {0, 3}) { CHECK(some.weights(0, k, 0) == all.weights(0, k, 0)); }
    for (sc::index_t const k : {1, 2}) { CHECK(some.weights(0, k, 0) == 0); }
    // 0.6·A_0 + 0.1·A_3
    sc::tensor<double, 2> const expected{{{2, 2}}, {2.5, 2.4, 2.4, 0}};
    for (sc::index_t p = 0; p < 4; ++p) {
        CHECK(some.activation_maps.data()[p] == doctest::Approx(expected.data()[p]).epsilon(1e-14));
    }
}

TEST_CASE("a softmax passes over dropped channels")
{
    auto const found = explained(sc::largest_deviation{2}, sc::softmax_weights{}, sc::unscored_channels::dropped);
    CHECK(found.weights(0, 0, 0) == doctest::Approx(1 / (1 + std::exp(-0.4))).epsilon(1e-14));  // scores 0.6 and 0.2
    CHECK(found.weights(0, 1, 0) == doctest::Approx(1 / (1 + std::exp(0.4))).epsilon(1e-14));
    CHECK(found.weights(0, 2, 0) == 0);
    CHECK(found.weights(0, 3, 0) == 0);
    CHECK(found.forwards == 3);
}

TEST_CASE("a softmax gives channels that contribute zero the weight exp(0)/sum")
{
    auto const found = explained(sc::largest_deviation{2}, sc::softmax_weights{}, sc::unscored_channels::zero);
    double const sum = std::exp(0.6) + std::exp(0.2) + 1 + 1;
    CHECK(found.weights(0, 0, 0) == doctest::Approx(std::exp(0.6) / sum).epsilon(1e-14));
    CHECK(found.weights(0, 1, 0) == doctest::Approx(std::exp(0.2) / sum).epsilon(1e-14));
    CHECK(found.weights(0, 2, 0) == doctest::Approx(1 / sum).epsilon(1e-14));
    CHECK(found.weights(0, 3, 0) == doctest::Approx(1 / sum).epsilon(1e-14));
    CHECK(found.forwards == 3);
}

TEST_CASE("without a softmax a channel that is not scored has weight 0 either way, also beside a baseline")
{
    for (auto const rest : {sc::unscored_channels::dropped, sc::unscored_channels::zero}) {
        auto const found = explained(sc::listed_channels{{1}}, rest, sc::baseline{sc::constant{0.5}});  // f(X_b) = 0.5
        CHECK(found.weights(0, 1, 0) == doctest::Approx(0.2 - 0.5).epsilon(1e-14));
        for (sc::index_t const k : {0, 2, 3}) { CHECK(found.weights(0, k, 0) == 0); }
        CHECK(found.forwards == 3);  // the image, one mask and the baseline
    }
}

TEST_CASE("a chosen channel that is flat is not scored")
{
    auto flat_second = activations;
    std::fill_n(flat_second.data() + 4, 4, 7.0);  // mass 28: the largest
    networks::linear<double> model{{1, 2, 2}, {{{1, 4}}, {0.1, 0.2, 0.3, 0.4}}, flat_second};
    sc::reference_backend cpu;
    auto const found = sc::explain(cpu, model, ones.view(), sc::logit{}, sc::largest_mass{2});
    CHECK(found.forwards == 2);
    CHECK(found.weights(0, 1, 0) == 0);
    CHECK(found.roles(0, 2) == sc::ops::channel_role::scored);
}

TEST_CASE("every image has its own choice of channels")
{
    networks::seeded<double> model{{2, 16, 20}, {9, 4, 5}, 3, 51};
    auto const images = networks::drawn_tensor<double>(sc::extents<4>{3, 2, 16, 20}, 52);
    sc::reference_backend cpu;
    auto const together = sc::explain(cpu, model, images.view(), sc::target{1}, sc::largest_deviation{3});
    CHECK(together.forwards == 3 * (1 + 3));
    for (sc::index_t i = 0; i < 3; ++i) {
        auto const alone = sc::explain(cpu, model, images[i], sc::target{1}, sc::largest_deviation{3});
        auto const roles = together.roles[i];
        CHECK(std::equal(alone.roles.begin(), alone.roles.end(), roles.begin()));
        CHECK(std::equal(alone.maps.begin(), alone.maps.end(), together.map(i).begin()));
    }
}

TEST_CASE("choices that make no sense are errors that name the range")
{
    CHECK_THROWS_WITH_AS(static_cast<void>(explained(sc::listed_channels{})), doctest::Contains("name at least one"),
                         sc::option_error);
    CHECK_THROWS_WITH_AS(static_cast<void>(explained(sc::largest_deviation{0})),
                         doctest::Contains("0 channels were asked for; score 1 or more"), sc::option_error);
    CHECK_THROWS_WITH_AS(static_cast<void>(explained(sc::largest_mass{-2})), doctest::Contains("-2 channels"),
                         sc::option_error);
    for (double const share : {0.0, -0.5, 1.5, not_a_number}) {
        CAPTURE(share);
        CHECK_THROWS_WITH_AS(static_cast<void>(explained(sc::mass_share{share})),
                             doctest::Contains("more than 0 and at most 1"), sc::option_error);
    }
    CHECK_THROWS_WITH_AS(static_cast<void>(explained(sc::listed_channels{{1, 4}})),
                         doctest::Contains("channel 4 does not exist"), sc::option_error);
    CHECK_THROWS_WITH_AS(static_cast<void>(explained(sc::listed_channels{{-1}})), doctest::Contains("0 to 3"),
                         sc::option_error);
}
