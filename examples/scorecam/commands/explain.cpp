#include <chrono>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <utility>

#include <boost/timer/progress_display.hpp>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <unistd.h>

#include <scorecam/cpu/backend.hpp>
#include <scorecam/metrics/correlation.hpp>
#include <scorecam/metrics/objects.hpp>
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

/// Options that another task alone has a use for: they would change nothing.
void check_task(explain_options const& options)
{
    auto const refuse = [&](bool given, char const* option, std::string const& task) {
        if (given && options.task != task) {
            throw sc::option_error{std::string{option} + " is for --task " + task + ", and the task is " + options.task +
                                   "; leave one of them out"};
        }
    };
    refuse(!options.boxes.empty(), "--boxes", "detection");
    refuse(!options.box.empty(), "--box", "detection");
    refuse(!options.at.empty(), "--at", "segmentation");
    refuse(!options.reference.empty(), "--reference", "embedding");
    bool const of_classes = options.task == "classification" || options.task == "regression";
    if (!of_classes && options.has_chosen("score")) {
        throw sc::option_error{"--score is for classes; leave it out with --task " + options.task};
    }
    if (options.task == "embedding" && options.targets != std::vector<std::string>{"top"}) {
        throw sc::option_error{"--target is for classes; leave it out with --task embedding"};
    }
}

