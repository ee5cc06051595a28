// Values that the published code gave, on a linear network whose numbers are below.
//
// torch-cam: torchcam 0.5.0 (frgfm/torch-cam, torchcam/metrics.py) on torch 1.13, ClassificationMetric and
// DeletionInsertionMetric with softmax and an extractor that returns the map below.
// RISE: eclique/RISE d91ea00, evaluation.py, CausalMetric with HW = 12·13 and steps of 20 pixels, auc and gkern(11, 5), on
// torch 1.13 and scipy 1.10.1.
#include <cstddef>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/metrics/confidence.hpp>
#include <scorecam/metrics/insertion_deletion.hpp>
#include <scorecam/reference.hpp>

#include "support/networks.hpp"

namespace sc = scorecam;
namespace mt = scorecam::metrics;

namespace {

double const single = 2e-6;  // the published code computes in float: sums of 20 to 468 products, softmax, 21 points

/// outputs(c) = Σ_p (((7c + 3p) mod 11) - 5) / divisor · image(p), three classes.
networks::linear<float> network(sc::image_shape shape, float divisor)
{
    sc::tensor<float, 2> weights{{{3, shape.size()}}};
    for (sc::index_t c = 0; c < 3; ++c) {
        for (sc::index_t p = 0; p < shape.size(); ++p) {
            weights(c, p) = static_cast<float>((c * 7 + p * 3) % 11 - 5) / divisor;
        }
    }
    return {shape, weights, sc::tensor<float, 3>{{{1, 2, 2}}}};
}

/// image(p) = (5p mod 7) / 4 - offset, map(p) = (step·p mod modulus) / (modulus - 1)
sc::tensor<float, 3> picture(sc::image_shape shape, float offset)
{
    sc::tensor<float, 3> image{shape};
    for (sc::index_t p = 0; p < shape.size(); ++p) { image.data()[p] = static_cast<float>(p * 5 % 7) / 4 - offset; }
    return image;
}
sc::tensor<float, 2> ranking(sc::extents<2> size, sc::index_t step, sc::index_t modulus)
{
    sc::tensor<float, 2> map{size};
    for (sc::index_t p = 0; p < map.size(); ++p) {
        map.data()[p] = static_cast<float>(p * step % modulus) / static_cast<float>(modulus - 1);
    }
    return map;
}

void check_close(std::vector<double> const& got, std::vector<double> const& wanted)
{
    REQUIRE(got.size() == wanted.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
        CAPTURE(i);
        CHECK(got[i] == doctest::Approx(wanted[i]).epsilon(single));
    }
}

}  // namespace

TEST_CASE("torch-cam: average drop and increase in confidence")
{
    sc::reference_backend cpu;
    auto model       = network({1, 4, 5}, 10);
    auto const image = picture({1, 4, 5}, 0);
    auto const map   = ranking({4, 5}, 3, 8);

    auto const top = mt::confidence_under(cpu, model, image.view(), map, mt::torch_cam{}).of();
    CHECK(top.drop.value == doctest::Approx(0.47764256596565247).epsilon(single));
    CHECK(top.increase.value == 0);
    CHECK(top.drop.protocol == "torch_cam");
    for (sc::index_t const c : {0, 2}) {
        auto const found = mt::confidence_under(cpu, model, image.view(), map, mt::torch_cam{}, sc::target{c}).of();
        CHECK(found.drop.value == 0);
        CHECK(found.increase.value == 1);
    }
    auto const same = mt::confidence_under(cpu, model, image.view(), map, mt::torch_cam{}, sc::target{1}).of();
    CHECK(same.drop.value == top.drop.value);
}

