#pragma once
// The command line as values, and those values as policies.
#include <deque>
#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>
#include <scorecam/opencv/images.hpp>
#include <scorecam/policies.hpp>

#include "labels.hpp"

namespace cli {

/// The policies the program chooses among at run time.
using picture   = std::variant<scorecam::black, scorecam::constant, scorecam::mean, scorecam::blurred, scorecam::noise,
                               scorecam::given<float, 3, scorecam::host_space>>;
using target    = std::variant<scorecam::top, scorecam::targets>;
using score     = std::variant<scorecam::probability, scorecam::logit, scorecam::sigmoid>;
using baseline  = std::variant<scorecam::no_baseline, scorecam::baseline<picture>>;
using weighting = std::variant<scorecam::raw_weights, scorecam::relu_weights, scorecam::softmax_weights>;
using batching  = std::variant<scorecam::preferred_batch, scorecam::fixed_batch, scorecam::bounded_batch>;

/// A network and how pictures are prepared for it.
struct model_options {
    std::string model;
    std::string description;  ///< of a Caffe or TensorFlow network
    std::string preset = "imagenet-torch";
    std::string size;
    std::vector<double> mean;
    std::vector<double> std;
    double scale = 0;  ///< 0: as the preset has it
    bool bgr     = false;
    int threads  = 0;  ///< 0: all of the machine

    [[nodiscard]] scorecam::opencv::preprocessing preprocessing() const;
};

struct explain_options : model_options {
    std::vector<std::string> images;
    std::string layer;
    std::vector<std::string> targets{"top"};
    std::string score      = "probability";
    std::string baseline   = "none";
    std::string background = "black";
    std::string weighting  = "raw";
    std::string flat       = "skipped";
    std::string batch      = "auto";
    std::string memory;
    std::string labels;
    std::string output = ".";
    bool panel         = false;

    // Each throws scorecam::option_error or scorecam::target_error with what may be written instead.
    [[nodiscard]] cli::target target_policy(cli::labels const& names) const;
    [[nodiscard]] cli::score score_policy() const;
    [[nodiscard]] cli::baseline baseline_policy() const;
    [[nodiscard]] scorecam::background<picture> background_policy() const;
    [[nodiscard]] cli::weighting weighting_policy() const;
    [[nodiscard]] scorecam::flat_channels flat_policy() const;
    [[nodiscard]] cli::batching batching_policy() const;

    /// Every option in force, for the report.
    [[nodiscard]] nlohmann::ordered_json in_force(std::string const& layer_in_force, int threads_in_force) const;

private:
    [[nodiscard]] picture parse_picture(std::string const& option, std::string const& text) const;
    mutable std::deque<scorecam::tensor<float, 3>> given_pictures_;  // what image:FILE refers to
};

}  // namespace cli
