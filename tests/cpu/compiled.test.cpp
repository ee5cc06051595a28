// scorecam::cpu_compiled: what is linked is what would have been compiled here.
#include <doctest/doctest.h>

#include <scorecam/cpu/backend.hpp>
#include <scorecam/scorecam.hpp>
#include <scorecam/testing/checks.hpp>

#include "support/networks.hpp"

#if !defined(SCORECAM_CPU_COMPILED)
#error "scorecam::cpu_compiled says that the work is compiled"
#endif

namespace sc = scorecam;

TEST_CASE("maps of the compiled backend are the reference's")
{
    networks::seeded<float> model{{{3, 20, 24}}, {{6, 5, 6}}, 3, 1};
    auto const image = sc::testing::drawn_tensor<float>(sc::prepend(model.input_shape(), 2), 3);
    sc::cpu::backend fast;
    sc::reference_backend slow;
    auto const same = [&](auto... policies) {
        auto const found    = sc::explain(fast, model, image, sc::targets{1, 2}, policies...);
        auto const expected = sc::explain(slow, model, image, sc::targets{1, 2}, policies...);
        sc::testing::check_close(found.maps, expected.maps, 256.0F);
        CHECK(found.forwards == expected.forwards);
    };
    same();
    same(sc::conventions::rise{{.number = 12, .cells = 3}});
}
