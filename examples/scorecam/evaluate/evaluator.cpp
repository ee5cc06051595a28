#include "evaluate/evaluator.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <utility>

#include <opencv2/core.hpp>

#include <scorecam/metrics/adcc.hpp>
#include <scorecam/metrics/confidence.hpp>
#include <scorecam/metrics/insertion_deletion.hpp>
#include <scorecam/metrics/localisation.hpp>
#include <scorecam/metrics/sanity.hpp>
#include <scorecam/opencv/images.hpp>
#include <scorecam/ops/paint.hpp>
#include <scorecam/ops/rows.hpp>

#include "evaluate/checksum.hpp"
#include "evaluate/object_region.hpp"
#include "maps/chosen_explainer.hpp"
#include "maps/engine_of.hpp"
#include "maps/score_choice.hpp"

namespace cli {
namespace {

namespace m = sc::metrics;
using json  = nlohmann::ordered_json;

/// Of a picture, a mask or a class: the other pictures may be fine.
struct unusable : std::runtime_error {
    using std::runtime_error::runtime_error;
};

json written(m::measured const& one)
{
    if (one.sound()) { return one.value; }
    if (one.why == m::caveat::none) { return nullptr; }  // nothing to compare with
    return {{"value", one.has_value() ? json(one.value) : json(nullptr)}, {"why", m::to_string(one.why)}};
}

/// The curve at evenly spaced shares, with as many digits as a picture of it shows.
json sketched(m::curve const& curve)
{
    constexpr int intervals = points_of_a_curve - 1;
    constexpr double digits = 1e5;
    auto points             = json::array();
    std::size_t after       = 1;
    for (int i = 0; i <= intervals; ++i) {
        double const x = static_cast<double>(i) / intervals;
        while (after + 1 < curve.x.size() && curve.x[after] < x) { ++after; }
        double const share = (x - curve.x[after - 1]) / (curve.x[after] - curve.x[after - 1]);
        double const y     = curve.scores[after - 1] + share * (curve.scores[after] - curve.scores[after - 1]);
        points.push_back(std::round(y * digits) / digits);
    }
    return points;
}

/// A constant map stays one: 0 in the ignored parts would make a pattern of it.
sc::tensor<float, 2> without_ignored(sc::tensor_view<float const, 2> map, object_region const& region)
{
    sc::tensor<float, 2> known{map.shape()};
    bool const constant = m::caveat_of(map) != m::caveat::none;
    for (sc::index_t p = 0; p < map.size(); ++p) {
        known.data()[p] = !constant && region.ignored.data()[p] != 0 ? 0 : map.data()[p];
    }
    return known;
}

/// X∘map.
sc::tensor<float, 3> times(sc::tensor<float, 3> const& input, sc::tensor_view<float const, 2> map)
{
    auto shown = input;
    for (sc::index_t p = 0; p < shown.size(); ++p) { shown.data()[p] *= map.data()[p % map.size()]; }
    return shown;
}

double score_in(score const& f, sc::tensor_view<float const, 1> outputs, sc::index_t target)
{
    return std::visit(
        [&](auto const& how) {
            return static_cast<double>(how(sc::ops::row<float>{outputs.data(), outputs.size()})(target));
        },
        f);
}

/// `again` is the explanation of X∘map.
m::measured adcc_of(explained const& found, explained const& again, score const& f, sc::index_t target)
{
    return m::adcc_of(found.map(), again.map(), score_in(f, found.layers[0].outputs.view()[0], target),
                      score_in(f, again.layers[0].outputs.view()[0], target))
        .adcc;
}

std::string key_of(explain_options const& options)
{
    auto key = options.engine + '\n' + options.precision;
    for (auto const& layer : options.layers) { key += '\n' + layer; }
    return key;
}

}  // namespace

struct evaluator::seen_image {
    sc::tensor<float, 3> input;
    sc::index_t target;
    std::optional<object_region> region;
};

struct evaluator::map_numbers {
    json numbers = json::array();
    json insertion, deletion;
    double score = 0;  // of the whole picture

