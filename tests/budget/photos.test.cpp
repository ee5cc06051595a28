// What the surrogate reaches on real networks and photos: numbers, not impressions. All of it is deterministic.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "photos.hpp"

namespace {

using namespace photos;
using official = exploration<>;

/// The photos of a network.
[[nodiscard]] std::vector<photo const*> of(std::string const& network)
{
    std::vector<photo const*> found;
    for (auto const& p : all()) {
        if (p.network == network) { found.push_back(&p); }
    }
    return found;
}

/// Medians over a network's photos.
struct comparison {
    fidelity ours;
    fidelity faster;  ///< Faster-Score-CAM with as many channels

    [[nodiscard]] bool better() const
    {
        return ours.spearman > faster.spearman && ours.mean < faster.mean && ours.largest < faster.largest &&
               ours.overlap > faster.overlap;
    }
};

/// One batch by acquisition after the other, or all in one batch.
enum class probes { adaptive, non_adaptive };

template <class Exploration>
[[nodiscard]] std::vector<comparison> compare_maps(std::string const& network, index_t n, index_t targets,
                                                   typename Exploration::convention const& how, probes p = probes::adaptive)
{
    std::vector<std::vector<fidelity>> ours(static_cast<std::size_t>(targets)), faster(ours);
    for (auto const* photo : of(network)) {
        Exploration e{*photo, {photo->ranking.begin(), photo->ranking.begin() + targets}, how};
        if (p == probes::non_adaptive) {
            e.score(e.known().design(n));
        } else {
            e.score_up_to(n);
        }
        for (index_t m = 0; m < targets; ++m) {
            auto const truth = e.true_map(m);
            ours[static_cast<std::size_t>(m)].push_back(compare(e.map(m), truth));
            faster[static_cast<std::size_t>(m)].push_back(compare(e.faster_map(n, m), truth));
        }
    }
    std::vector<comparison> medians;
    for (std::size_t m = 0; m < ours.size(); ++m) { medians.push_back({median(ours[m]), median(faster[m])}); }
    return medians;
}
template <class Exploration = official>
[[nodiscard]] comparison compare_map(std::string const& network, index_t n, typename Exploration::convention const& how = {},
                                     probes p = probes::adaptive)
{
    return compare_maps<Exploration>(network, n, 1, how, p)[0];
}

/// A predicted error and what it turned out to be, at the input's size.
struct step {
    std::string photo;
    index_t scored;
    double predicted;
    double error;
};

/// Every so many channels, up to half of those with contrast.
template <class Exploration = official>
[[nodiscard]] std::vector<step> errors_on(std::string const& network, typename Exploration::convention const& how = {},
                                          index_t every = 16)
{
    std::vector<step> steps;
    for (auto const* photo : of(network)) {
        Exploration e{*photo, {photo->ranking[0]}, how};
        auto const truth = e.true_map();
        for (index_t n = 16; n <= static_cast<index_t>(photo->live.size()) / 2; n += every) {
            e.score_up_to(n);
            steps.push_back({photo->name, n, double{e.known().error(e.weigh())[0]}, compare(e.map(), truth).largest});
        }
    }
    return steps;
}
[[nodiscard]] double kept_share(std::vector<step> const& steps)
{
    auto const kept = std::count_if(steps.begin(), steps.end(), [](step const& s) { return s.error <= s.predicted; });
    return static_cast<double>(kept) / static_cast<double>(steps.size());
}

}  // namespace

TEST_CASE("the photos are complete")
{
    for (auto const& network : networks) { CHECK(of(network).size() >= 8); }
    for (auto const& p : all()) {
        CAPTURE(p.network);
        CAPTURE(p.name);
        for (index_t k = 0; k < p.channels(); ++k) {
            bool const flat = p.roles[static_cast<std::size_t>(k)] == channel_role::left_out;
            CHECK(std::isnan(p.outputs(k, 0)) == flat);
        }
        CHECK(p.plain(1, p.ranking[0]) > p.plain(0, p.ranking[0]));  // the photo, not the zero image
    }
}

