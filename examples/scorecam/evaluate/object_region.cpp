#include "evaluate/object_region.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include <opencv2/imgproc.hpp>

#include <scorecam/error.hpp>

namespace cli {
namespace {

namespace sc = scorecam;

/// The pixels of the input whose centres lie in the box.
void fill(sc::tensor<unsigned char, 2>& object, listed_box const& box, cv::Rect const& crop)
{
    auto const bound = [](double at, int first, int extent, sc::index_t seen) {
        double const on_input = (at - first) / extent * static_cast<double>(seen);
        return static_cast<sc::index_t>(std::lround(std::clamp(on_input, 0.0, static_cast<double>(seen))));
    };
    auto const H = object.extent(0), W = object.extent(1);
    for (auto y = bound(box.top, crop.y, crop.height, H); y < bound(box.bottom, crop.y, crop.height, H); ++y) {
        for (auto x = bound(box.left, crop.x, crop.width, W); x < bound(box.right, crop.x, crop.width, W); ++x) {
            object(y, x) = 1;
        }
    }
}

/// What the object has in a mask: 255, or 1 where nothing is more. Throws scorecam::error for a mask of neither.
unsigned char object_in(cv::Mat const& mask, std::filesystem::path const& file)
{
    double most = 0;
    cv::minMaxLoc(mask, nullptr, &most);
    if (most == 1) { return 1; }
    if (most > 0 && cv::countNonZero(mask == 255) == 0) {
        throw sc::error{file.string() + " has values up to " + std::to_string(static_cast<int>(most)) +
                        " and no object: give a mask with 255 (or 1) on the object and 0 elsewhere"};
    }
    return 255;
}

/// 255 object, 0 background, everything else ignored; or 1 object, 0 background.
void fill(object_region& region, std::filesystem::path const& file, cv::Size whole, cv::Rect const& crop)
{
    auto const read = sc::opencv::read_image(file);
    if (read.size() != whole) {
        throw sc::error{file.string() + " has " + std::to_string(read.cols) + "x" + std::to_string(read.rows) +
                        " pixels and its picture " + std::to_string(whole.width) + "x" + std::to_string(whole.height) +
                        ": give a mask of the picture's size"};
    }
    cv::Mat values, seen;
    cv::extractChannel(read, values, 0);
    auto const object = object_in(values, file);
    cv::resize(values(crop), seen, {static_cast<int>(region.object.extent(1)), static_cast<int>(region.object.extent(0))}, 0,
               0, cv::INTER_NEAREST);
    for (int y = 0; y < seen.rows; ++y) {
        for (int x = 0; x < seen.cols; ++x) {
            auto const value = seen.at<unsigned char>(y, x);
            if (value == object) { region.object(y, x) = 1; }
            if (value != object && value != 0) { region.ignored(y, x) = 1; }
        }
    }
}

}  // namespace

std::optional<object_region> region_of(listed_image const& listed, std::filesystem::path const& folder, cv::Size whole,
                                       sc::opencv::preprocessing const& how)
{
    if (listed.boxes.empty() && listed.mask.empty()) { return std::nullopt; }
    sc::extents<2> const size{{how.height, how.width}};
    object_region region{sc::tensor<unsigned char, 2>{size}, sc::tensor<unsigned char, 2>{size}};
    auto const crop = sc::opencv::crop_of(whole, how);
    for (auto const& box : listed.boxes) { fill(region.object, box, crop); }
    if (!listed.mask.empty()) { fill(region, folder / listed.mask, whole, crop); }
    return region;
}

}  // namespace cli