    void add(m::measured const& one) { numbers.push_back(written(one)); }
};

evaluator::evaluator(explain_options const& options, std::vector<cli::configuration> configurations, protocols how,
                     std::string const& read_from_outputs, std::uint64_t seed)
    : options_{options}, configurations_{std::move(configurations)}, how_{std::move(how)}, seed_{seed},
      names_{options.labels.empty() ? labels{} : labels{options.labels}}, cpu_{threads_of(options)},
      batching_{std::make_shared<decltype(options.composition.batch)>(options.composition.batch)}
{
    for (auto& one : configurations_) {
        auto& opened = opened_[key_of(one.options)];
        if (!opened) { opened = std::make_shared<network>(open_network(one.options, one.options.layers)); }
        networks_.push_back(opened);
        one.options = with_score_for(opened->on(), one.options);
        explainers_.push_back(chosen_explainer(cpu_, *opened, one.options));
    }
    score_ = score_for(networks_.front()->on(), read_from_outputs);
}

json evaluator::configurations() const
{
    auto all = json::array();
    for (std::size_t w = 0; w < configurations_.size(); ++w) {
        auto const& one = configurations_[w];
        std::vector<std::string> layers;
        for (auto const& layer : networks_[w]->on().explained()) { layers.push_back(layer.name); }
        auto how = one.options.in_force(layers, 0);
        for (auto const* no_matter : {"target", "labels", "output", "panel", "threads", "description", "convention"}) {
            how.erase(no_matter);
        }
        how["engine"]        = networks_[w]->on().name();
        auto const& chosen   = one.options.composition;
        auto const* baseline = std::get_if<sc::baseline<sc::text::picture>>(&chosen.baseline);
        for (auto const& [step, picture] : {std::pair{"background", &chosen.background.picture},
                                            std::pair{"baseline", baseline == nullptr ? nullptr : &baseline->picture}}) {
            auto const* file = picture == nullptr ? nullptr : std::get_if<sc::text::picture_file>(picture);
            if (file != nullptr) { how[step] = "image " + std::to_string(checksum_of(bytes_of(file->name))); }
        }
        all.push_back({{"name", one.name}, {"control", one.control}, {"options", how}});
    }
    all.push_back({{"name", random_control}, {"control", configurations_.front().control}, {"options", {{"seed", seed_}}}});
    return all;
}

json evaluator::operator()(sc::index_t row, listed_image const& listed, std::filesystem::path const& folder)
{
    json line{{"row", row}, {"image", listed.image}};
    try {
        auto files = files_of(listed, folder);
        line.update(all_maps(see(listed, folder), row));
        line["files"] = std::move(files);
    } catch (unusable const& e) {
        line["failed"] = e.what();
    } catch (sc::target_error const& e) {
        line["failed"] = e.what();
    } catch (sc::non_finite_error const& e) {
        line["failed"] = e.what();
    }
    return line;
}

json files_of(listed_image const& listed, std::filesystem::path const& folder)
{
    auto all = json::object();
    for (auto const& name : {listed.image, listed.mask}) {
        if (name.empty()) { continue; }
        try {
            auto const sum = sum_of_file(folder / name);
            all[name]      = {{"bytes", sum.size()}, {"crc64", sum.checksum()}};
        } catch (sc::error const& e) {
            throw unusable{e.what()};
        }
    }
    return all;
}

evaluator::seen_image evaluator::see(listed_image const& listed, std::filesystem::path const& folder)
{
    seen_image seen{};
    auto const how = options_.preprocessing();
    try {
        auto const stored = sc::opencv::read_image(folder / listed.image);
        seen.input        = sc::opencv::prepare(stored, how);
        seen.region       = region_of(listed, folder, stored.size(), how);
    } catch (sc::error const& e) {
        throw unusable{e.what()};
    } catch (cv::Exception const& e) {  // such as a picture larger than OpenCV reads
        throw unusable{e.err};
    }
    auto const& text          = listed.class_name;
    auto const [end, failure] = std::from_chars(text.data(), text.data() + text.size(), seen.target);
    if (text.empty()) {
        seen.target = top_class(seen.input);
    } else if (failure != std::errc{} || end != text.data() + text.size()) {
        seen.target = names_.find(text);
    }
    return seen;
}

sc::index_t evaluator::top_class(sc::tensor<float, 3> const& input)
{
    auto const& shape  = input.shape();
    auto const outputs = networks_.front()->forward(
        sc::tensor_view<float const, 4>{input.data(), sc::extents<4>{{1, shape[0], shape[1], shape[2]}}});
    return std::max_element(outputs.begin(), outputs.end()) - outputs.begin();
}

json evaluator::all_maps(seen_image const& seen, sc::index_t row)
{
    json line{{"class", seen.target}, {"score", nullptr}, {"maps", json::array()}};
    auto const add = [&](map_numbers const& one, sc::index_t forwards) {
        line["score"] = one.score;
        json map{{"forwards", forwards}, {"numbers", one.numbers}};
        if (how_.curves) {
            map["insertion"] = one.insertion;
            map["deletion"]  = one.deletion;
        }
        line["maps"].push_back(map);
    };
    target const which = sc::targets{seen.target};
    for (std::size_t w = 0; w < configurations_.size(); ++w) {
        auto const& explain = explainers_[w];
        auto const found    = explain(seen.input.view(), which);
        auto one            = numbers_of(*networks_[w], seen, found.map());
        if (how_.adcc) {
            one.add(adcc_of(found, explain(times(seen.input, found.map()).view(), which), score_, seen.target));
        }
        add(one, found.forwards);
    }
    auto const noise = m::random_map<float>(sc::extents<2>{{seen.input.extent(1), seen.input.extent(2)}},
                                            sc::ops::mix(seed_ ^ sc::ops::mix(static_cast<std::uint64_t>(row))));
    auto one         = numbers_of(*networks_.front(), seen, noise.view());
    if (how_.adcc) { one.add({}); }  // nothing explains a random map again
    add(one, 0);
    return line;
}

evaluator::map_numbers evaluator::numbers_of(network& on, seen_image const& seen, sc::tensor_view<float const, 2> map)
{
    map_numbers all;
    auto const with = [&](auto const& measure, auto const& protocol) {
        return measure(protocol, sc::target{seen.target}, score_, batching_, options_.composition.concurrency);
    };
    auto const image = seen.input.view();
    auto const drop  = std::visit(
        [&](auto const& protocol) {
            return with([&](auto... how) { return m::confidence_under(cpu_, on, image, map, how...).of(); }, protocol);
        },
        how_.confidence);
    all.score = drop.before;
    for (auto const& number : {drop.drop, drop.increase, drop.gain}) { all.add(number); }
    if (how_.curves) {
        std::visit(
            [&](auto const& protocol) {
                auto const in = with([&](auto... how) { return m::insertion(cpu_, on, image, map, how...).of(); }, protocol);
                auto const out = with([&](auto... how) { return m::deletion(cpu_, on, image, map, how...).of(); }, protocol);
                all.add(in.area);
                all.add(out.area);
                all.insertion = sketched(in);
                all.deletion  = sketched(out);
            },
            *how_.curves);
    }
    if (!seen.region) {
        for (int i = 0; i < 3; ++i) { all.add({}); }
        return all;
    }
    m::region_mask const where{seen.region->object.view()};
    auto const host = without_ignored(map, *seen.region);
    auto const view = host.view();
    all.add(m::energy_pointing_game(view, where));
    all.add(std::visit([&](auto const& protocol) { return m::pointing_game(view, where, protocol); }, how_.pointing));
    all.add(m::iou(view, where, how_.overlap));
    return all;
}

}  // namespace cli
