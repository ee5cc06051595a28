#pragma once
// Pictures in, with the usual preprocessing, and heat maps out.
#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <scorecam/error.hpp>
#include <scorecam/tensor.hpp>

namespace scorecam::opencv {

/// The order of the channels in the network's input.
enum class channel_order { rgb, bgr, grey };

/// From 8-bit pixels to a network's input: value = (pixel·scale - mean) / std, channel by channel, in the input's order.
struct preprocessing {
    int height                 = 224;
    int width                  = 224;
    double short_side          = 256.0 / 224.0;  ///< resized short side relative to the crop, before the centre crop
    double scale               = 1.0 / 255.0;
    std::array<double, 3> mean = {0.485, 0.456, 0.406};
    std::array<double, 3> std  = {0.229, 0.224, 0.225};
    channel_order order        = channel_order::rgb;

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

/// Reads a picture as 8-bit BGR, as OpenCV has it. Throws scorecam::error with the path.
[[nodiscard]] inline cv::Mat read_image(std::filesystem::path const& file)
{
    if (!std::filesystem::is_regular_file(file)) { throw error{"there is no picture " + file.string()}; }
    auto picture = cv::imread(file.string(), cv::IMREAD_COLOR);
    if (picture.empty()) {
        throw error{file.string() + " is not a picture that OpenCV can read (PNG, JPEG, BMP, TIFF, WebP)"};
    }
    return picture;
}

/// Writes a picture; the ending of the name says how. Throws scorecam::error with the path.
inline void write_image(std::filesystem::path const& file, cv::Mat const& picture)
{
    bool written = false;
    try {
        written = cv::imwrite(file.string(), picture);
    } catch (cv::Exception const&) {  // an unknown ending
    }
    if (!written) { throw error{"cannot write the picture " + file.string()}; }
}

/// The part of a picture that the network sees: the centre crop with the input's aspect ratio. A picture that already has
/// the input's size is seen as a whole.
[[nodiscard]] inline cv::Rect crop_of(cv::Size picture, preprocessing const& how)
{
    if (picture.width == how.width && picture.height == how.height) { return {0, 0, picture.width, picture.height}; }
    double const shrink =
        std::min(picture.width / (how.width * how.short_side), picture.height / (how.height * how.short_side));
    int const width  = std::clamp(static_cast<int>(std::lround(how.width * shrink)), 1, picture.width);
    int const height = std::clamp(static_cast<int>(std::lround(how.height * shrink)), 1, picture.height);
    return {(picture.width - width) / 2, (picture.height - height) / 2, width, height};
}

/// The crop at the size of the input, 8-bit BGR.
[[nodiscard]] inline cv::Mat cropped(cv::Mat const& picture, preprocessing const& how)
{
    cv::Mat const part = picture(crop_of(picture.size(), how));
    cv::Mat seen;
    int const method = part.cols > how.width ? cv::INTER_AREA : cv::INTER_LINEAR;
    cv::resize(part, seen, {how.width, how.height}, 0, 0, method);
    return seen;
}

/// The network's input (C, H, W) from a picture, 8-bit BGR.
[[nodiscard]] inline tensor<float, 3> prepare(cv::Mat const& picture, preprocessing const& how)
{
    cv::Mat seen = cropped(picture, how);
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

/// A map (H, W) in [0, 1] as colours, 8-bit BGR, at the given size: blue is 0, red is 1.
[[nodiscard]] inline cv::Mat heat_colours(tensor_view<float const, 2> map, cv::Size size)
{
    cv::Mat const values{static_cast<int>(map.extent(0)), static_cast<int>(map.extent(1)), CV_32F,
                         const_cast<float*>(map.data())};
    cv::Mat enlarged;
    cv::resize(values, enlarged, size, 0, 0, cv::INTER_LINEAR);
    cv::Mat bytes;
    enlarged.convertTo(bytes, CV_8U, 255.0);
    cv::Mat colours;
    cv::applyColorMap(bytes, colours, cv::COLORMAP_JET);
    return colours;
}

/// The map over the part of the picture that the network saw, at that part's own resolution but at least 224 wide.
[[nodiscard]] inline cv::Mat overlay(cv::Mat const& picture, tensor_view<float const, 2> map, preprocessing const& how,
                                     double opacity = 0.5)
{
    constexpr int readable = 224;
    cv::Mat part           = picture(crop_of(picture.size(), how)).clone();
    if (part.cols < readable) {
        int const height = part.rows * readable / part.cols;
        cv::resize(part, part, {readable, height}, 0, 0, cv::INTER_NEAREST);
    }
    cv::Mat blended;
    cv::addWeighted(heat_colours(map, part.size()), opacity, part, 1 - opacity, 0, blended);
    return blended;
}

/// Pictures next to each other, as high as the first, each under its caption.
[[nodiscard]] inline cv::Mat side_by_side(std::vector<std::pair<cv::Mat, std::string>> const& pictures)
{
    if (pictures.empty()) { throw option_error{"side_by_side was given no picture; give one or more"}; }
    constexpr int strip = 24;
    constexpr int gap   = 4;
    int const height    = pictures.front().first.rows;
    cv::Mat panel;
    for (auto const& [picture, caption] : pictures) {
        cv::Mat scaled;
        cv::resize(picture, scaled, {picture.cols * height / picture.rows, height}, 0, 0, cv::INTER_AREA);
        cv::Mat tile;
        cv::copyMakeBorder(scaled, tile, strip, 0, panel.empty() ? 0 : gap, 0, cv::BORDER_CONSTANT, cv::Scalar::all(255));
        double const wide = cv::getTextSize(caption, cv::FONT_HERSHEY_SIMPLEX, 0.5, 1, nullptr).width;
        double const size = 0.5 * std::min(1.0, (tile.cols - 2.0 * gap) / std::max(1.0, wide));
        cv::putText(tile, caption, {2 * gap, strip - 8}, cv::FONT_HERSHEY_SIMPLEX, size, cv::Scalar::all(0), 1, cv::LINE_AA);
        if (panel.empty()) {
            panel = tile;
        } else {
            cv::hconcat(panel, tile, panel);
        }
    }
    return panel;
}

}  // namespace scorecam::opencv
