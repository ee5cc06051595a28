#include "commands/first_map.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include <scorecam/opencv/images.hpp>

#include "commands/machine.hpp"
#include "maps/agreement.hpp"
#include "maps/map_maker.hpp"

namespace cli {
namespace {

namespace sc = scorecam;
using json   = nlohmann::ordered_json;

/// Shapes of every size on noise.
cv::Mat drawn_picture(sc::opencv::preprocessing const& how)
{
    constexpr std::uint64_t seed = 1;
    cv::RNG random{seed};
    cv::Mat picture(how.height, how.width, CV_8UC3);
    random.fill(picture, cv::RNG::UNIFORM, 90, 166);
    int const side = std::min(how.height, how.width);
    for (int i = 0; i < 12; ++i) {
        cv::Point const at{random.uniform(0, how.width), random.uniform(0, how.height)};
        int const wide = 1 + random.uniform(side / 16, side / 4 + 1);
        int const high = 1 + random.uniform(side / 16, side / 4 + 1);
        cv::Scalar const colour{random.uniform(0.0, 255.0), random.uniform(0.0, 255.0), random.uniform(0.0, 255.0)};
        if (i % 2 == 0) {
            cv::ellipse(picture, at, {wide, high}, random.uniform(0.0, 180.0), 0, 360, colour, cv::FILLED);
        } else {
            cv::rectangle(picture, cv::Rect{at, cv::Size{wide, high}}, colour, cv::FILLED);
        }
    }
    return picture;
}

template <class Tensor>
json list_of(Tensor const& tensor)
{
    auto all = json::array();
    for (auto const& value : tensor) { all.push_back(value); }
    return all;
}

}  // namespace

sc::tensor<float, 3> picture_of(bench_options const& options)
{
    auto const how = options.preprocessing();
    return sc::opencv::prepare(options.images.empty() ? drawn_picture(how) : sc::opencv::read_image(options.images.front()),
                               how);
}

json first_map(bench_options const& bench, explain_options const& options, labels const& names)
{
    auto const input  = picture_of(bench);
    auto const before = resident_bytes();
    opened_networks open;
    auto const network = open(options);
    map_maker make{network, options, names, input.view()};
    auto const found  = make.warm_up();
    auto const most   = peak_resident_bytes();
    auto const& layer = found.layers[0];
    json all{{"engine", network->network.on().name()},
             {"layer", network->network.on().explained()[0].name},
             {"channels", layer.channels()},
             {"targets", list_of(layer.targets)},
             {"height", found.maps.extent(2)},
             {"width", found.maps.extent(3)},
             {"maps", list_of(found.maps)},
             {"status", to_string(found.status(0, 0))},
             {"forwards", found.forwards},
             {"batches", found.batches},
             {"batch_size", layer.batch_size},
             {"peak_bytes", found.peak_bytes},
             {"process_bytes", before && most ? json(*most - *before) : json(nullptr)}};
    if (found.estimate) {
        auto const largest     = [](auto const& values) { return *std::max_element(values.begin(), values.end()); };
        all["scored_channels"] = found.estimate->scored_channels;
        all["exact"]           = found.estimate->is_exact;
        all["predicted_error"] = largest(found.estimate->predicted_error);
        all["certified_error"] = largest(found.estimate->certified_error);
    }
    return all;
}

json distance(json const& a, json const& b)
{
    auto const height = a["height"].get<sc::index_t>(), width = a["width"].get<sc::index_t>();
    auto const maps_a = a["maps"].get<std::vector<float>>(), maps_b = b["maps"].get<std::vector<float>>();
    agreement worst{1, 0, 0, 1};
    for (sc::index_t at = 0; at < static_cast<sc::index_t>(maps_a.size()); at += height * width) {
        auto const one   = agreement_of(sc::tensor_view<float const, 2>{maps_a.data() + at, height, width},
                                        sc::tensor_view<float const, 2>{maps_b.data() + at, height, width});
        bool const lower = std::isnan(one.rank_correlation) || one.rank_correlation < worst.rank_correlation;
        if (lower) { worst.rank_correlation = one.rank_correlation; }
        worst.largest_difference = std::max(one.largest_difference, worst.largest_difference);
        worst.mean_difference    = std::max(one.mean_difference, worst.mean_difference);
        worst.top_overlap        = std::min(one.top_overlap, worst.top_overlap);
    }
    return {{"largest_difference", worst.largest_difference},
            {"mean_difference", worst.mean_difference},
            {"rank_correlation", worst.rank_correlation},
            {"top_overlap", worst.top_overlap}};
}

}  // namespace cli
