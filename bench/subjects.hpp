#pragma once
// Networks with a picture to explain: the repository's own, those of the data folder and those made by networks/*.py. All
// but the first may be absent.
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
    std::string remedy{};  ///< what to do where it is absent

    [[nodiscard]] bool present() const { return std::filesystem::exists(network) && std::filesystem::exists(picture); }
    [[nodiscard]] std::string absence() const
    {
        return "there is no " + (std::filesystem::exists(network) ? picture : network) + "; " + remedy;
    }
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
    std::string const made = std::string{SCORECAM_BENCH_NETWORKS_DIR} + "/";
    std::string const set  = "set SCORECAM_DATA_DIR";
    auto drawings          = ocv::imagenet_tf();
    drawings.height = drawings.width = 96;
    std::string const pair           = own + "samples/ringed_ellipse_and_striped_disc.png";
    return {{"drawings", own + "drawings.onnx", pair, drawings},
            {"squeezenet", data + "models/squeezenet1_1.onnx", data + "images/both.png", ocv::imagenet_torch(), set},
            {"mobilenet_v2", data + "models/mobilenetv2_1.0_224.onnx", data + "images/both.png", ocv::imagenet_tf(), set},
            {"resnet18", made + "resnet18.onnx", pair, ocv::imagenet_torch(),
             "write it with bench/networks/make_resnet18.py and set SCORECAM_BENCH_NETWORKS_DIR"}};
}

}  // namespace bench
