#pragma once
// From a picture to a network's input, and from places in the input back to places in the picture.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include <opencv2/imgproc.hpp>

#include <scorecam/error.hpp>
#include <scorecam/tensor.hpp>

namespace scorecam::opencv {

/// The order of the channels in the network's input.
enum class channel_order { rgb, bgr, grey };

/// How a picture of another aspect ratio becomes an input.
enum class fit {
    crop,      ///< the centre is cut out, with a margin left away as `short_side` says
    stretch,   ///< the whole picture, distorted
    letterbox  ///< the whole picture, undistorted between bands of grey, as YOLO networks are trained
};

/// From 8-bit pixels to a network's input: value = (pixel·scale - mean) / std, channel by channel, in the input's order.
struct preprocessing {
    int height                 = 224;
    int width                  = 224;
    double short_side          = 256.0 / 224.0;  ///< resized short side relative to the crop, before the centre crop
    double scale               = 1.0 / 255.0;
    std::array<double, 3> mean = {0.485, 0.456, 0.406};
    std::array<double, 3> std  = {0.229, 0.224, 0.225};
    channel_order order        = channel_order::rgb;
    opencv::fit fitting        = opencv::fit::crop;

    [[nodiscard]] index_t channels() const { return order == channel_order::grey ? 1 : 3; }
    [[nodiscard]] image_shape shape() const { return {{channels(), height, width}}; }
};

/// torchvision's ImageNet networks: RGB, (x/255 - mean)/std, short side 256, crop 224.
[[nodiscard]] inline preprocessing imagenet_torch() { return {}; }
/// TensorFlow's ImageNet networks (MobileNet, Inception): RGB, (x - 127.5)/127.5.
[[nodiscard]] inline preprocessing imagenet_tf() { return {.scale = 1.0 / 127.5, .mean = {1, 1, 1}, .std = {1, 1, 1}}; }
/// CIFAR networks: as ImageNet, 32 × 32, no margin.
[[nodiscard]] inline preprocessing cifar() { return {.height = 32, .width = 32, .short_side = 1}; }
/// MNIST networks: grey, white digit on black, x/255, 28 × 28.
[[nodiscard]] inline preprocessing mnist()
{
    return {.height = 28, .width = 28, .short_side = 1, .mean = {0, 0, 0}, .std = {1, 1, 1}, .order = channel_order::grey};
}

/// The part of a picture that is cut out: the centre with the input's aspect ratio. A picture that already has the input's
/// size is taken as a whole.
[[nodiscard]] inline cv::Rect crop_of(cv::Size picture, preprocessing const& how)
{
    if (picture.width == how.width && picture.height == how.height) { return {0, 0, picture.width, picture.height}; }
    double const shrink =
        std::min(picture.width / (how.width * how.short_side), picture.height / (how.height * how.short_side));
    int const width  = std::clamp(static_cast<int>(std::lround(how.width * shrink)), 1, picture.width);
    int const height = std::clamp(static_cast<int>(std::lround(how.height * shrink)), 1, picture.height);
    return {(picture.width - width) / 2, (picture.height - height) / 2, width, height};
}

/// The part of a picture's plane that the whole input shows. A letterbox reaches beyond the picture.
[[nodiscard]] inline cv::Rect seen_part(cv::Size picture, preprocessing const& how)
{
    if (how.fitting == fit::crop) { return crop_of(picture, how); }
    if (how.fitting == fit::stretch) { return {0, 0, picture.width, picture.height}; }
    double const pixels =
        std::max(static_cast<double>(picture.width) / how.width, static_cast<double>(picture.height) / how.height);
    int const width  = std::max(picture.width, static_cast<int>(std::lround(how.width * pixels)));
    int const height = std::max(picture.height, static_cast<int>(std::lround(how.height * pixels)));
    return {-((width - picture.width) / 2), -((height - picture.height) / 2), width, height};
}

/// What the network sees of it, at the size of the input, 8-bit BGR.
[[nodiscard]] inline cv::Mat seen_by_network(cv::Mat const& picture, preprocessing const& how)
{
    constexpr int band   = 114;  // ultralytics' grey
    cv::Rect const part  = seen_part(picture.size(), how);
    cv::Rect const there = part & cv::Rect{0, 0, picture.cols, picture.rows};
    cv::Mat seen;
    int const method = part.width > how.width ? cv::INTER_AREA : cv::INTER_LINEAR;
    if (there == part) {
        cv::resize(picture(part), seen, {how.width, how.height}, 0, 0, method);
        return seen;
    }
    auto const scaled = [](int at, int from, int to) {
        return static_cast<int>(std::lround(static_cast<double>(at) * to / from));
    };
    cv::Rect const inside{scaled(there.x - part.x, part.width, how.width), scaled(there.y - part.y, part.height, how.height),
                          std::max(1, scaled(there.width, part.width, how.width)),
                          std::max(1, scaled(there.height, part.height, how.height))};
    seen = cv::Mat{how.height, how.width, picture.type(), cv::Scalar::all(band)};
    cv::resize(picture, seen(inside & cv::Rect{0, 0, how.width, how.height}),
               (inside & cv::Rect{0, 0, how.width, how.height}).size(), 0, 0, method);
    return seen;
}

/// The network's input (C, H, W) from a picture, 8-bit BGR.
[[nodiscard]] inline tensor<float, 3> prepare(cv::Mat const& picture, preprocessing const& how)
{
    cv::Mat seen = seen_by_network(picture, how);
    if (how.order == channel_order::rgb) { cv::cvtColor(seen, seen, cv::COLOR_BGR2RGB); }
    if (how.order == channel_order::grey) { cv::cvtColor(seen, seen, cv::COLOR_BGR2GRAY); }

    tensor<float, 3> input{how.shape()};
    auto const channels = how.channels();
    for (index_t c = 0; c < channels; ++c) {
        auto const mean = how.mean[static_cast<std::size_t>(c)];
        auto const std  = how.std[static_cast<std::size_t>(c)];
        for (int y = 0; y < how.height; ++y) {
            auto const* row = seen.ptr<unsigned char>(y);
            for (int x = 0; x < how.width; ++x) {
                input(c, y, x) = static_cast<float>((row[x * channels + c] * how.scale - mean) / std);
            }
        }
    }
    return input;
}

}  // namespace scorecam::opencv
