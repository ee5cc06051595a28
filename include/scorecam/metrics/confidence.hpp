#pragma once
// Average drop, increase in confidence (Grad-CAM++, Chattopadhyay et al. 2018, Section 4; Score-CAM, Section 4.2) and
// average gain (Opti-CAM, Zhang et al. 2023): what becomes of the score when the image keeps only what its map says is
// important.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <scorecam/detail/scratch.hpp>
#include <scorecam/error.hpp>
#include <scorecam/metrics/curve.hpp>
#include <scorecam/metrics/maps.hpp>
#include <scorecam/metrics/measured.hpp>
#include <scorecam/metrics/perturbed.hpp>
#include <scorecam/metrics/protocols.hpp>
#include <scorecam/ops/perturbation.hpp>
#include <scorecam/tensor.hpp>

namespace scorecam::metrics {

/// With Y = f(X) before and O after: the drop max(0, Y - O) / Y, lower is better; the increase, 1 if Y < O and else 0; the
/// gain max(0, O - Y) / (1 - Y). Their means over images are the metrics. At Y = 0 the drop is 0/0 and at Y = 1 the gain is:
/// they have no value then, unless the protocol adds an epsilon. A constant map's numbers stand, beside a caveat.
struct confidence {
    double before;
    double after;
    measured drop;
    measured increase;
    measured gain;
};

/// The three numbers from the two scores. Throws option_error unless both are confidences, in [0, 1].
template <confidence_protocol Protocol>
[[nodiscard]] confidence confidence_of(double before, double after, caveat of_map, Protocol const& protocol)
{
    constexpr double slack = 1e-5;  // a softmax of the model's own, in float
    for (double const score : {before, after}) {
        if (!(score >= -slack) || !(score <= 1 + slack)) {
            throw option_error{"average drop, increase and gain compare confidences in [0, 1], and a score is " +
                               std::to_string(score) + "; use probability{} or sigmoid{}"};
        }
    }
    auto const name = protocol.name();
    confidence found{before, after, {"average_drop", name}, {"average_increase", name}, {"average_gain", name}};
    double const below   = before + protocol.drop_epsilon();
    found.drop.why       = of_map;
    found.increase.why   = of_map;
    found.gain.why       = of_map;
    found.increase.value = before < after ? 1 : 0;
    if (below > 0) {
        found.drop.value = std::max(0.0, before - after) / below;
    } else {
        found.drop.why = caveat::no_confidence;
    }
    if (before < 1) {
        found.gain.value = std::max(0.0, after - before) / (1 - before);
    } else {
        found.gain.why = caveat::full_confidence;
    }
    return found;
}

/// What the scores of the images become under their maps. Images (C, H, W) or (I, C, H, W) in the backend's memory, maps
/// (H, W), (I, H, W) or (I, M, H, W) on the host, in [0, 1] if they are multiplied with; policies as in perturbed.hpp.
/// Costs 1 + M forwards per image. Held in the backend's memory: one batch, and the maps or 4 bytes per pixel of each.
/// Throws as perturbed does, shape_error for maps of another size and option_error for scores or maps outside [0, 1].
template <class Backend, class Model, class Images, class Maps, class Protocol, class... Policies>
[[nodiscard]] per_map<confidence> confidence_under(Backend& on, Model& model, Images const& given, Maps const& given_maps,
                                                   Protocol const& protocol, Policies... policies)
{
    static_assert(confidence_protocol<Protocol>, "scorecam: average drop, increase and gain have the protocols "
                                                 "metrics::paper{}, metrics::multiply{} and metrics::torch_cam{}, or a type "
                                                 "with the members that metrics::confidence_protocol names");
    using T           = typename Model::value_type;
    auto const images = as_images<Backend, Model>(given);
    auto const maps   = as_maps<Model>(given_maps);
    auto const share  = protocol.kept_share();
    auto const I = maps.extent(0), M = maps.extent(1);
    check_maps(maps, images);
    auto const positions = maps[0][0].size();
    if (share) { detail::check_share("the share of the pixels kept", *share); }
    auto const count = static_cast<std::int32_t>(std::lround(share.value_or(1) * static_cast<double>(positions)));

    scorecam::detail::scratch<Backend, std::int32_t, 2> ranks;
    scorecam::detail::scratch<Backend, T, 2> factors;
    std::vector<caveat> caveats;
    std::vector<ops::pick> copies;
    std::vector<std::int32_t> ranked;
    for (index_t j = 0; j < I * M; ++j) {
        auto const map = maps[j / M][j % M];
        caveats.push_back(caveat_of(map));
        copies.push_back({static_cast<std::int32_t>(j), 0});
        if (share) {
            auto const own = ranks_of(map.data(), positions, ties::earlier_first);
            ranked.insert(ranked.end(), own.begin(), own.end());
        } else {
            check_unit_range(map);
        }
    }

    perturbed<Backend, Model> score{on, model, std::move(policies)...};
    score.begin(images, M);
    if (share) {
        on.from_host(ranked.data(), ranks.resize(on, {{I * M, positions}}));
    } else {
        on.from_host(maps.data(), factors.resize(on, {{I * M, positions}}));
    }

    auto const after = score.score(copies, 1, [&](auto& by, auto image, ops::pick copy, auto out) {
        if (share) {
            by.paint(image, ops::kept_by_rank<T>{ranks.view()[copy.image].data(), count, ops::kept::first, nullptr}, out);
        } else {
            by.paint(image, ops::times_map<T>{factors.view()[copy.image].data()}, out);
        }
    });

    per_map<confidence> found{tensor<confidence, 2>{{{I, M}}}, score.spent(ranks.bytes() + factors.bytes())};
    for (index_t j = 0; j < I * M; ++j) {
        found.all.data()[j] = confidence_of(score.unperturbed(j), static_cast<double>(after(j, 0)),
                                            caveats[static_cast<std::size_t>(j)], protocol);
    }
    return found;
}

}  // namespace scorecam::metrics
