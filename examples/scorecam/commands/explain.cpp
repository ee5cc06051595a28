#include <chrono>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>

#include <boost/timer/progress_display.hpp>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <unistd.h>

#include <scorecam/cpu/backend.hpp>
#include <scorecam/metrics/correlation.hpp>
#include <scorecam/opencv/images.hpp>
#include <scorecam/scorecam.hpp>
#include <scorecam/xtensor/npy.hpp>

#include "commands/commands.hpp"
#include "maps/chosen_explainer.hpp"
#include "maps/network.hpp"
#include "maps/score_choice.hpp"
#include "report/terminal.hpp"
#include "report/written_aside.hpp"

namespace cli {
namespace {

namespace fs = std::filesystem;

/// A bar on a terminal; nothing when stderr is a file or a pipe.
class progress_bar {
public:
    void operator()(sc::index_t done, sc::index_t total)
    {
        if (isatty(STDERR_FILENO) == 0 || total == 0) { return; }
        if (done == 0) {
            bar_ = std::make_shared<boost::timer::progress_display>(static_cast<unsigned long>(total), std::cerr);
        }
        *bar_ += static_cast<unsigned long>(done) - bar_->count();
    }

private:
    std::shared_ptr<boost::timer::progress_display> bar_;
};

/// Two pictures of one name would write over each other's results.
void check_names(std::vector<std::string> const& images)
{
    std::map<std::string, std::string> seen;
    for (auto const& image : images) {
        auto const [other, fresh] = seen.emplace(fs::path(image).stem().string(), image);
        if (!fresh) {
            throw sc::option_error{other->second + " and " + image +
                                   " would write to the same files; explain them with different --output folders"};
        }
    }
}

/// A note for the user.
void say(std::string const& note) { std::cerr << "scorecam: note: " << note << '\n'; }

/// The overlay with the picture in grey where the evidence of a cell is within twice its error. The cells lie on the part of
/// the picture that the network saw.
cv::Mat significant_part(cv::Mat const& overlay, cv::Mat const& picture_alone, sc::tensor_view<float const, 2> values,
                         sc::tensor_view<float const, 2> deviations, cv::Rect seen, cv::Size picture)
{
    constexpr float errors = 2;  // one in twenty by chance, of both signs
    cv::Mat grey, shown = overlay.clone();
    cv::cvtColor(picture_alone, grey, cv::COLOR_BGR2GRAY);
    cv::cvtColor(grey, grey, cv::COLOR_GRAY2BGR);
    for (int y = 0; y < shown.rows; ++y) {
        for (int x = 0; x < shown.cols; ++x) {
            auto const row    = sc::index_t{y * picture.height / shown.rows - seen.y} * values.extent(0) / seen.height;
            auto const column = sc::index_t{x * picture.width / shown.cols - seen.x} * values.extent(1) / seen.width;
            bool const inside = y * picture.height / shown.rows >= seen.y && x * picture.width / shown.cols >= seen.x &&
                                row < values.extent(0) && column < values.extent(1);
            if (inside && !(values(row, column) > errors * deviations(row, column))) {
                shown.at<cv::Vec3b>(y, x) = grey.at<cv::Vec3b>(y, x);
            }
        }
    }
    return shown;
}

/// What each cell adds, and its error, if the estimate knows such things.
nlohmann::ordered_json cells_of(sc::explanation<float> const& found, sc::index_t m)
{
    if (found.cell_values.size() == 0) { return nullptr; }
    auto const values     = found.cell_values[0][m];
    auto const deviations = found.cell_deviations[0][m];
    return {{"shape", {values.extent(0), values.extent(1)}},
            {"values", std::vector<float>(values.begin(), values.end())},
            {"deviations", std::vector<float>(deviations.begin(), deviations.end())}};
}

/// Explains pictures one after the other and writes what was found.
class pictures_explained {
public:
    explicit pictures_explained(explain_options const& options)
        : network_{open_network(options, options.layers)}, options_{with_score_for(network_.on(), options)},
          how_{options_.preprocessing()}, names_{options_.labels.empty() ? labels{} : labels{options_.labels}},
          cpu_{options_.threads == 0 ? sc::cpu::workers::hardware_threads() : options_.threads},
          target_{options_.target_policy(names_)}, explain_{chosen_explainer(cpu_, network_, options_, progress_bar{})}
    {
        if (options.engine == "auto") {
            std::cout << "on " << network_.on().name() << ", layer " << network_.on().explained()[0].name << '\n';
        }
        notes_             = options.notes();
        auto const further = network_.on().notes();
        notes_.insert(notes_.end(), further.begin(), further.end());
        for (auto const& one : {score_note(network_.on(), options_), names_.misfit(network_.on().classes())}) {
            if (!one.empty()) { notes_.push_back(one); }
        }
        for (auto const& one : notes_) { say(one); }
        std::error_code failure;
        fs::create_directories(options.output, failure);
        if (failure) {
            throw sc::option_error{"--output " + options.output + " cannot be made: write a folder that can be written to"};
        }
    }

