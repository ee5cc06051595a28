#include <algorithm>
#include <cmath>
#include <fstream>
#include <iomanip>
#include <iostream>

#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>

#include <scorecam/opencv/images.hpp>

#include "agreement.hpp"
#include "chosen_explainer.hpp"
#include "commands.hpp"

namespace cli {
namespace {

namespace sc = scorecam;

/// "official,channels=deviation:64": a convention, and steps chosen beside it.
explain_options composed(compare_options const& options, std::string const& text)
{
    explain_options one = options;
    auto const comma    = std::min(text.find(','), text.size());
    one.convention      = text.substr(0, comma);
    auto const names    = convention_names();
    if (std::find(names.begin(), names.end(), one.convention) == names.end()) {
        throw sc::option_error{"--composition " + text + ": write the name of a convention first, such as official"};
    }
    for (std::size_t from = comma + 1; from < text.size();) {
        auto const to     = std::min(text.find(',', from), text.size());
        auto const equals = text.find('=', from);
        auto const name   = text.substr(from, equals - from);
        auto const steps  = all_choices();
        if (equals >= to ||
            std::none_of(steps.begin(), steps.end(), [&](choice const& step) { return step.name == name; })) {
            throw sc::option_error{"--composition " + text + ": write steps as NAME=VALUE, such as channels=deviation:64"};
        }
        one.chosen[name] = text.substr(equals + 1, to - equals - 1);
        from             = to + 1;
    }
    one.complete();
    return one;
}

double median(std::vector<double> values)
{
    values.erase(std::remove_if(values.begin(), values.end(), [](double v) { return std::isnan(v); }), values.end());
    if (values.empty()) { return std::nan(""); }
    auto const middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

}  // namespace

int compare(compare_options const& options)
{
    if (options.threads > 0) { cv::setNumThreads(options.threads); }
    auto const how   = options.preprocessing();
    auto const names = options.labels.empty() ? labels{} : labels{options.labels};
    sc::opencv::network network{sc::opencv::read_network(options.model, options.description), how.shape(), options.layer};
    sc::cpu::backend cpu{options.threads == 0 ? sc::cpu::workers::hardware_threads() : options.threads};

    std::vector<sc::tensor<float, 3>> inputs;
    for (auto const& image : options.images) { inputs.push_back(sc::opencv::prepare(sc::opencv::read_image(image), how)); }

    auto compositions = options.compositions.empty() ? convention_names() : options.compositions;
    if (compositions.front() != "official") { compositions.insert(compositions.begin(), "official"); }
    std::vector<sc::tensor<float, 4>> reference;
    auto rows = nlohmann::ordered_json::array();
    std::cout << std::left << std::setw(44) << "composition" << std::right << std::setw(10) << "forwards" << std::setw(10)
              << "Spearman" << std::setw(10) << "max" << std::setw(10) << "mean" << std::setw(10) << "top 20 %" << '\n';
    for (auto const& text : compositions) {
        auto const chosen = composed(options, text);
        auto explain      = chosen_explainer(cpu, network, chosen, names, sc::silent{});
        std::vector<double> forwards, rank, largest, mean, overlap;
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            auto const found = explain(inputs[i].view());
            if (text == "official") { reference.push_back(found.maps); }
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
                        {"steps", chosen.chosen},
                        {"forwards", median(forwards)},
                        {"rank_correlation", median(rank)},
                        {"largest_difference", median(largest)},
                        {"mean_difference", median(mean)},
                        {"top_overlap", median(overlap)}});
    }
    std::cout << "\nMedians over " << inputs.size()
              << " pictures, each map against official's: rank correlation, largest and mean\n"
                 "difference, and intersection over union of the 20 % largest pixels.\n";
    if (!options.json.empty()) {
        std::ofstream out{options.json};
        out << rows.dump(2) << '\n';
        if (!out.flush()) { throw sc::error{"cannot write " + options.json}; }
    }
    return 0;
}

}  // namespace cli
