// Networks on cuDNN beside engines of the CPU: the same layers, scores and maps. From the repository alone.
#include <algorithm>
#include <string>
#include <type_traits>

#include <doctest/doctest.h>

#include <scorecam/cpu/backend.hpp>
#include <scorecam/scorecam.hpp>

#include "cudnn/other_engine.hpp"

using namespace cudnn_tests;

namespace {

/// Between convolutions that sum in other orders, in parts of the largest value. Measured: 2.8e-7 at most.
constexpr double alike = 1e-5;

}  // namespace

TEST_CASE("all layers of the small networks are those of another engine")
{
    require_other_engine();
    check_same(data::own("examples/drawings/drawings.onnx"), picture(disc_file, imagenet_tf), alike);
    for (std::string const name : {"mobile", "fire", "normal", "means"}) {
        auto const file   = data::own("tests/onnx/networks/" + name);
        auto const images = sc::testing::load<float, 4>(file + ".input.npy");
        sc::tensor<float, 3> image{sc::trailing<3>(images.shape())};
        std::copy_n(images.data(), image.size(), image.data());
        check_same(file + ".onnx", image, alike);
    }
}

TEST_CASE("whole explanations on the device are those of the CPU backend and another engine")
{
    if constexpr (!std::is_void_v<other_engine>) {
        auto const file  = data::own("examples/drawings/drawings.onnx");
        auto const image = picture(disc_file, imagenet_tf);
        auto other       = other_engine::make(file, image.shape());
        sc::cpu::backend cpu;
        auto const expected = sc::explain(cpu, other, image.view(), sc::targets{0, 3}, sc::conventions::official{});

        on_a_stream here;
        cudnn::network network{file, image.shape()};
        sc::tensor<float, 4> images{sc::prepend(image.shape(), 1)};
        std::copy(image.begin(), image.end(), images.data());
        device::moved const there{here.on, images};
        auto const found = sc::explain(here.on, network, there.view()[0], sc::targets{0, 3}, sc::conventions::official{},
                                       sc::fixed_batch{32});
        MESSAGE("maps " << deviation(found.maps, expected.maps) << " apart, weights "
                        << deviation(found.weights, expected.weights));
        CHECK(deviation(found.maps, expected.maps) < 1e-4);        // measured: 7.8e-7
        CHECK(deviation(found.weights, expected.weights) < 1e-5);  // measured: 4.5e-7
        CHECK(found.status(0, 0) == sc::map_status::meaningful);
        CHECK(found.forwards == expected.forwards);
    }
}
