// Is the map any good? What the score makes of the pixels that it calls important, and how much of it lies on the object.
#include <cstdio>
#include <string>

#include <scorecam/cpu/backend.hpp>
#include <scorecam/metrics/metrics.hpp>
#include <scorecam/opencv/images.hpp>
#include <scorecam/opencv/network.hpp>
#include <scorecam/scorecam.hpp>

namespace metrics = scorecam::metrics;
namespace ocv     = scorecam::opencv;

int main(int argc, char** argv)
{
    std::string const drawings = argc > 1 ? argv[1] : "examples/drawings";
    auto how                   = ocv::imagenet_tf();
    how.width = how.height = 96;
    ocv::network network{ocv::read_network(drawings + "/drawings.onnx"), how.shape()};
    auto const photo = ocv::prepare(ocv::read_image(drawings + "/samples/plain_star.png"), how);
    scorecam::cpu::backend cpu;

    scorecam::target const star{4};
    auto const map      = scorecam::explain(cpu, network, photo.view(), star);
    auto const deletion = metrics::deletion(cpu, network, photo.view(), map.map(), metrics::rise{}, star);
    auto const under    = metrics::confidence_under(cpu, network, photo.view(), map.map(), metrics::paper{}, star);
    auto const on_it    = metrics::energy_pointing_game(map.map(), metrics::box_xyxy(20, 9, 57, 50));
    for (auto const& number : {deletion.of().area, under.of().drop, on_it}) { std::puts(to_string(number).c_str()); }
}
