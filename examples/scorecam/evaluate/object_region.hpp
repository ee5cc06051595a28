#pragma once
// Where the object is, on the grid of the network's input.
#include <filesystem>
#include <optional>

#include <opencv2/core.hpp>

#include <scorecam/opencv/images.hpp>
#include <scorecam/tensor.hpp>

#include "evaluate/image_list.hpp"

namespace cli {

struct object_region {
    scorecam::tensor<unsigned char, 2> object;   ///< (H, W): 1 on the object, as far as the network sees it
    scorecam::tensor<unsigned char, 2> ignored;  ///< (H, W): 1 where it is not known what is there
};

/// The boxes and the mask of a listed picture, or nothing if it has neither. Throws scorecam::error for a mask that cannot
/// be read or is not of the picture's size.
[[nodiscard]] std::optional<object_region> region_of(listed_image const& listed, std::filesystem::path const& folder,
                                                     cv::Size picture, scorecam::opencv::preprocessing const& how);

}  // namespace cli
