#pragma once
// Photos of which every channel was scored (data/scored): the surrogate is told some of the scores, and its maps are
// compared with those of all of them.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <scorecam/budget/surrogate.hpp>
#include <scorecam/policies/channels.hpp>
#include <scorecam/cpu/backend.hpp>
#include <scorecam/reference.hpp>
#include <scorecam/policies/score.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/policies/weighting.hpp>
#include <scorecam/xtensor/npy.hpp>

#include "support/data.hpp"

namespace photos {

namespace sc     = scorecam;
namespace budget = scorecam::budget;
using sc::index_t;
using sc::ops::channel_role;

/// A network's answers to one photo and to all its masked versions. The last output stands for all other classes.
struct photo {
    std::string network;
    std::string name;
    sc::extents<2> size;               ///< of the input
    sc::tensor<float, 3> activations;  ///< (K, h, w)
    sc::tensor<float, 2> outputs;      ///< (K, classes): logits of X∘H_k; NaN if channel k is flat
    sc::tensor<float, 2> plain;        ///< (2, classes): of the zero image and of X

    sc::tensor<float, 3> masks;       ///< (K, h, w): s(A_k); 0 for a flat channel
    std::vector<index_t> live;        ///< the channels with contrast
    std::vector<channel_role> roles;  ///< (K)
    std::vector<index_t> ranking;     ///< the classes recorded, most probable first

    [[nodiscard]] index_t channels() const { return activations.extent(0); }
};

template <std::size_t Rank>
[[nodiscard]] sc::tensor<float, Rank> load(std::string const& file)
{
    auto const array = sc::xtensor::load_npy<float, Rank>(files::from_folder("scored/" + file));
    return {sc::xtensor::view(array).shape(), {array.begin(), array.end()}};
}

[[nodiscard]] inline photo read(std::string const& stem)
{
    auto const dot = stem.rfind('.');
    photo p{.network     = stem.substr(0, dot),
            .name        = stem.substr(dot + 1),
            .size        = stem.find("_192.") == std::string::npos ? sc::extents<2>{{224, 224}} : sc::extents<2>{{192, 192}},
            .activations = load<3>(stem + ".activations.npy"),
            .outputs     = load<2>(stem + ".logits.npy"),
            .plain       = load<2>(stem + ".plain.npy"),
            .masks       = {},
            .live        = {},
            .roles       = {},
            .ranking     = {}};
    std::swap_ranges(p.plain.view()[0].begin(), p.plain.view()[0].end(), p.plain.view()[1].begin());  // X came first

    p.masks = p.activations;
    std::vector<sc::ops::range<float>> ranges(static_cast<std::size_t>(p.channels()));
    sc::tensor_view<sc::ops::range<float>, 1> const found{ranges.data(), p.channels()};
    sc::cpu::backend cpu{1};
    cpu.extrema(sc::as_const(p.activations.view()), p.size, {}, found);
    cpu.normalise(p.masks.view(), sc::as_const(found), {});
    for (index_t k = 0; k < p.channels(); ++k) {
        bool const flat = ranges[static_cast<std::size_t>(k)].flat();
        p.roles.push_back(flat ? channel_role::left_out : channel_role::scored);
        if (!flat) { p.live.push_back(k); }
    }

    p.ranking.resize(static_cast<std::size_t>(p.outputs.extent(1) - 1));
    std::iota(p.ranking.begin(), p.ranking.end(), index_t{0});
    std::stable_sort(p.ranking.begin(), p.ranking.end(),
                     [&](index_t a, index_t b) { return p.plain(1, a) > p.plain(1, b); });
    return p;
}

/// All of them, by name.
[[nodiscard]] inline std::vector<photo> const& all()
{
    static std::vector<photo> const photos = [] {
        files::require("scored/index.json");
        std::string const ending = ".activations.npy";
        std::vector<std::string> stems;
        for (auto const& entry : std::filesystem::directory_iterator{files::from_folder("scored")}) {
            auto const file = entry.path().filename().string();
            if (file.ends_with(ending)) { stems.push_back(file.substr(0, file.size() - ending.size())); }
        }
        std::sort(stems.begin(), stems.end());
        std::vector<photo> read_ones;
        for (auto const& stem : stems) { read_ones.push_back(read(stem)); }
        return read_ones;
    }();
    return photos;
}
inline std::array<std::string, 3> const networks{"squeezenet1_1", "mobilenetv2_1.0_224", "mobilenetv1_0.75_192"};

// ---- maps

/// Σ_k w_k A_k, (h, w).
[[nodiscard]] inline sc::tensor<float, 2> combined(photo const& p, std::vector<float> const& weights)
{
    auto const& a = p.activations;
    sc::tensor<float, 2> sum{{{a.extent(1), a.extent(2)}}};
    sc::reference_backend reference;
    reference.combine(sc::tensor_view<float const, 4>{a.data(), sc::prepend(a.shape(), 1)},
                      sc::tensor_view<float const, 3>{weights.data(), 1, a.extent(0), 1},
                      sc::tensor_view<float, 4>{sum.data(), 1, 1, a.extent(1), a.extent(2)});
    return sum;
}

/// The map (H, W) as it is shown: enlarged, ReLU, min-max.
[[nodiscard]] inline sc::tensor<float, 2> drawn(photo const& p, sc::tensor<float, 2> const& sum)
{
    sc::tensor<float, 2> map{p.size};
    sc::ops::range<float> range{};
    sc::reference_backend reference;
    reference.heatmap(sc::tensor_view<float const, 3>{sum.data(), sc::prepend(sum.shape(), 1)}, {},
                      sc::tensor_view<float, 3>{map.data(), sc::prepend(map.shape(), 1)},
                      sc::tensor_view<sc::ops::range<float>, 1>{&range, 1});
    return map;
}

// ---- how alike two maps are

/// The rank of each value; equal values share the mean of theirs.
template <class Values>
[[nodiscard]] std::vector<double> ranks_of(Values const& values)
{
    std::vector<std::pair<float, std::size_t>> order;
    for (auto const value : values) { order.emplace_back(value, order.size()); }
    std::sort(order.begin(), order.end());
    std::vector<double> ranks(order.size());
    for (std::size_t first = 0, last = 0; first < order.size(); first = last) {
        while (last < order.size() && order[last].first == order[first].first) { ++last; }
        for (std::size_t i = first; i < last; ++i) { ranks[order[i].second] = static_cast<double>(first + last - 1) / 2; }
    }
    return ranks;
}

[[nodiscard]] inline double correlation(std::vector<double> const& a, std::vector<double> const& b)
{
    auto const n        = static_cast<double>(a.size());
    double const mean_a = std::accumulate(a.begin(), a.end(), 0.0) / n,
                 mean_b = std::accumulate(b.begin(), b.end(), 0.0) / n;
    double ab = 0, aa = 0, bb = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        ab += (a[i] - mean_a) * (b[i] - mean_b);
        aa += (a[i] - mean_a) * (a[i] - mean_a);
        bb += (b[i] - mean_b) * (b[i] - mean_b);
    }
    return ab / std::sqrt(aa * bb);
}