TEST_CASE("torch-cam: deletion and insertion, with its rule for equal values and a shorter last interval")
{
    sc::reference_backend cpu;
    auto model                   = network({1, 4, 5}, 10);
    auto const image             = picture({1, 4, 5}, 0);
    auto const map               = ranking({4, 5}, 3, 8);  // eight values for twenty pixels
    double const deletion[2][3]  = {{0.08563539385795593, 0.6617491841316223, 0.25261539220809937},
                                    {0.07748731225728989, 0.6758338212966919, 0.24667884409427643}};
    double const insertion[2][3] = {{0.22337591648101807, 0.43295300006866455, 0.34367111325263977},
                                    {0.23171180486679077, 0.41921770572662354, 0.3490704894065857}};
    sc::index_t const steps[]    = {20, 7};  // 7 intervals of 3 pixels, the last of 2
    for (std::size_t s = 0; s < 2; ++s) {
        for (sc::index_t c = 0; c < 3; ++c) {
            mt::torch_cam const protocol{steps[s]};
            CAPTURE(protocol.name());
            auto const d = mt::deletion(cpu, model, image.view(), map, protocol, sc::target{c});
            auto const i = mt::insertion(cpu, model, image.view(), map, protocol, sc::target{c});
            CHECK(d.of().area.value == doctest::Approx(deletion[s][c]).epsilon(single));
            CHECK(i.of().area.value == doctest::Approx(insertion[s][c]).epsilon(single));
        }
    }
    CHECK(mt::torch_cam{7}.name() == "torch_cam (steps 7)");
}

TEST_CASE("RISE: both curves, the areas below, and the blurred picture that insertion starts from")
{
    sc::reference_backend cpu;
    auto model       = network({3, 12, 13}, 40);
    auto const image = picture({3, 12, 13}, 0.5F);
    auto const map   = ranking({12, 13}, 61, 156);  // every value once
    mt::rise const protocol{.step = 20};            // 156 = 7·20 + 16

    auto const deleted = mt::deletion(cpu, model, image.view(), map, protocol);
    check_close(deleted.of().scores, {0.358684659, 0.340385467, 0.342241764, 0.341856688, 0.34029603, 0.331876606,
                                      0.290961146, 0.383023202, 0.333333343});
    CHECK(deleted.of().area.value == doctest::Approx(0.33958123810589314).epsilon(single));
    CHECK(deleted.of().area.protocol == "rise (step 20)");

    auto const inserted = mt::insertion(cpu, model, image.view(), map, protocol);
    check_close(inserted.of().scores, {0.333365738, 0.337103367, 0.338716507, 0.349826872, 0.344691485, 0.338980973,
                                       0.380795777, 0.301558048, 0.358684659});
    CHECK(inserted.of().area.value == doctest::Approx(0.3422122783958912).epsilon(single));

    sc::tensor_view<float const, 4> const one{image.data(), 1, 3, 12, 13};
    sc::tensor<float, 4> blurred{one.shape()};
    mt::rise_blur{}.paint(cpu, one, blurred.view());
    CHECK(blurred(0, 0, 0, 0) == doctest::Approx(0.06853996962308884).epsilon(single));
    CHECK(blurred(0, 1, 6, 6) == doctest::Approx(0.2500000298023224).epsilon(single));
    CHECK(blurred(0, 2, 11, 12) == doctest::Approx(0.07690013945102692).epsilon(single));
}

TEST_CASE("RISE: the kernel of its blur is flatter than the Gaussian it is named after")
{
    // the middle row of gkern(11, 5) from the centre on; the kernel is a product, so that row is its centre weight times w
    auto const w = mt::rise_blur{}.weights();
    std::vector<double> row;
    for (double const weight : w) { row.push_back(w[0] * weight); }
    check_close(row, {0.008832627907395363, 0.008786325342953205, 0.008664311841130257, 0.008502951823174953,
                      0.008354640565812588, 0.008266488090157509});
    double sum = w[0];
    for (std::size_t r = 1; r < w.size(); ++r) { sum += 2 * w[r]; }
    CHECK(sum == doctest::Approx(1).epsilon(1e-12));
    CHECK_THROWS_AS(static_cast<void>(mt::rise_blur{10, 5}.weights()), sc::option_error);
    CHECK_THROWS_AS(static_cast<void>(mt::rise_blur{11, 0}.weights()), sc::option_error);
}
