#pragma once
// Networks with a picture to explain: the repository's own, and those of the data folder, which may be absent.
#include <filesystem>
#include <string>
#include <vector>

#include <scorecam/opencv/images.hpp>
#include <scorecam/opencv/network.hpp>
#include <scorecam/tensor.hpp>

namespace bench {

struct subject {
    std::string name;
    std::string network;
    std::string picture;
    scorecam::opencv::preprocessing how;

    [[nodiscard]] bool present() const { return std::filesystem::exists(network) && std::filesystem::exists(picture); }
    [[nodiscard]] scorecam::opencv::network load() const
    {
        return scorecam::opencv::network{scorecam::opencv::read_network(network), how.shape()};
    }
    [[nodiscard]] scorecam::tensor<float, 3> image() const
    {
        return scorecam::opencv::prepare(scorecam::opencv::read_image(picture), how);
    }
};

[[nodiscard]] inline std::vector<subject> subjects()
{
    namespace ocv          = scorecam::opencv;
    std::string const own  = std::string{SCORECAM_SOURCE_DIR} + "/examples/drawings/";
    std::string const data = std::string{SCORECAM_DATA_DIR} + "/";
    auto drawings          = ocv::imagenet_tf();
    drawings.height = drawings.width = 96;
    return {{"drawings", own + "drawings.onnx", own + "samples/ringed_ellipse_and_striped_disc.png", drawings},
            {"squeezenet", data + "models/squeezenet1_1.onnx", data + "images/both.png", ocv::imagenet_torch()},
            {"mobilenet_v2", data + "models/mobilenetv2_1.0_224.onnx", data + "images/both.png", ocv::imagenet_tf()}};
}

}  // namespace bench