    void operator()(std::string const& file)
    {
        auto const picture = sc::opencv::read_image(file);
        auto const input   = sc::opencv::prepare(picture, how_);
        auto notes         = notes_;
        bool const low     = is_plain() && turn_to(input.view());
        if (low) {
            notes.push_back("the output for " + file + " is below 0: the map shows what makes it lower, not higher");
            say(notes.back());
        }
        auto const begin   = std::chrono::steady_clock::now();
        auto const found   = explain_(input.view(), target_);
        auto const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();

        std::string const name = fs::path(file).stem().string();
        auto maps              = nlohmann::ordered_json::array();
        std::vector<std::pair<cv::Mat, std::string>> panel{{sc::opencv::overlay(picture, found.map(), how_, 0), name}};
        for (sc::index_t m = 0; m < found.maps.extent(1); ++m) {
            maps.push_back(write_map(name, picture, found, m, low));
            panel.emplace_back(overlay_of(picture, found.map(0, m), found.layers[0], m),
                               maps.back()["label"].get<std::string>() + error_text(found, m));
        }
        if (options_.panel) {
            written_aside(in_output(name + ".panel.png"),
                          [&](fs::path const& to) { sc::opencv::write_image(to, sc::opencv::side_by_side(panel)); });
        }
        if (found.layers[0].baseline_cancels && options_.has_chosen("baseline")) {
            notes.emplace_back("--baseline has no effect with --weighting softmax and was not scored");
            say(notes.back());
        }
        for (auto const& same : maps_that_are_the_same(found)) {
            notes.push_back(same);
            say(same);
        }
        write_report(name, file, found, seconds, maps, notes);
    }

private:
    using explanation = explained;

    [[nodiscard]] fs::path in_output(std::string const& name) const { return fs::path{options_.output} / name; }

    nlohmann::ordered_json write_map(std::string const& name, cv::Mat const& picture, explanation const& found,
                                     sc::index_t m, bool low) const
    {
        auto const& first = found.layers[0];
        auto const target = first.targets(0, m);
        bool const plain  = is_plain();
        auto const said   = said_of(network_.on(), options_.composition.score, first.outputs[0], target) * (low ? -1 : 1);
        auto const stem   = name + "." + std::to_string(target);
        nlohmann::ordered_json all{{"target", target}, {"label", names_.of(target)}};
        all[plain ? "value" : "probability"] = said;
        if (plain) { all["direction"] = low ? "lower" : "higher"; }
        all.update(write_pictures(stem, picture, found.map(0, m), found.status(0, m), first, m));
        if (auto const cells = cells_of(first, m); !cells.is_null() && found.layers.size() == 1) { all["cells"] = cells; }
        if (found.estimate) {
            all["predicted_error"] = found.estimate->predicted_error[static_cast<std::size_t>(m)];
            all["certified_error"] = found.estimate->certified_error[static_cast<std::size_t>(m)];
        }
        if (found.layers.size() > 1) {
            auto& layers = all["layers"] = nlohmann::ordered_json::array();
            for (std::size_t l = 0; l < found.layers.size(); ++l) {
                auto const& one = found.layers[l];
                layers.push_back({{"layer", network_.on().explained()[l].name}});
                layers.back().update(write_pictures(stem + ".layer" + std::to_string(l + 1), picture, one.map(0, m),
                                                    one.status(0, m), one, m));
                if (auto const cells = cells_of(one, m); !cells.is_null()) { layers.back()["cells"] = cells; }
            }
        }

        std::cout << name << ": " << target << " " << names_.of(target) << (plain ? ", value " : ", p = ")
                  << std::setprecision(3) << said << error_text(found, m) << ", "
                  << in_output(stem + ".overlay.png").string() << '\n';
        if (found.status(0, m) != sc::map_status::meaningful) {
            std::cerr << "scorecam: note: the map of " << name << " for class " << target
                      << " is all zero: " << to_string(found.status(0, m)) << '\n';
        }
        return all;
    }

    /// "", or what is said about the error of an estimated map.
    static std::string error_text(explanation const& found, sc::index_t m)
    {
        if (!found.estimate) { return ""; }
        if (found.estimate->is_exact) { return ", exact"; }
        std::ostringstream text;
        text << ", error < " << std::setprecision(2) << found.estimate->predicted_error[static_cast<std::size_t>(m)];
        return text.str();
    }

    [[nodiscard]] cv::Mat overlay_of(cv::Mat const& picture, sc::tensor_view<float const, 2> map,
                                     sc::explanation<float> const& of, sc::index_t m) const
    {
        auto const all = sc::opencv::overlay(picture, map, how_);
        if (!options_.significant || of.cell_values.size() == 0) { return all; }
        return significant_part(all, sc::opencv::overlay(picture, map, how_, 0), of.cell_values[0][m],
                                of.cell_deviations[0][m], sc::opencv::seen_part(picture.size(), how_), picture.size());
    }

