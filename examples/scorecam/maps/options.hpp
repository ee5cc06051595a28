#pragma once
// The command line as values.
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>
#include <scorecam/engines/inputs.hpp>
#include <scorecam/engines/tokens.hpp>
#include <scorecam/opencv/images.hpp>
#include <scorecam/policies/text.hpp>

#include "maps/labels.hpp"
#include "maps/network_file.hpp"

namespace cli {

namespace sc = scorecam;

using target = std::variant<sc::top, sc::targets>;
using score  = decltype(sc::text::composition::score);

/// A network and how pictures are prepared for it.
struct model_options {
    std::string model;
    std::string engine    = "auto";  ///< the fastest that can run the network
    std::string precision = "float32";
    std::string tokens;       ///< "14x14+1": how a transformer's tokens lie on the image
    std::string description;  ///< of a Caffe or TensorFlow network
    std::string preset = "imagenet-torch";
    std::string size;
    std::vector<double> mean;
    std::vector<double> std;
    std::optional<double> scale;             ///< as the preset has it if not given
    std::string output_name;                 ///< of the output that holds the scores; empty: the only one that can
    std::vector<std::string> constants;      ///< "NAME=VALUE": inputs beside the image
    std::optional<image_input> file_says{};  ///< look_at_file() asks

    std::string fit;  ///< how pictures of another aspect ratio become inputs; empty: as the task is usual
    std::string task = "classification";  ///< what the network answers with
    bool bgr         = false;
    int threads      = 0;  ///< 0: all of the machine
    int concurrency  = 1;  ///< threads that call the engine, which shares `threads` among them

    // Each throws scorecam::option_error with what may be written instead.
    [[nodiscard]] sc::opencv::preprocessing preprocessing() const;
    [[nodiscard]] std::optional<sc::token_grid<2>> token_grid() const;
    [[nodiscard]] sc::engines::constants held() const;

    /// Prepares pictures as the file wants them where no option says otherwise: of its size, grey, or as they are.
    void look_at_file();
    [[nodiscard]] bool takes_pixels() const;
    /// What that changed, for the user.
    [[nodiscard]] std::vector<std::string> notes() const;
};

struct explain_options : model_options {
    std::vector<std::string> images;
    std::vector<std::string> layers;
    std::vector<std::string> targets{"top"};
    std::string convention = "official";
    std::vector<std::pair<std::string, std::string>> chosen;  ///< beside the convention: a line of the table, and its text
    int budget       = 0;                                     ///< channels to score, 0 for all
    double tolerance = 0;                                     ///< of the map's error, 0 for exact
    std::string labels;
    std::string output = ".";
    bool panel         = false;
    int forwards       = 0;      ///< of masks that are drawn, 0 for as many as the convention has
    bool significant   = false;  ///< in overlays, cells that are within their error are grey
    std::string boxes;           ///< how a detector writes its boxes; empty: what they look like
    std::vector<double> box;     ///< x, y, width, height in the picture: what is asked about, instead of a detection
    std::vector<double> at;      ///< x, y in the picture: the place that is asked about, instead of a region
    std::string reference;       ///< the picture or the embedding that a picture is compared with
    std::vector<float> reference_embedding{};
    std::string map_size = "input";  ///< of the .npy files
    std::string objects;             ///< a share of the map's maximum, or "otsu": boxes above it are told; empty: none

    /// Of all the above; complete() makes it.
    sc::text::composition composition;

    /// 3 of "top3", 1 of "top"; nothing of anything else.
    [[nodiscard]] static std::optional<sc::index_t> top_of(std::string const& written);
    [[nodiscard]] bool wants_estimate() const { return budget > 0 || tolerance > 0; }
    [[nodiscard]] bool has_chosen(std::string const& name) const;

    /// Makes the composition of the convention and of what was chosen beside it. Throws scorecam::option_error with what
    /// may be written instead, and what reading a picture throws.
    void complete();
    /// So many masks, of a convention that draws them. `written` is how it stands there.
    void draw_masks(sc::index_t number, std::string const& written);
    /// What is chosen by a line of the table, from here on. `written` is how it stands there.
    void choose(std::string const& name, std::string const& text, std::string const& written);

    /// Throws scorecam::option_error or scorecam::target_error with what may be written instead.
    [[nodiscard]] cli::target target_policy(cli::labels const& names) const;

    /// Every option in force, for the report.
    [[nodiscard]] nlohmann::ordered_json in_force(std::vector<std::string> const& layers_in_force,
                                                  int threads_in_force) const;
};

/// What a map's predicted error may be, as a share of its range.
[[nodiscard]] inline sc::text::form<double> tolerances() { return sc::text::number("ERROR", 1e-6, 0.999); }

/// Whether a composition may say where it runs, too: engine=, precision= and layer=.
enum class places { none, allowed };
/// The options with another convention and what is chosen beside it: "official,channels=deviation:64,budget=32". Throws
/// scorecam::option_error.
[[nodiscard]] explain_options with_composition(explain_options const& options, std::string const& text, places where);

/// Every choice of a method as it is written.
[[nodiscard]] nlohmann::ordered_json steps_of(sc::text::composition const& of);

}  // namespace cli
