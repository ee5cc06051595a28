#pragma once
// The engines that are there, and how far apart the maps are that they make of the same file and the same pixels.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/cpu/backend.hpp>
#include <scorecam/scorecam.hpp>

#ifdef SCORECAM_WITH_OPENCV
#include "engines/adapters/opencv.hpp"
#endif
#ifdef SCORECAM_WITH_ONNXRUNTIME
#include "engines/adapters/onnxruntime.hpp"
#endif
#ifdef SCORECAM_WITH_OPENVINO
#include "engines/adapters/openvino.hpp"
#endif
#include "engines/photos.hpp"

namespace engines {

struct made {
    std::string engine;
    sc::explanation<float> found;
};

/// The maps of one picture, by every engine that is there. Skips the program where there are not two.
template <class... Policies>
[[nodiscard]] std::vector<made> by_all(std::string const& file, sc::tensor<float, 3> const& input, Policies... policies)
{
    std::vector<made> all;
    sc::cpu::backend cpu;
    [[maybe_unused]] auto const add = [&]<class Engine>(Engine) {
        auto network = Engine::make(file, input.shape());
        all.push_back({Engine::name, sc::explain(cpu, network, input.view(), policies...)});
    };
#ifdef SCORECAM_WITH_OPENCV
    add(opencv{});
#endif
#ifdef SCORECAM_WITH_ONNXRUNTIME
    add(onnxruntime{});
#endif
#ifdef SCORECAM_WITH_OPENVINO
    add(openvino{});
#endif
    if (all.size() < 2) {
        std::printf("skipped: there are not two engines that could agree\n");
        std::exit(77);
    }
    return all;
}

/// Engines sum in other orders, each its own on another processor. Measured here: maps 2.5e-6 apart, weights 5e-6.
inline void check_agreement(std::vector<made> const& all)
{
    constexpr double agreed = 1e-4;
    for (std::size_t a = 0; a < all.size(); ++a) {
        CHECK(all[a].found.status(0, 0) == sc::map_status::meaningful);
        for (std::size_t b = 0; b < a; ++b) {
            auto const apart   = deviation(all[a].found.maps, all[b].found.maps);
            auto const weights = deviation(all[a].found.weights, all[b].found.weights);
            MESSAGE(all[a].engine << " and " << all[b].engine << ": maps " << apart << ", weights " << weights);
            CHECK(apart < agreed);
            CHECK(weights < agreed);
            CHECK(all[a].found.forwards == all[b].found.forwards);
        }
    }
}

}  // namespace engines