/// Whether each value is among the fifth that is largest; of equal ones, the first are.
template <class Values>
[[nodiscard]] std::vector<bool> top_fifth(Values const& values)
{
    std::vector<std::pair<float, index_t>> order;
    for (auto const value : values) { order.emplace_back(-value, static_cast<index_t>(order.size())); }
    auto const last = order.begin() + values.size() / 5;
    std::nth_element(order.begin(), last, order.end());
    std::vector<bool> chosen(order.size(), false);
    for (auto one = order.begin(); one != last; ++one) { chosen[static_cast<std::size_t>(one->second)] = true; }
    return chosen;
}

struct fidelity {
    double spearman;  ///< of all pixels
    double mean;      ///< |difference|
    double largest;   ///< |difference|
    double overlap;   ///< intersection over union of the 20 % of the pixels that are largest
};

[[nodiscard]] inline fidelity compare(sc::tensor<float, 2> const& map, sc::tensor<float, 2> const& truth)
{
    fidelity f{correlation(ranks_of(map), ranks_of(truth)), 0, 0, 0};
    for (index_t i = 0; i < map.size(); ++i) {
        double const apart = std::abs(double{map.data()[i]} - double{truth.data()[i]});
        f.mean += apart / static_cast<double>(map.size());
        f.largest = std::max(f.largest, apart);
    }
    auto const a = top_fifth(map), b = top_fifth(truth);
    double both = 0, either = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        both += a[i] && b[i] ? 1 : 0;
        either += a[i] || b[i] ? 1 : 0;
    }
    f.overlap = both / either;
    return f;
}

