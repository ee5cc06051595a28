#pragma once
// The command line as values, and those values as policies.
#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>
#include <scorecam/engines/tokens.hpp>
#include <scorecam/opencv/images.hpp>
#include <scorecam/policies/fusion.hpp>
#include <scorecam/policies/registry.hpp>

#include "maps/composition.hpp"
#include "maps/labels.hpp"

namespace cli {

/// The policies the program chooses among at run time.
using picture  = std::variant<scorecam::black, scorecam::constant, scorecam::mean, scorecam::blurred, scorecam::noise,
                              scorecam::unmasked, scorecam::given<float, 3, scorecam::host_space>>;
using target   = std::variant<scorecam::top, scorecam::targets>;
using grouping = std::variant<scorecam::no_groups, scorecam::channel_groups>;
using channels = std::variant<scorecam::all_channels, scorecam::largest_deviation, scorecam::largest_mass,
                              scorecam::mass_share, scorecam::listed_channels>;
using score    = std::variant<scorecam::probability, scorecam::logit, scorecam::sigmoid>;
using baseline = std::variant<scorecam::no_baseline, scorecam::baseline<picture>>;
using weighting =
    std::variant<scorecam::raw_weights, scorecam::relu_weights, scorecam::softmax_weights, scorecam::uniform_weights>;
using batching = std::variant<scorecam::preferred_batch, scorecam::fixed_batch, scorecam::bounded_batch,
                              scorecam::shrinking_batch, scorecam::tuned_batch>;

/// A network and how pictures are prepared for it.
struct model_options {
    std::string model;
    std::string engine    = "opencv";
    std::string precision = "float32";
    std::string tokens;       ///< "14x14+1": how a transformer's tokens lie on the image
    std::string description;  ///< of a Caffe or TensorFlow network
    std::string preset = "imagenet-torch";
    std::string size;
    std::vector<double> mean;
    std::vector<double> std;
    double scale    = 0;  ///< 0: as the preset has it
    bool bgr        = false;
    int threads     = 0;  ///< 0: all of the machine
    int concurrency = 1;  ///< threads that call the engine, which shares `threads` among them

    [[nodiscard]] scorecam::opencv::preprocessing preprocessing() const;
    [[nodiscard]] std::optional<scorecam::token_grid<2>> token_grid() const;
};

struct explain_options : model_options {
    std::vector<std::string> images;
    std::vector<std::string> layers;
    std::string fuse = "maximum";
    std::vector<std::string> targets{"top"};
    std::string convention = "official";
    composition chosen;                   ///< what was chosen beside the convention; complete() adds the rest
    bool baseline_was_asked_for = false;  ///< beside the convention
    std::string batch           = "auto";
    std::string memory;
    int budget       = 0;  ///< channels to score, 0 for all
    double tolerance = 0;  ///< of the map's error, 0 for exact
    std::string labels;
    std::string output = ".";
    bool panel         = false;

    [[nodiscard]] bool wants_estimate() const { return budget > 0 || tolerance > 0; }

    /// Chooses what was not chosen as the convention has it.
    void complete();

    // Each throws scorecam::option_error or scorecam::target_error with what may be written instead.
    [[nodiscard]] cli::target target_policy(cli::labels const& names) const;
    [[nodiscard]] cli::grouping grouping_policy() const;
    [[nodiscard]] cli::channels channels_policy() const;
    [[nodiscard]] scorecam::unscored_channels unscored_policy() const;
    [[nodiscard]] scorecam::flat_channels flat_policy() const;
    [[nodiscard]] scorecam::mask_rule mask_policy() const;
    [[nodiscard]] scorecam::background<picture> background_policy() const;
    [[nodiscard]] cli::score score_policy() const;
    [[nodiscard]] cli::baseline baseline_policy() const;
    [[nodiscard]] cli::weighting weighting_policy() const;
    [[nodiscard]] scorecam::summand summand_policy() const;
    [[nodiscard]] scorecam::heatmap_rule heatmap_policy() const;
    [[nodiscard]] cli::batching batching_policy() const;
    [[nodiscard]] scorecam::fusion fusion() const;

    /// Every option in force, for the report.
    [[nodiscard]] nlohmann::ordered_json in_force(std::vector<std::string> const& layers_in_force,
                                                  int threads_in_force) const;

private:
    [[nodiscard]] double epsilon(std::string const& option) const;
    [[nodiscard]] picture parse_picture(std::string const& option, std::string const& text) const;
    mutable std::deque<scorecam::tensor<float, 3>> given_pictures_;  // what image:FILE refers to
};

}  // namespace cli
