// OpenVINO in bfloat16, where the processor has it.
#include <cstdio>
#include <cstdlib>

#include <doctest/doctest.h>

#include <scorecam/cpu/backend.hpp>
#include <scorecam/openvino/network.hpp>
#include <scorecam/scorecam.hpp>

#include "engines/photos.hpp"

using namespace engines;
namespace sv = scorecam::openvino;

namespace {

/// bfloat16 keeps 8 bits, so that a rounding is off by up to 2^-9. Measured with six layers of them: outputs 0.0026, maps
/// 0.0060.
constexpr double ten_roundings = 10 * 0x1p-9;

sv::network drawings(bool bfloat16)
{
    sv::settings<2> how;
    how.bfloat16 = bfloat16;
    return sv::network{files::own("examples/drawings/drawings.onnx"), {3, 96, 96}, {}, how};
}

/// Whether the processor has it, said by OpenVINO.
bool available()
{
    for (auto const& one : ov::Core{}.get_property("CPU", ov::device::capabilities)) {
        if (one == ov::device::capability::BF16) { return true; }
    }
    return false;
}

}  // namespace

TEST_CASE("float32 is what is computed in unless bfloat16 is asked for, and the explanation says so")
{
    auto network = drawings(false);
    CHECK(network.precision() == "float32");
    sc::cpu::backend cpu;
    CHECK(sc::explain(cpu, network, picture(disc_file, imagenet_tf).view()).precision == "float32");
}

TEST_CASE("bfloat16 is said to be in force where the processor has it, and the map is nearly the same")
{
    if (!available()) {
        REQUIRE(drawings(true).precision() == "float32");
        std::printf("skipped: this processor has no bfloat16\n");
        std::exit(77);
    }
    auto rounded = drawings(true);
    CHECK(rounded.precision() == "bfloat16");
    auto exact       = drawings(false);
    auto const input = picture(disc_file, imagenet_tf);
    sc::cpu::backend cpu;
    for (index_t const target : {0, 3}) {
        auto const expected = sc::explain(cpu, exact, input.view(), sc::target{target}, sc::conventions::torch_cam{});
        auto const found    = sc::explain(cpu, rounded, input.view(), sc::target{target}, sc::conventions::torch_cam{});
        CHECK(found.precision == "bfloat16");
        auto const apart   = deviation(found.maps, expected.maps);
        auto const outputs = deviation(found.outputs, expected.outputs);
        MESSAGE("maps " << apart << ", weights " << deviation(found.weights, expected.weights) << ", outputs " << outputs);
        CHECK(apart > 1e-5);  // more than between engines in float32
        CHECK(apart < ten_roundings);
        CHECK(outputs < ten_roundings);
    }
}
