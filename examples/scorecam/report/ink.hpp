#pragma once
// What pictures of numbers are drawn with.
#include <string>

#include <opencv2/imgproc.hpp>

namespace cli {

inline cv::Scalar const ink{40, 40, 40}, grey_ink{130, 130, 130}, pale_ink{190, 190, 190}, faint_ink{226, 226, 226};
inline constexpr double small_letters = 0.45, letters = 0.55;

inline void write(cv::Mat& on, std::string const& text, cv::Point where, double size, cv::Scalar const& colour)
{
    cv::putText(on, text, where, cv::FONT_HERSHEY_SIMPLEX, size, colour, 1, cv::LINE_AA);
}

}  // namespace cli
