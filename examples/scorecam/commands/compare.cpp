#include <algorithm>
#include <cmath>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <utility>

#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include <scorecam/opencv/images.hpp>

#include "commands/commands.hpp"
#include "maps/agreement.hpp"
#include "maps/chosen_explainer.hpp"
#include "maps/network.hpp"
#include "maps/score_choice.hpp"
#include "report/written_aside.hpp"

namespace cli {
namespace {

double median(std::vector<double> values)
{
    values.erase(std::remove_if(values.begin(), values.end(), [](double v) { return std::isnan(v); }), values.end());
    if (values.empty()) { return std::nan(""); }
    std::sort(values.begin(), values.end());
    return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

/// The maps of one picture with their captions.
using panel_row = std::vector<std::pair<cv::Mat, std::string>>;

cv::Mat stacked(std::vector<panel_row> const& rows)
{
    std::vector<cv::Mat> all;
    for (auto const& row : rows) { all.push_back(sc::opencv::side_by_side(row)); }
    cv::Mat panel;
    cv::vconcat(all, panel);
    return panel;
}

/// The map laid over the picture, or alone, in one size for all.
cv::Mat tile(cv::Mat const& picture, sc::tensor_view<float const, 2> map, sc::opencv::preprocessing const& how,
             double opacity)
{
    cv::Mat square;
    cv::resize(sc::opencv::overlay(picture, map, how, opacity), square, {160, 160}, 0, 0, cv::INTER_AREA);
    return square;
}

}  // namespace

int compare(compare_options const& options)
{
    auto const how    = options.preprocessing();
    auto compositions = options.compositions.empty() ? sc::text::convention_names() : options.compositions;
    if (compositions.front() != "official") { compositions.insert(compositions.begin(), "official"); }
    std::vector<explain_options> all;
    for (auto const& text : compositions) { all.push_back(with_composition(options, text, places::none)); }

    auto const names = options.labels.empty() ? labels{} : labels{options.labels};
    auto network     = open_network(options, options.layers);
    for (auto& one : all) { one = with_score_for(network.on(), std::move(one)); }
    sc::cpu::backend cpu{options.threads == 0 ? sc::cpu::workers::hardware_threads() : options.threads};

    auto const which = options.target_policy(names);

    std::vector<cv::Mat> pictures;
    std::vector<sc::tensor<float, 3>> inputs;
    std::vector<panel_row> panel;
    for (auto const& image : options.images) {
        pictures.push_back(sc::opencv::read_image(image));
        inputs.push_back(sc::opencv::prepare(pictures.back(), how));
        panel.push_back({});
        if (!options.maps_only) {
            panel.back().emplace_back(tile(pictures.back(), sc::tensor<float, 2>{{{1, 1}}}, how, 0), "");
        }
    }

    std::vector<sc::tensor<float, 4>> reference;
    auto rows = nlohmann::ordered_json::array();
    std::cout << std::left << std::setw(44) << "composition" << std::right << std::setw(10) << "forwards" << std::setw(10)
              << "Spearman" << std::setw(10) << "max" << std::setw(10) << "mean" << std::setw(10) << "top 20 %" << '\n';
    for (std::size_t c = 0; c < compositions.size(); ++c) {
        auto const& text   = compositions[c];
        auto const explain = chosen_explainer(cpu, network, all[c]);
        std::vector<double> forwards, rank, largest, mean, overlap;
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            auto const found = explain(inputs[i].view(), which);
            if (text == "official") { reference.push_back(found.maps); }
            panel[i].emplace_back(tile(pictures[i], found.map(), how, options.maps_only ? 1.0 : 0.5), text);
            forwards.push_back(static_cast<double>(found.forwards));
            for (sc::index_t m = 0; m < found.maps.extent(1); ++m) {
                auto const one = agreement_of(found.map(0, m), reference[i].view()[0][m]);
                rank.push_back(one.rank_correlation);
                largest.push_back(one.largest_difference);
                mean.push_back(one.mean_difference);
                overlap.push_back(one.top_overlap);
            }
        }
        std::cout << std::left << std::setw(44) << text << std::right << std::setw(10) << median(forwards) << std::fixed
                  << std::setprecision(3) << std::setw(10) << median(rank) << std::setw(10) << median(largest)
                  << std::setw(10) << median(mean) << std::setw(10) << median(overlap) << std::defaultfloat << std::endl;
        rows.push_back({{"composition", text},
                        {"steps", steps_of(all[c].composition)},
                        {"forwards", median(forwards)},
                        {"rank_correlation", median(rank)},
                        {"largest_difference", median(largest)},
                        {"mean_difference", median(mean)},
                        {"top_overlap", median(overlap)}});
    }
    std::cout << "\nMedians over " << inputs.size()
              << " pictures, each map against official's: rank correlation, largest and mean\n"
                 "difference, and intersection over union of the 20 % largest pixels.\n";
    if (!options.panel_file.empty()) {
        written_aside(options.panel_file,
                      [&](std::filesystem::path const& to) { sc::opencv::write_image(to, stacked(panel)); });
    }
    if (!options.json.empty()) {
        written_aside(options.json, [&](std::filesystem::path const& to) {
            std::ofstream out{to};
            out << rows.dump(2) << '\n';
            if (!out.flush()) { throw sc::error{"cannot write " + options.json}; }
        });
    }
    return 0;
}

}  // namespace cli
