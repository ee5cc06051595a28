#pragma once
// Does the map depend on what it should depend on? On the class, on the model's parameters, on the scores; and the controls
// that every map has to beat. What is measured is the correlation of maps: near 1 means that it does not.
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <scorecam/conventions.hpp>
#include <scorecam/error.hpp>
#include <scorecam/explain.hpp>
#include <scorecam/explanation.hpp>
#include <scorecam/metrics/correlation.hpp>
#include <scorecam/metrics/maps.hpp>
#include <scorecam/metrics/measured.hpp>
#include <scorecam/metrics/perturbed.hpp>
#include <scorecam/ops/paint.hpp>
#include <scorecam/policies/target.hpp>
#include <scorecam/tensor.hpp>

namespace scorecam::metrics {

namespace detail {

/// Each map of one explanation with the same map of another.
template <class T, std::size_t R>
[[nodiscard]] per_map<measured> compared(explanation<T, R> const& found, explanation<T, R> const& other, correlation of,
                                         std::string const& metric)
{
    per_map<measured> all{tensor<measured, 2>{found.targets.shape()},
                          {other.forwards, other.batches, other.batch_size, other.peak_bytes}};
    for (index_t i = 0; i < found.targets.extent(0); ++i) {
        for (index_t m = 0; m < found.targets.extent(1); ++m) {
            all.all(i, m) = similarity(found.map(i, m), other.map(i, m), of, metric);
        }
    }
    return all;
}

}  // namespace detail

/// There and Back Again, Rebuffi et al. 2020: the correlation of the maps of each image's most and least likely class, (I,
/// 1). Lower is better. The policies are explain's, without a target. Costs one more forward per image than both maps.
template <class Backend, class Model, class Images, class... Policies>
[[nodiscard]] per_map<measured> class_sensitivity(Backend& on, Model& model, Images const& given, correlation of,
                                                  Policies... policies)
{
    auto const images = as_images<Backend, Model>(given);
    perturbed<Backend, Model> first{on, model};
    first.begin(images, 1);
    auto const& outputs = first.outputs();
    if (outputs.extent(1) < 2) {
        throw option_error{"class sensitivity compares two classes, and the model has " + std::to_string(outputs.extent(1)) +
                           "; use a model with two outputs or more"};
    }
    targets_per_image extremes;
    for (index_t i = 0; i < outputs.extent(0); ++i) {
        auto const row = outputs[i];
        extremes.classes_of_image.push_back({std::max_element(row.begin(), row.end()) - row.begin(),
                                             std::min_element(row.begin(), row.end()) - row.begin()});
    }
    auto const found = explain(on, model, images, extremes, std::move(policies)...);
    auto const begun = first.spent(0);
    per_map<measured> all{tensor<measured, 2>{{{outputs.extent(0), 1}}},
                          {begun.forwards + found.forwards, begun.batches + found.batches, found.batch_size,
                           std::max(begun.peak_bytes, found.peak_bytes)}};
    for (index_t i = 0; i < outputs.extent(0); ++i) {
        all.all(i, 0) = similarity(found.map(i, 0), found.map(i, 1), of, "class_sensitivity");
    }
    return all;
}

/// A model that can be had with other, random parameters: `randomised(seed)` returns such a model, the same for the same
/// seed.
template <class M>
concept randomisable_model =
    model<M> && requires(M& m, std::uint64_t seed) { requires model<decltype(m.randomised(seed))>; };

/// Sanity Checks for Saliency Maps, Adebayo et al. 2018, Section 3: the correlation of the maps with those of the same model
/// with random parameters. Lower is better. The policies are those that made `found`, without the target.
template <class Backend, class Model, class Images, class T, std::size_t R, class... Policies>
[[nodiscard]] per_map<measured> parameter_randomisation(Backend& on, Model& model, Images const& given,
                                                        explanation<T, R> const& found, std::uint64_t seed, correlation of,
                                                        Policies... policies)
{
    static_assert(randomisable_model<Model>, "scorecam: parameter randomisation needs a model with randomised(seed) that "
                                             "returns the same model with random parameters");
    auto randomised  = model.randomised(seed);
    auto const other = explain(on, randomised, as_images<Backend, Model>(given), targets_of(found), std::move(policies)...);
    return detail::compared(found, other, of, "parameter_randomisation");
}

/// The correlation with the maps in which every channel counts the same (conventions::uniform), which needs no scores and
/// costs one forward per image: how much of a map is not due to its scores. Policies beside the convention, such as a
/// heatmap_rule, as for `found`, without the target.
template <class Backend, class Model, class Images, class T, std::size_t R, class... Policies>
[[nodiscard]] per_map<measured> similarity_to_uniform(Backend& on, Model& model, Images const& given,
                                                      explanation<T, R> const& found, correlation of, Policies... policies)
{
    auto const other = explain(on, model, as_images<Backend, Model>(given), conventions::uniform{}, targets_of(found),
                               std::move(policies)...);
    return detail::compared(found, other, of, "similarity_to_uniform");
}

/// A map of independent values, uniform on [0, 1): what any map has to beat. A function of the seed and the position alone.
template <class T, std::size_t Rank>
[[nodiscard]] tensor<T, Rank> random_map(extents<Rank> const& size, std::uint64_t seed)
{
    tensor<T, Rank> map{size};
    constexpr double unit = 1.0 / 16777216.0;  // 2^-24: exact in float, and below 1
    for (index_t p = 0; p < map.size(); ++p) {
        auto const bits = ops::mix(seed ^ ops::mix(static_cast<std::uint64_t>(p))) >> 40U;
        map.data()[p]   = static_cast<T>(static_cast<double>(bits) * unit);
    }
    return map;
}

}  // namespace scorecam::metrics
