#pragma once
// The pictures that maps are evaluated on, with what is known about them.
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace cli {

/// In pixels of the picture as it is stored, from (left, top) up to but not including (right, bottom); parts of a pixel are
/// allowed.
struct listed_box {
    double left, top, right, bottom;
};

/// One line of a list: a picture and one object in it.
struct listed_image {
    std::string image;              ///< as it is written in the list
    std::string class_name;         ///< number or name; empty: the class with the largest output
    std::vector<listed_box> boxes;  ///< none, or all instances of the class
    std::string mask;               ///< empty, or a picture of the same size: 255 object, 0 background, others not counted
};

struct image_list {
    std::filesystem::path folder;  ///< that the pictures and masks are in, where their paths are not absolute
    std::vector<listed_image> rows;
    std::uint64_t checksum;  ///< of all that is written in the list
};

/// A CSV file whose first line names the columns: image, and any of class, box and mask. A box is "left top right bottom",
/// several are separated by semicolons. Or a folder: all its PNG, JPEG, BMP, TIFF and WebP files, in the order of their
/// names, without anything else. Throws scorecam::option_error with the line and what to write instead.
[[nodiscard]] image_list read_list(std::filesystem::path const& file_or_folder);

}  // namespace cli
