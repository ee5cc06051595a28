#pragma once
// Every metric by its name, for tables and for choosing at run time.
#include <array>
#include <string_view>

namespace scorecam::metrics {

/// Which way a metric gets better.
enum class better { higher, lower };

struct metric_name {
    std::string_view name;
    better direction;
    std::string_view what;
};

/// The metrics, as `measured` names them.
inline constexpr std::array all_names{
    metric_name{"average_drop", better::lower, "what of its confidence the image loses under its map"},
    metric_name{"average_increase", better::higher, "how often the map raises the confidence"},
    metric_name{"average_gain", better::higher, "what of the missing confidence the map adds"},
    metric_name{"insertion", better::higher, "area below the score as pixels come, the most important first"},
    metric_name{"deletion", better::lower, "area below the score as pixels go, the most important first"},
    metric_name{"energy_pointing_game", better::higher, "share of the map that lies on the object"},
    metric_name{"pointing_game", better::higher, "how often the largest value lies on the object"},
    metric_name{"iou", better::higher, "overlap of the thresholded map and the object"},
    metric_name{"auroc", better::higher, "chance that a pixel of the object has a larger value than another"},
    metric_name{"coherency", better::higher, "likeness of the map and the map of the image under it"},
    metric_name{"complexity", better::lower, "mean of the map"},
    metric_name{"adcc", better::higher, "drop, coherency and complexity in one"},
    metric_name{"class_sensitivity", better::lower, "likeness of the maps of the most and the least likely class"},
    metric_name{"parameter_randomisation", better::lower, "likeness to the map of the model with random parameters"},
    metric_name{"similarity_to_uniform", better::lower, "likeness to the map in which every channel counts the same"}};

}  // namespace scorecam::metrics