/// Explains pictures one after the other and writes what was found.
class pictures_explained {
public:
    explicit pictures_explained(explain_options const& options)
        : network_{open_network(options, options.layers)}, options_{with_score_for(network_.on(), options)},
          how_{options_.preprocessing()}, names_{options_.labels.empty() ? labels{} : labels{options_.labels}},
          cpu_{options_.threads == 0 ? sc::cpu::workers::hardware_threads() : options_.threads},
          target_{asks_of_answers() ? target{} : options_.target_policy(names_)},
          explain_{chosen_explainer(cpu_, network_, options_, progress_bar{})}
    {
        if (asks_of_answers() && options_.wants_estimate()) {
            throw sc::option_error{"--budget and --tolerance are for classes; leave them out with --task " + options_.task};
        }
        read_reference();
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
        auto notes         = notes_;
        auto const picture = sc::opencv::read_image(file, &notes);
        for (auto n = notes_.size(); n < notes.size(); ++n) { say(notes[n]); }
        auto const input = sc::opencv::prepare(picture, how_);
        bool const low   = !asks_of_answers() && is_plain() && turn_to(input.view());
        if (low) {
            notes.push_back("the output for " + file + " is below 0: the map shows what makes it lower, not higher");
            say(notes.back());
        }
        std::optional<questions> asked;
        if (asks_of_answers()) {
            asked.emplace(options_, names_, network_.forward({input.data(), sc::prepend(input.shape(), 1)}), picture.size(),
                          how_);
            for (auto const& one : asked->notes()) { notes.push_back(one), say(one); }
        }
        auto const begin   = std::chrono::steady_clock::now();
        auto const found   = asked ? explain_answers(cpu_, network_, options_, input.view(), asked->score(), progress_bar{})
                                   : explain_(input.view(), target_);
        auto const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();

        if (options_.engine == "auto" && !std::exchange(engine_said_, true)) {
            std::cout << "on " << network_.on().name() << ", layer " << network_.on().explained()[0].name << '\n';
        }
        std::string const name = fs::path(file).stem().string();
        auto maps              = nlohmann::ordered_json::array();
        std::vector<std::pair<cv::Mat, std::string>> panel{{sc::opencv::overlay(picture, found.map(), how_, 0), name}};
        for (sc::index_t m = 0; m < found.maps.extent(1); ++m) {
            map_drawn const drawn = {asked ? asked->all()[static_cast<std::size_t>(m)] : question_of(found, m, low), picture,
                                     m};
            maps.push_back(write_map(name, drawn, found, low));
            panel.emplace_back(overlay_of(drawn, found.map(0, m), found.layers[0]), drawn.of.text + error_text(found, m));
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

    /// A map's question, the picture it is drawn on and its place among the maps.
    struct map_drawn {
        question of;
        cv::Mat const& picture;
        sc::index_t m;
    };
    /// Whether the network answers with boxes, segments or embeddings.
    [[nodiscard]] bool asks_of_answers() const { return options_.task != "classification" && options_.task != "regression"; }

    /// A class is a question, too.
    [[nodiscard]] question question_of(explanation const& found, sc::index_t m, bool low) const
    {
        auto const& first = found.layers[0];
        auto const target = first.targets(0, m);
        auto const said   = said_of(network_.on(), options_.composition.score, first.outputs[0], target) * (low ? -1 : 1);
        return {std::to_string(target), names_.of(target), target, static_cast<float>(said), std::nullopt, {}};
    }

    nlohmann::ordered_json write_map(std::string const& name, map_drawn const& drawn, explanation const& found,
                                     bool low) const
    {
        auto const m      = drawn.m;
        auto const& asked = drawn.of;
        auto const& first = found.layers[0];
        bool const plain  = asks_of_answers() || is_plain();
        auto const stem   = name + "." + asked.name;
        nlohmann::ordered_json all;
        if (asked.class_index) { all["target"] = *asked.class_index; }
        all["label"] = asks_of_answers() && asked.class_index ? names_.of(*asked.class_index) : asked.text;
        if (asked.score) { all[asks_of_answers() ? "score" : plain ? "value" : "probability"] = *asked.score; }
        if (plain && !asks_of_answers()) { all["direction"] = low ? "lower" : "higher"; }
        if (asked.box) { all["box"] = {asked.box->x, asked.box->y, asked.box->width, asked.box->height}; }
        if (!asked.region.empty()) { all["region_cells"] = cv::countNonZero(asked.region); }
        all.update(write_pictures(stem, drawn, found.map(0, m), found.status(0, m), first));
        if (auto const objects = objects_of(drawn.picture, found.map(0, m)); !objects.is_null()) {
            all["objects"] = objects;
        }
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
                layers.back().update(
                    write_pictures(stem + ".layer" + std::to_string(l + 1), drawn, one.map(0, m), one.status(0, m), one));
                if (auto const cells = cells_of(one, m); !cells.is_null()) { layers.back()["cells"] = cells; }
            }
        }

        std::cout << name << ": ";
        if (asks_of_answers()) {
            std::cout << asked.text;
        } else {
            std::cout << *asked.class_index << " " << asked.text << (plain ? ", value " : ", p = ") << std::setprecision(3)
                      << *asked.score;
        }
        std::cout << error_text(found, m) << ", " << in_output(stem + ".overlay.png").string() << '\n';
        if (found.status(0, m) != sc::map_status::meaningful) {
            std::cerr << "scorecam: note: the map of " << name << " for "
                      << (asks_of_answers() ? asked.text : "class " + asked.name)
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

    [[nodiscard]] cv::Mat overlay_of(map_drawn const& drawn, sc::tensor_view<float const, 2> map,
                                     sc::explanation<float> const& of) const
    {
        auto const& picture = drawn.picture;
        auto shown          = sc::opencv::overlay(picture, map, how_);
        auto const seen     = sc::opencv::seen_part(picture.size(), how_);
        if (options_.significant && of.cell_values.size() > 0) {
            shown = significant_part(shown, sc::opencv::overlay(picture, map, how_, 0), of.cell_values[0][drawn.m],
                                     of.cell_deviations[0][drawn.m], seen, picture.size());
        }
        double const times = static_cast<double>(shown.cols) / picture.cols;
        auto const frame   = [&](cv::Rect2d const& at, cv::Scalar colour) {
            cv::rectangle(shown, cv::Rect2d{at.x * times, at.y * times, at.width * times, at.height * times}, colour,
                            std::max(1, shown.cols / 200));
        };
        if (drawn.of.box) { frame(*drawn.of.box, cv::Scalar::all(255)); }
        if (!drawn.of.region.empty()) {
            cv::Mat large(picture.rows, picture.cols, CV_8U, cv::Scalar::all(0)), region;
            cv::resize(drawn.of.region, region, seen.size(), 0, 0, cv::INTER_NEAREST);
            cv::Rect const there = seen & cv::Rect{0, 0, picture.cols, picture.rows};
            region(there - seen.tl()).copyTo(large(there));
            cv::resize(large, large, shown.size(), 0, 0, cv::INTER_NEAREST);
            std::vector<std::vector<cv::Point>> outlines;
            cv::findContours(large, outlines, cv::RETR_LIST, cv::CHAIN_APPROX_NONE);
            cv::drawContours(shown, outlines, -1, cv::Scalar::all(255), std::max(1, shown.cols / 400));
        }
        for (auto const& one : objects_in(picture, map)) {
            frame(cv::Rect2d(static_cast<double>(one.box.first[1]), static_cast<double>(one.box.first[0]),
                             static_cast<double>(one.box.last[1] - one.box.first[1]),
                             static_cast<double>(one.box.last[0] - one.box.first[0])),
                  cv::Scalar{0, 255, 255});
        }
        return shown;
    }

    nlohmann::ordered_json write_pictures(std::string const& stem, map_drawn const& drawn,
                                          sc::tensor_view<float const, 2> map, sc::map_status status,
                                          sc::explanation<float> const& of) const
    {
        written_aside(in_output(stem + ".overlay.png"),
                      [&](fs::path const& to) { sc::opencv::write_image(to, overlay_of(drawn, map, of)); });
        written_aside(in_output(stem + ".npy"), [&](fs::path const& to) {
            if (options_.map_size == "picture") {
                sc::xtensor::save_npy(to.string(),
                                      sc::as_const(sc::opencv::map_of_picture(drawn.picture.size(), map, how_).view()));
            } else {
                sc::xtensor::save_npy(to.string(), map);
            }
        });
        return {{"status", to_string(status)}, {"overlay", stem + ".overlay.png"}, {"npy", stem + ".npy"}};
    }

    /// The parts of the map, at the size of the picture, above --boxes-of-map.
    [[nodiscard]] std::vector<sc::metrics::map_object<float>> objects_in(cv::Mat const& picture,
                                                                         sc::tensor_view<float const, 2> map) const
    {
        float const most = *std::max_element(map.begin(), map.end());
        if (options_.objects.empty() || !(most > 0)) { return {}; }
        auto const whole      = sc::opencv::map_of_picture(picture.size(), map, how_);
        float const threshold = options_.objects == "otsu"
                                    ? sc::metrics::otsu_threshold(map)
                                    : most * static_cast<float>(sc::text::above("T", 0, 1).read(options_.objects).value());
        return sc::metrics::objects_above(sc::as_const(whole.view()), threshold);
    }
    [[nodiscard]] nlohmann::ordered_json objects_of(cv::Mat const& picture, sc::tensor_view<float const, 2> map) const
    {
        if (options_.objects.empty()) { return nullptr; }
        auto all = nlohmann::ordered_json::array();
        for (auto const& one : objects_in(picture, map)) {
            cv::Mat inside = cv::Mat::zeros(picture.rows, picture.cols, CV_8U);
            for (auto const p : one.positions) { inside.data[p] = 1; }
            std::vector<std::vector<cv::Point>> outlines;
            cv::findContours(inside, outlines, cv::RETR_EXTERNAL, cv::CHAIN_APPROX_SIMPLE);
            auto outline = nlohmann::ordered_json::array();
            for (auto const& corner : outlines.front()) { outline.push_back({corner.x, corner.y}); }
            all.push_back({{"box",
                            {one.box.first[1], one.box.first[0], one.box.last[1] - one.box.first[1],
                             one.box.last[0] - one.box.first[0]}},
                           {"peak", one.peak},
                           {"mass", one.mass},
                           {"outline", outline}});
        }
        return all;
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

    /// The embedding of --reference: of a .npy file its numbers, of a picture the network's answer to it.
    void read_reference()
    {
        if (options_.task != "embedding") { return; }
        if (options_.reference.empty()) {
            throw sc::option_error{
                "--task embedding: write --reference OTHER.jpg or OTHER.npy, what pictures are compared with"};
        }
        if (fs::path{options_.reference}.extension() == ".npy") {
            auto const keep = [&](auto const& numbers) { options_.reference_embedding = {numbers.begin(), numbers.end()}; };
            try {
                keep(sc::xtensor::load_npy<float, 1>(options_.reference));
            } catch (sc::error const&) {  // (1, D), or what the second error says
                keep(sc::xtensor::load_npy<float, 2>(options_.reference));
            }
            return;
        }
        auto const input   = sc::opencv::prepare(sc::opencv::read_image(options_.reference), how_);
        auto const outputs = network_.forward({input.data(), sc::prepend(input.shape(), 1)});
        options_.reference_embedding.assign(outputs.begin(), outputs.end());
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
    explain_options options_;
    sc::opencv::preprocessing how_;
    labels names_;
    sc::cpu::backend cpu_;
    target target_;
    image_explainer explain_;
    std::vector<std::string> notes_{};
    bool engine_said_ = false;
};

}  // namespace

int explain(explain_options const& options)
{
    check_names(options.images);
    check_task(options);
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
