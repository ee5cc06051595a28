#pragma once
// Pictures as inputs, without any engine's help.
#include <string>

#include <scorecam/tensor.hpp>

#include "engines/recorded.hpp"

namespace engines {

/// (x / 255 - mean) / deviation of each channel.
struct preparation {
    double mean[3];
    double deviation[3];
};
inline constexpr preparation imagenet_torch{{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}};
inline constexpr preparation imagenet_tf{{0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}};

/// (3, H, W) of the picture (H, W, RGB) in a .npy file.
[[nodiscard]] inline sc::tensor<float, 3> picture(std::string const& file, preparation const& how)
{
    auto const rgb = sc::testing::load<unsigned char, 3>(file);
    sc::tensor<float, 3> input{sc::image_shape{3, rgb.extent(0), rgb.extent(1)}};
    for (index_t c = 0; c < 3; ++c) {
        for (index_t y = 0; y < rgb.extent(0); ++y) {
            for (index_t x = 0; x < rgb.extent(1); ++x) {
                input(c, y, x) = static_cast<float>((rgb(y, x, c) / 255.0 - how.mean[c]) / how.deviation[c]);
            }
        }
    }
    return input;
}

inline std::string const disc_file = files::own("tests/engines/networks/disc.npy");
inline std::string const chelsea   = "golden/squeezenet/chelsea_small/";  // in the data folder

}  // namespace engines
