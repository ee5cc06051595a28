#pragma once
// Pictures in, with the usual preprocessing, and heat maps out.
#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <opencv2/imgproc.hpp>

#include <scorecam/error.hpp>
#include <scorecam/opencv/picture_files.hpp>
#include <scorecam/opencv/preprocessing.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::opencv {

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

/// A map (H, W) of the input at the size of the picture (height, width): NaN where the network did not look.
[[nodiscard]] inline tensor<float, 2> map_of_picture(cv::Size picture, tensor_view<float const, 2> map,
                                                     preprocessing const& how)
{
    cv::Rect const part = seen_part(picture, how), there = part & cv::Rect{{0, 0}, picture};
    cv::Mat const values{static_cast<int>(map.extent(0)), static_cast<int>(map.extent(1)), CV_32F,
                         const_cast<float*>(map.data())};
    cv::Mat enlarged;
    cv::resize(values, enlarged, part.size(), 0, 0, cv::INTER_LINEAR);
    tensor<float, 2> whole{{{picture.height, picture.width}}};
    std::fill_n(whole.data(), whole.size(), std::numeric_limits<float>::quiet_NaN());
    for (int y = there.y; y < there.y + there.height; ++y) {
        for (int x = there.x; x < there.x + there.width; ++x) { whole(y, x) = enlarged.at<float>(y - part.y, x - part.x); }
    }
    return whole;
}

/// The map over the whole picture, at its own resolution but at least 224 wide. What the network did not see is dark and
/// grey: there is no answer there.
[[nodiscard]] inline cv::Mat overlay(cv::Mat const& picture, tensor_view<float const, 2> map, preprocessing const& how,
                                     double opacity = 0.5)
{
    constexpr int readable   = 224;
    constexpr double outside = 0.4;
    double const times       = std::max(1.0, static_cast<double>(readable) / picture.cols);
    auto const larger        = [&](int pixels) { return static_cast<int>(std::lround(pixels * times)); };
    cv::Mat shown;
    cv::resize(picture, shown, {larger(picture.cols), std::max(1, larger(picture.rows))}, 0, 0, cv::INTER_NEAREST);

    cv::Rect const part = seen_part(picture.size(), how);
    cv::Rect const whole{0, 0, shown.cols, shown.rows};
    cv::Rect const large{larger(part.x), larger(part.y), std::max(1, larger(part.width)), std::max(1, larger(part.height))};
    cv::Rect const there = large & whole;
    cv::Mat blended;
    cv::cvtColor(shown, blended, cv::COLOR_BGR2GRAY);
    cv::cvtColor(blended * outside, blended, cv::COLOR_GRAY2BGR);
    cv::Mat const heat = heat_colours(map, large.size())(there - large.tl());
    cv::addWeighted(heat, opacity, shown(there), 1 - opacity, 0, blended(there));
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
        cv::resize(picture, scaled, {std::max(1, picture.cols * height / picture.rows), height}, 0, 0, cv::INTER_AREA);
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