TEST_CASE("64 channels give the map of all of them, nearly, and a better one than Faster-Score-CAM with as many")
{
    for (auto const& network : networks) {
        CAPTURE(network);
        auto const with_64 = compare_map(network, 64);
        CHECK(with_64.ours.spearman >= 0.99);
        CHECK(with_64.ours.mean <= 0.02);
        CHECK(with_64.ours.overlap >= 0.90);
        CHECK(with_64.better());
        CHECK(compare_map(network, 32).better());
        auto const with_128 = compare_map(network, 128);
        CHECK(with_128.better());
        CHECK(with_128.ours.spearman >= 0.999);
        CHECK(with_128.ours.mean <= 0.01);
        CHECK(with_128.ours.overlap >= 0.95);
    }
}

TEST_CASE("one batch of 64, chosen without looking, is nearly as good")
{
    for (auto const& network : networks) {
        CAPTURE(network);
        auto const found = compare_map(network, 64, {}, probes::non_adaptive);
        CHECK(found.ours.spearman >= 0.99);
        CHECK(found.ours.mean <= 0.02);
        CHECK(found.ours.overlap >= 0.90);
        CHECK(found.better());
    }
}

TEST_CASE("all channels give the map of all channels, to the last bit")
{
    for (auto const& network : networks) {
        auto const& photo = *of(network)[0];
        official e{photo, {photo.ranking[0]}};
        e.score_up_to(photo.channels(), 64);
        CHECK(e.known().error(e.weigh())[0] == 0);
        auto const map = e.map(), truth = e.true_map();
        CHECK(std::equal(map.begin(), map.end(), truth.begin()));
    }
}

TEST_CASE("the predicted error is kept to in 95 of 100 steps, and it is of use as a stopping rule")
{
    int runs = 0, kept = 0;
    for (auto const& network : networks) {
        CAPTURE(network);
        auto const steps = errors_on(network);
        CHECK(steps.size() > 100);
        CHECK(kept_share(steps) >= 0.95);

        for (double const tolerance : {0.05, 0.1, 0.2}) {
            std::string stopped;
            for (auto const& s : steps) {
                if (s.photo == stopped || s.predicted > tolerance) { continue; }
                stopped = s.photo;
                ++runs;
                kept += s.error <= tolerance ? 1 : 0;
            }
        }
        // Not by being large: at half of the channels the error is predicted to be small.
        std::vector<double> last;
        for (std::size_t i = 0; i < steps.size(); ++i) {
            if (i + 1 == steps.size() || steps[i + 1].photo != steps[i].photo) { last.push_back(steps[i].predicted); }
        }
        CHECK(median(last) < 0.05);
    }
    CHECK(runs >= 75);  // of 81; the others need more than half of the channels
    CHECK(kept >= 0.95 * runs);
}

