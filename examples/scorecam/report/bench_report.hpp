#pragma once
// What `scorecam bench` found, for people: as a table and as a picture.
#include <iosfwd>

#include <nlohmann/json_fwd.hpp>
#include <opencv2/core.hpp>

namespace cli {

/// Both take the report that --json writes.
void print(nlohmann::ordered_json const& report, std::ostream& out);
[[nodiscard]] cv::Mat plot(nlohmann::ordered_json const& report);

}  // namespace cli
