#pragma once
// Time against fidelity, as a picture.
#include <optional>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

namespace cli {

struct plotted_case {
    std::string label;
    std::string kind;  ///< cases of one kind share mark and colour
    double seconds;    ///< per map, the median; below it and above it the quartiles; all larger than 0
    double first_quartile;
    double third_quartile;
    double distance;                           ///< from the exact map
    std::optional<double> predicted_distance;  ///< that it is not to exceed
};

/// 8-bit BGR: seconds upwards on a logarithmic axis, distances to the right. `cases` is not empty.
[[nodiscard]] cv::Mat plot(std::vector<plotted_case> const& cases, std::string const& title, std::string const& subtitle);

}  // namespace cli