TEST_CASE("other conventions: difference to a baseline, ReLU, logits, softmax over the channels")
{
    auto const check = [](auto of_type, auto const& how, double mean_difference) {
        using exploration_type = typename decltype(of_type)::type;
        for (auto const& network : networks) {
            CAPTURE(network);
            auto const found = compare_map<exploration_type>(network, 64, how);
            CHECK(found.ours.spearman >= 0.99);
            CHECK(found.ours.mean <= mean_difference);
            CHECK(found.ours.overlap >= 0.90);
            CHECK(found.better());
            CHECK(kept_share(errors_on<exploration_type>(network, how, 48)) >= 0.93);  // of 50 to 70 steps
        }
    };
    SUBCASE("probability, black baseline")
    {
        check(std::type_identity<exploration<sc::probability, sc::raw_weights>>{},
              exploration<sc::probability, sc::raw_weights>::convention{.black_baseline = true}, 0.02);
    }
    SUBCASE("probability, black baseline, ReLU")
    {
        check(std::type_identity<exploration<sc::probability, sc::relu_weights>>{},
              exploration<sc::probability, sc::relu_weights>::convention{.black_baseline = true}, 0.02);
    }
    SUBCASE("logit, black baseline")
    {
        check(std::type_identity<exploration<sc::logit, sc::raw_weights>>{},
              exploration<sc::logit, sc::raw_weights>::convention{.black_baseline = true}, 0.02);
    }
    SUBCASE("Algorithm 1 and torch-cam: logit, softmax over all channels")
    {
        check(std::type_identity<exploration<sc::logit, sc::softmax_weights>>{},
              exploration<sc::logit, sc::softmax_weights>::convention{.flat_channels = true}, 0.03);
    }
    SUBCASE("sigmoid")
    {
        check(std::type_identity<exploration<sc::sigmoid, sc::raw_weights>>{}, exploration<sc::sigmoid>::convention{}, 0.02);
    }
    SUBCASE("a model that ends in a softmax")
    {
        check(std::type_identity<exploration<sc::logit, sc::raw_weights>>{},
              exploration<sc::logit, sc::raw_weights>::convention{.outputs = budget::outputs_are::probabilities}, 0.02);
    }
    SUBCASE("a model that tells one probability")
    {
        check(std::type_identity<exploration<sc::logit, sc::raw_weights>>{},
              exploration<sc::logit, sc::raw_weights>::convention{.outputs = budget::outputs_are::chances}, 0.02);
    }
}

TEST_CASE("the five most probable classes are explained from the same 128 channels")
{
    for (auto const& network : networks) {
        CAPTURE(network);
        auto const classes = compare_maps<official>(network, 128, 5, {});
        for (auto const& each : classes) {
            CHECK(each.ours.spearman >= 0.98);
            CHECK(each.better());
        }
    }
}

TEST_CASE("standard deviations are of the size of the errors")
{
    for (auto const& network : networks) {
        CAPTURE(network);
        std::vector<double> ratios;
        for (auto const* photo : of(network)) {
            exploration<sc::logit> e{*photo, {photo->ranking[0]}};
            e.score_up_to(64);
            sc::tensor<float, 2> scores{{{photo->channels(), 1}}}, deviations{{{photo->channels(), 1}}};
            e.known().predict(scores.view(), deviations.view());
            auto const truth = e.true_scores();
            double squares = 0, count = 0;
            for (index_t const k : photo->live) {
                if (deviations(k, 0) > 0) {
                    squares += std::pow(double{(scores(k, 0) - truth(k, 0)) / deviations(k, 0)}, 2);
                    ++count;
                }
            }
            ratios.push_back(std::sqrt(squares / count));
        }
        CHECK(median(ratios) > 0.5);  // within a factor of 2 on every network: 1.0 to 1.5
        CHECK(median(ratios) < 2);
    }
}

TEST_CASE("the certified bound holds, and tightens to nothing")
{
    for (auto const& network : networks) {
        auto const& photo = *of(network)[0];
        CAPTURE(network);
        official e{photo, {photo.ranking[0]}};
        auto const shown = [&](sc::tensor<float, 2> const& scores) {
            auto const sum = e.sum_of(scores);
            return budget::shown(Eigen::Map<budget::matrix const>{sum.data(), sum.size(), 1});
        };
        auto const truth = shown(e.true_scores());
        float before     = 1;
        for (index_t n = 0; n <= e.known().candidates(); n += 60) {
            e.score_up_to(n);
            float const bound = e.known().certified(e.weigh(), 0, 1)[0];
            CHECK((shown(e.predicted_scores()) - truth).cwiseAbs().maxCoeff() <= bound + 1e-5F);
            CHECK(bound <= before + 0.05F);  // it is of the predicted map, which moves
            before = bound;
        }
        e.score_up_to(e.known().candidates());
        CHECK(e.known().certified(e.weigh(), 0, 1)[0] < 1e-5F);
    }
}