    nlohmann::ordered_json write_pictures(std::string const& stem, cv::Mat const& picture,
                                          sc::tensor_view<float const, 2> map, sc::map_status status,
                                          sc::explanation<float> const& of, sc::index_t m) const
    {
        written_aside(in_output(stem + ".overlay.png"),
                      [&](fs::path const& to) { sc::opencv::write_image(to, overlay_of(picture, map, of, m)); });
        written_aside(in_output(stem + ".npy"), [&](fs::path const& to) { sc::xtensor::save_npy(to.string(), map); });
        return {{"status", to_string(status)}, {"overlay", stem + ".overlay.png"}, {"npy", stem + ".npy"}};
    }

    void write_report(std::string const& name, std::string const& image, explanation const& found, double seconds,
                      nlohmann::ordered_json const& maps, std::vector<std::string> const& notes) const
    {
        auto layers = nlohmann::ordered_json::array();
        std::vector<std::string> names;
        for (std::size_t l = 0; l < found.layers.size(); ++l) {
            auto const& layer = network_.on().explained()[l];
            names.push_back(layer.name);
            layers.push_back({{"layer", layer.name},
                              {"shape", {layer.shape[0], layer.shape[1], layer.shape[2]}},
                              {"form", layer.form},
                              {"channels", found.layers[l].channels()},
                              {"flat_channels", found.layers[l].flat_channels}});
        }
        nlohmann::ordered_json report{{"model", options_.model},
                                      {"image", image},
                                      {"engine", network_.on().name()},
                                      {"precision", found.layers[0].precision},
                                      {"layers", layers},
                                      {"why_this_layer", options_.layers.empty() ? network_.on().why() : "it was named"},
                                      {"output", network_.on().output()},
                                      {"outputs_are", network_.on().activation()},
                                      {"notes", notes},
                                      {"forwards", found.forwards},
                                      {"batches", found.batches},
                                      {"batch_size", found.layers[0].batch_size},
                                      {"seconds", seconds},
                                      {"peak_bytes", found.peak_bytes},
                                      {"version", SCORECAM_VERSION},
                                      {"baseline_cancels", found.layers[0].baseline_cancels},
                                      {"options", options_.in_force(names, cpu_.threads())},
                                      {"maps", maps}};
        if (found.estimate) {
            report["scored_channels"] = found.estimate->scored_channels;
            report["exact"]           = found.estimate->is_exact;
        }
        auto const file = in_output(name + ".json");
        written_aside(file, [&](fs::path const& to) {
            std::ofstream out{to};
            out << report.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
            if (!out.flush()) { throw sc::error{"cannot write the report " + file.string()}; }
        });
    }

    [[nodiscard]] bool is_plain() const { return is_plain_value(network_.on(), options_.composition.score); }

    /// Lets a value below 0 be explained as what makes it lower; whether it is.
    [[nodiscard]] bool turn_to(sc::tensor_view<float const, 3> input)
    {
        network_.turn(false);
        auto const outputs = network_.forward({input.data(), sc::prepend(input.shape(), 1)});
        bool const low     = *outputs.begin() < 0;
        network_.turn(low);
        return low;
    }

    /// Two classes whose maps do not tell them apart.
    static std::vector<std::string> maps_that_are_the_same(explanation const& found)
    {
        constexpr double same = 0.999;
        std::vector<std::string> notes;
        for (sc::index_t b = 1; b < found.maps.extent(1); ++b) {
            for (sc::index_t a = 0; a < b; ++a) {
                auto const r = sc::metrics::similarity(found.map(0, a), found.map(0, b));
                if (!r.sound() || !(r.value > same)) { continue; }
                notes.push_back("the maps for the classes " + std::to_string(found.layers[0].targets(0, a)) + " and " +
                                std::to_string(found.layers[0].targets(0, b)) +
                                " are the same (correlation above 0.999): they do not tell the classes apart");
                break;
            }
        }
        return notes;
    }

    network network_;
    explain_options const options_;
    sc::opencv::preprocessing how_;
    labels names_;
    sc::cpu::backend cpu_;
    target target_;
    image_explainer explain_;
    std::vector<std::string> notes_{};
};

}  // namespace

int explain(explain_options const& options)
{
    check_names(options.images);
    pictures_explained explain_one{options};
    int failed = 0;
    for (auto const& image : options.images) {
        try {
            explain_one(image);
        } catch (std::exception const& e) {  // the other pictures may be fine
            std::string const what = e.what();
            std::cerr << "scorecam: " << one_line((what.find(image) == std::string::npos ? image + ": " : "") + what)
                      << '\n';
            failed = 1;
        }
    }
    return failed;
}

}  // namespace cli
