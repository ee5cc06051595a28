#pragma once
// The mean insertion and deletion curves of all configurations, as a picture.
#include <nlohmann/json_fwd.hpp>
#include <opencv2/core.hpp>

namespace cli {

/// 8-bit BGR, of results with curves, see results.hpp.
[[nodiscard]] cv::Mat curves_picture(nlohmann::ordered_json const& results);

}  // namespace cli
