// A map from some of the forwards, how far off it may be, and the exact one from there.
#include <cstdio>
#include <string>

#include <scorecam/budget/explain.hpp>
#include <scorecam/cpu/backend.hpp>
#include <scorecam/opencv/images.hpp>
#include <scorecam/opencv/network.hpp>

namespace ocv = scorecam::opencv;

int main(int argc, char** argv)
{
    std::string const drawings = argc > 1 ? argv[1] : "examples/drawings";
    auto how                   = ocv::imagenet_tf();
    how.width = how.height = 96;
    ocv::network network{ocv::read_network(drawings + "/drawings.onnx"), how.shape()};
    auto const photo = ocv::prepare(ocv::read_image(drawings + "/samples/plain_star.png"), how);
    scorecam::cpu::backend cpu;

    scorecam::budget::explainer explain{cpu, network, scorecam::target{4}};
    auto const some = explain(photo.view(), scorecam::budget::forwards{32});
    std::printf("%td channels scored, off by less than %.2f with 90 %% confidence\n", some.scored_channels,
                static_cast<double>(some.predicted_error(0, 0)));
    auto const all = explain.more(scorecam::budget::exact{});
    std::printf("%td channels scored: %s\n", all.scored_channels, all.is_exact ? "exact" : "not exact");
}
