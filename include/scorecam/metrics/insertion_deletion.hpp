#pragma once
// Insertion and deletion: how fast the score rises or falls as the pixels of an image come or go, the most important first
// (RISE, Petsiuk et al. 2018). Each protocol has its own steps and pictures, see protocols.hpp.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
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
#include <scorecam/policies/picture.hpp>
#include <scorecam/tensor.hpp>

namespace scorecam::metrics {

/// The score over the share of the pixels changed, and the area below. Higher is better for insertion, lower for deletion.
/// A constant map has only the protocol's rule for ties to rank by: its area stands, beside a caveat.
struct curve {
    std::vector<double> x;       ///< from 0, nothing changed, to 1
    std::vector<double> scores;  ///< f at each x
    measured area;
};

namespace detail {

enum class direction { insertion, deletion };

template <class Protocol>
[[nodiscard]] consteval bool check_curve_protocol()
{
    static_assert(curve_protocol<Protocol>,
                  "scorecam: insertion and deletion have the protocols metrics::rise{}, metrics::paper{} and "
                  "metrics::torch_cam{}, or a type with the members that metrics::curve_protocol names");
    return curve_protocol<Protocol>;
}

inline void check_points(std::vector<index_t> const& counts, std::vector<double> const& x, index_t positions)
{
    bool const rising = std::adjacent_find(counts.begin(), counts.end(), std::greater_equal<index_t>{}) == counts.end();
    if (counts.size() < 2 || counts.front() != 0 || counts.back() != positions || !rising || x.size() != counts.size()) {
        throw option_error{"a curve's protocol counts from 0 to all " + std::to_string(positions) +
                           " pixels, more at each point, and has an x for each"};
    }
}

template <class Backend, class Model, class Images, class Maps, class Protocol, class... Policies>
[[nodiscard]] per_map<curve> curves_of(direction way, Backend& on, Model& model, Images const& given, Maps const& given_maps,
                                       Protocol const& protocol, Policies... policies)
{
    using T           = typename Model::value_type;
    auto const images = as_images<Backend, Model>(given);
    auto const maps   = as_maps<Model>(given_maps);
    check_maps(maps, images);
    auto const I = maps.extent(0), M = maps.extent(1);
    auto const positions = maps[0][0].size();
    auto const counts    = protocol.counts(positions);
    auto const x         = protocol.x(counts);
    check_points(counts, x, positions);
    auto const last     = static_cast<index_t>(counts.size()) - 1;
    auto const image_at = way == direction::deletion ? index_t{0} : last;  // where the image is whole: f(X) is known

    scorecam::detail::scratch<Backend, std::int32_t, 2> ranks;
    tensor<std::int32_t, 2> ranked{{{I * M, positions}}};
    std::vector<caveat> caveats;
    std::vector<ops::pick> copies;
    for (index_t j = 0; j < I * M; ++j) {
        auto const map = maps[j / M][j % M];
        caveats.push_back(caveat_of(map));
        auto const own = ranks_of(map.data(), positions, Protocol::tie_rule);
        std::copy(own.begin(), own.end(), ranked.view()[j].data());
        for (index_t k = 0; k <= last; ++k) {
            if (k != image_at) { copies.push_back({static_cast<std::int32_t>(j), static_cast<std::int32_t>(k)}); }
        }
    }

    perturbed<Backend, Model> score{on, model, std::move(policies)...};
    score.begin(images, M);
    on.from_host(ranked.data(), ranks.resize(on, ranked.shape()));

    scorecam::detail::scratch<Backend, T, spatial_rank_of<Model> + 2> behind;
    auto const paint_behind = [&](auto const& picture) {
        if constexpr (!std::is_same_v<std::remove_cvref_t<decltype(picture)>, black>) {
            auto const from = images.slice(0, picture.per_image ? I : 1);
            picture.paint(on, from, behind.resize(on, from.shape()));
        }
    };
    way == direction::deletion ? paint_behind(protocol.deleted_to()) : paint_behind(protocol.inserted_into());

    auto const seen = score.score(copies, last + 1, [&](auto& by, auto image, ops::pick copy, auto out) {
        auto const i         = copy.image / M;
        T const* other       = behind.shape().size() == 0 ? nullptr : behind.view()[behind.shape()[0] == 1 ? 0 : i].data();
        auto const count     = static_cast<std::int32_t>(counts[static_cast<std::size_t>(copy.channel)]);
        auto const which     = way == direction::deletion ? ops::kept::others : ops::kept::first;
        auto const* own_rank = ranks.view()[copy.image].data();
        by.paint(image, ops::kept_by_rank<T>{own_rank, count, which, other}, out);
    });

    per_map<curve> found{tensor<curve, 2>{{{I, M}}}, score.spent(ranks.bytes() + behind.bytes())};
    for (index_t j = 0; j < I * M; ++j) {
        auto& one = found.all.data()[j];
        one.x     = x;
        for (index_t k = 0; k <= last; ++k) {
            one.scores.push_back(k == image_at ? score.unperturbed(j) : static_cast<double>(seen(j, k)));
        }
        one.area = {way == direction::deletion ? "deletion" : "insertion", protocol.name(), area_below(x, one.scores),
                    caveats[static_cast<std::size_t>(j)]};
    }
    return found;
}

}  // namespace detail

/// Pixels go, the most important first: a good map makes the score fall fast. Images (C, H, W) or (I, C, H, W) in the
/// backend's memory, maps (H, W), (I, H, W) or (I, M, H, W) on the host; policies as in perturbed.hpp.
/// Held in the backend's memory: one batch, 4 bytes per pixel of each map, and the pictures pixels are deleted to.
/// Throws as perturbed does, and shape_error for maps of another size.
template <class Backend, class Model, class Images, class Maps, class Protocol, class... Policies>
[[nodiscard]] per_map<curve> deletion(Backend& on, Model& model, Images const& images, Maps const& maps,
                                      Protocol const& protocol, Policies... policies)
{
    if constexpr (detail::check_curve_protocol<Protocol>()) {
        return detail::curves_of(detail::direction::deletion, on, model, images, maps, protocol, std::move(policies)...);
    }
}

/// Pixels come, the most important first: a good map makes the score rise fast. Otherwise as deletion.
template <class Backend, class Model, class Images, class Maps, class Protocol, class... Policies>
[[nodiscard]] per_map<curve> insertion(Backend& on, Model& model, Images const& images, Maps const& maps,
                                       Protocol const& protocol, Policies... policies)
{
    if constexpr (detail::check_curve_protocol<Protocol>()) {
        return detail::curves_of(detail::direction::insertion, on, model, images, maps, protocol, std::move(policies)...);
    }
}

}  // namespace scorecam::metrics
