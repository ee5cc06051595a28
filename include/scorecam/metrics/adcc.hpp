#pragma once
// Average DCC: drop, coherency and complexity in one number (Poppi et al. 2021, Revisiting the Evaluation of Class
// Activation Mapping for Explainability; aimagelab/ADCC).
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <scorecam/explain.hpp>
#include <scorecam/explanation.hpp>
#include <scorecam/metrics/confidence.hpp>
#include <scorecam/metrics/correlation.hpp>
#include <scorecam/metrics/maps.hpp>
#include <scorecam/metrics/measured.hpp>
#include <scorecam/metrics/perturbed.hpp>
#include <scorecam/metrics/protocols.hpp>
#include <scorecam/ops/perturbation.hpp>
#include <scorecam/ops/rows.hpp>
#include <scorecam/policies/score.hpp>
#include <scorecam/detail/scratch.hpp>
#include <scorecam/tensor.hpp>

namespace scorecam::metrics {

/// Coherency (r + 1) / 2, r the Pearson correlation of the map with the map of X∘map; complexity, the mean of |map|; the
/// drop under X∘map; and ADCC = 3 / (1 / coherency + 1 / (1 - complexity) + 1 / (1 - drop)), higher is better. Where a term
/// of it is 0, ADCC is its limit, 0, beside the caveat at_pole. Without a value of each of the three it has none.
struct adcc_terms {
    measured coherency;
    measured complexity;
    measured drop;
    measured adcc;
};

/// ADCC of its three parts.
[[nodiscard]] inline measured harmonic_mean(measured const& coherency, measured const& complexity, measured const& drop)
{
    measured found{"adcc", coherency.protocol};
    for (auto const* part : {&drop, &coherency, &complexity}) {
        if (!part->has_value()) {
            found.why = part->why;
            return found;
        }
    }
    double const terms[] = {coherency.value, 1 - complexity.value, 1 - drop.value};
    if (*std::min_element(std::begin(terms), std::end(terms)) <= 0) {
        found.value = 0;
        found.why   = caveat::at_pole;
        return found;
    }
    double inverse = 0;
    for (double const term : terms) { inverse += 1 / term; }
    found.value = 3 / inverse;
    return found;
}

/// aimagelab/ADCC, metrics/: the only protocol there is. The confidence that drops is a softmax of the model's outputs, or
/// another score for models that end in one: aimagelab{logit{}}.
template <class Score = probability>
struct aimagelab {
    Score confidence = {};
    [[nodiscard]] std::string name() const { return "aimagelab"; }
};
template <class Score>
aimagelab(Score) -> aimagelab<Score>;
aimagelab() -> aimagelab<probability>;

/// Of a map in [0, 1] and of the map of X∘map, made in the same way, with the confidence in the class under X and under
/// X∘map: for explanations that adcc() below does not make. Throws shape_error for maps of different sizes and option_error
/// for values outside [0, 1].
template <class T, std::size_t R>
[[nodiscard]] adcc_terms adcc_of(tensor_view<T const, R> map, tensor_view<T const, R> again, double whole, double masked)
{
    check_unit_range(map);
    adcc_terms one;
    one.drop            = confidence_of(whole, masked, caveat_of(map), multiply{}).drop;
    one.coherency       = similarity(map, again, correlation::pearson, "coherency");
    one.coherency.value = (one.coherency.value + 1) / 2;
    one.complexity      = {"complexity", "", 0, caveat_of(map)};
    for (T const value : map) { one.complexity.value += std::abs(static_cast<double>(value)); }
    one.complexity.value /= static_cast<double>(map.size());
    for (auto* part : {&one.coherency, &one.complexity, &one.drop}) { part->protocol = aimagelab{}.name(); }
    one.adcc = harmonic_mean(one.coherency, one.complexity, one.drop);
    return one;
}

/// The maps of an explanation of the images (C, H, W) or (I, C, H, W), in the backend's memory, judged by explaining X∘map
/// in the same way: the policies are those that made `found`, but for the target, which is each map's own. Costs an
/// explanation for each map, all in one call, the cost told; held besides, one image for each map. Maps are in [0, 1] and of
/// the input's size. Throws as explain does, shape_error for maps of another size and option_error for values outside [0,
/// 1].
template <class Backend, class Model, class Images, class T, std::size_t R, class Score, class... Policies>
[[nodiscard]] per_map<adcc_terms> adcc(Backend& on, Model& model, Images const& given, explanation<T, R> const& found,
                                       aimagelab<Score> const& protocol, Policies... policies)
{
    auto const images = as_images<Backend, Model>(given);
    auto const maps   = found.maps.view();
    check_maps(maps, images);
    auto const I = maps.extent(0), M = maps.extent(1);
    targets_per_image classes;
    for (auto const c : found.targets) { classes.classes_of_image.push_back({c}); }

    scorecam::detail::scratch<Backend, T, 2> factors;
    scorecam::detail::scratch<Backend, T, R + 2> shown;
    on.from_host(maps.data(), factors.resize(on, {{I * M, maps[0][0].size()}}));
    auto shape = images.shape();
    shape[0]   = I * M;
    shown.resize(on, shape);
    for (index_t j = 0; j < I * M; ++j) {
        check_unit_range(maps[j / M][j % M]);
        on.paint(images.slice(j / M, 1), ops::times_map<T>{factors.view()[j].data()}, shown.view().slice(j, 1));
    }
    auto const again = explain(on, model, as_const(shown.view()), classes, std::move(policies)...);

    per_map<adcc_terms> all{
        tensor<adcc_terms, 2>{{{I, M}}},
        {again.forwards, again.batches, again.batch_size, again.peak_bytes + factors.bytes() + shown.bytes()}};
    auto const confidence_in = [&](tensor<T, 2> const& outputs, index_t row, index_t c) {
        return static_cast<double>(protocol.confidence(ops::row<T>{outputs[row].data(), outputs.extent(1)})(c));
    };
    for (index_t j = 0; j < I * M; ++j) {
        auto const c      = found.targets.data()[j];
        all.all.data()[j] = adcc_of(maps[j / M][j % M], again.map(j, 0), confidence_in(found.outputs, j / M, c),
                                    confidence_in(again.outputs, j, c));
    }
    return all;
}

}  // namespace scorecam::metrics
