// An ONNX file, a photo, and an overlay for the class that the network is surest of.
#include <cstdio>
#include <string>

#include <scorecam/cpu/backend.hpp>
#include <scorecam/opencv/images.hpp>
#include <scorecam/opencv/network.hpp>
#include <scorecam/scorecam.hpp>

namespace ocv = scorecam::opencv;

int main(int argc, char** argv)
{
    if (argc != 3) {
        std::printf("usage: %s NETWORK.onnx PHOTO\n", argv[0]);
        return 2;
    }
    std::string const file_of_network = argv[1];
    std::string const file_of_photo   = argv[2];

    auto const how = ocv::imagenet_torch();  // the usual preparation: size, crop, mean, deviation
    ocv::network network{ocv::read_network(file_of_network), how.shape()};
    scorecam::cpu::backend cpu;

    auto const photo = ocv::read_image(file_of_photo);
    auto const found = scorecam::explain(cpu, network, ocv::prepare(photo, how).view(), scorecam::top{2});
    ocv::write_image("overlay.png", ocv::overlay(photo, found.map(), how));

    std::printf("overlay.png: class %td, %td forwards\n", found.targets(0, 0), found.forwards);
}