[[nodiscard]] inline double median(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    auto const middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/// The median of each measure.
[[nodiscard]] inline fidelity median(std::vector<fidelity> const& of)
{
    auto const each = [&](double fidelity::* measure) {
        std::vector<double> values;
        for (auto const& f : of) { values.push_back(f.*measure); }
        return median(values);
    };
    return {each(&fidelity::spearman), each(&fidelity::mean), each(&fidelity::largest), each(&fidelity::overlap)};
}

// ---- scoring

/// What the driver does: an explanation of one photo, channel by channel, and what it would be with all of them.
template <class Score = sc::probability, class Weighting = sc::raw_weights>
class exploration {
public:
    /// What a convention consists of, as far as it matters here.
    struct convention {
        Score score{};
        Weighting weighting{};
        bool black_baseline         = false;  ///< X_b = 0
        bool flat_channels          = false;  ///< take part
        budget::outputs_are outputs = budget::outputs_are::logits;
        budget::settings settings   = {};
    };

    exploration(photo const& of, std::vector<index_t> targets, convention how = {})
        : photo_{of}, targets_{std::move(targets)}, how_{how}, outputs_{of.outputs}, plain_{of.plain}, roles_{of.roles},
          known_{start()}
    {
    }

    [[nodiscard]] budget::surrogate<float>& known() { return known_; }
    [[nodiscard]] auto weigh() const
    {
        return budget::weigh_by<float, Weighting>{how_.weighting, roles_, baseline_, zero_mask_};
    }

    void score(std::vector<index_t> const& channels)
    {
        auto const n = static_cast<index_t>(channels.size());
        sc::tensor<float, 2> rows{{{n, outputs_.extent(1)}}};
        for (index_t i = 0; i < n; ++i) {
            auto const row = outputs_[channels[static_cast<std::size_t>(i)]];
            std::copy(row.begin(), row.end(), rows.view()[i].begin());
        }
        known_.learn(channels, rows, scores_of(rows));
    }
    /// Scores up to n channels in all, in batches.
    void score_up_to(index_t n, index_t batch = 16)
    {
        n = std::min(n, known_.candidates());
        while (known_.scored() < n) { score(known_.next(std::min(batch, n - known_.scored()), weigh())); }
    }

    /// Σ_k w_k A_k for target m, of scores (K, M).
    [[nodiscard]] sc::tensor<float, 2> sum_of(sc::tensor<float, 2> const& scores, index_t m = 0) const
    {
        std::vector<float> row, weights(static_cast<std::size_t>(photo_.channels()));
        for (index_t k = 0; k < photo_.channels(); ++k) { row.push_back(scores(k, m)); }
        weigh()(row, m, weights);
        return combined(photo_, weights);
    }
    [[nodiscard]] sc::tensor<float, 2> predicted_scores() const
    {
        sc::tensor<float, 2> scores{shape()}, deviations{shape()};
        known_.predict(scores.view(), deviations.view());
        return scores;
    }
    [[nodiscard]] sc::tensor<float, 2> true_scores() const
    {
        sc::tensor<float, 2> scores{shape()};
        auto const all_of_them = scores_of(outputs_);
        for (index_t const k : photo_.live) { std::copy_n(all_of_them[k].data(), targets_.size(), scores.view()[k].data()); }
        return scores;
    }
    [[nodiscard]] sc::tensor<float, 2> map(index_t m = 0) const { return drawn(photo_, sum_of(predicted_scores(), m)); }
    [[nodiscard]] sc::tensor<float, 2> true_map(index_t m = 0) const { return drawn(photo_, sum_of(true_scores(), m)); }

    /// Faster-Score-CAM: the n channels that vary most, and the others dropped.
    [[nodiscard]] sc::tensor<float, 2> faster_map(index_t n, index_t m = 0)
    {
        std::vector<sc::ops::moments<float>> moments(static_cast<std::size_t>(photo_.channels()));
        sc::tensor_view<sc::ops::moments<float>, 1> const found{moments.data(), photo_.channels()};
        sc::reference_backend{}.moments(photo_.activations.view(), found);
        auto const chosen = sc::largest_deviation{n}.choose(sc::as_const(found));
        auto const kept   = roles_;
        for (std::size_t k = 0; k < chosen.size(); ++k) {
            if (!chosen[k]) { roles_[k] = channel_role::left_out; }
        }
        auto map = true_map(m);
        roles_   = kept;
        return map;
    }

private:
    [[nodiscard]] sc::extents<2> shape() const { return {{photo_.channels(), static_cast<index_t>(targets_.size())}}; }

    [[nodiscard]] sc::tensor<float, 2> scores_of(sc::tensor<float, 2> const& rows) const
    {
        sc::tensor<float, 2> scores{{{rows.extent(0), static_cast<index_t>(targets_.size())}}};
        for (index_t n = 0; n < rows.extent(0); ++n) {
            auto const reading = how_.score(sc::ops::row<float>{rows[n].data(), rows.extent(1)});
            for (index_t m = 0; m < scores.extent(1); ++m) { scores(n, m) = reading(targets_[static_cast<std::size_t>(m)]); }
        }
        return scores;
    }

    [[nodiscard]] budget::surrogate<float> start()
    {
        if (how_.outputs != budget::outputs_are::logits) {
            for (auto* outputs : {&outputs_, &plain_}) {
                for (index_t n = 0; n < outputs->extent(0); ++n) {
                    auto row           = outputs->view()[n];
                    auto const logits  = std::vector<float>(row.begin(), row.end());
                    auto const softmax = sc::probability{}(sc::ops::row<float>{logits.data(), row.extent(0)});
                    for (index_t c = 0; c < row.extent(0); ++c) { row(c) = softmax(c); }
                }
            }
        }
        auto const free = scores_of(plain_);
        if (how_.black_baseline) { baseline_.assign(free[0].begin(), free[0].end()); }
        if (how_.flat_channels) {
            zero_mask_.assign(free[0].begin(), free[0].end());
            for (auto& role : roles_) { role = role == channel_role::left_out ? channel_role::zero_mask : role; }
        }
        return {photo_.masks.view(),
                photo_.activations.view(),
                photo_.live,
                targets_,
                budget::link_for(how_.score, how_.outputs),
                {plain_, free},
                how_.settings};
    }

    photo const& photo_;
    std::vector<index_t> targets_;
    convention how_;
    sc::tensor<float, 2> outputs_;
    sc::tensor<float, 2> plain_;
    std::vector<channel_role> roles_;
    std::vector<float> baseline_;
    std::vector<float> zero_mask_;
    budget::surrogate<float> known_;
};

}  // namespace photos
