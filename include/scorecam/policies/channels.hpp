#pragma once
// Which channels are scored, and what the others do.
#include <algorithm>
#include <cmath>
#include <concepts>
#include <functional>
#include <numeric>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/ops/moments.hpp>
#include <scorecam/policies/kinds.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam {

/// A choice of channels: `choose(moments of the channels of one image) -> true for each channel that is scored`.
template <class S, class T>
concept channel_choice = requires(S const s, tensor_view<ops::moments<T> const, 1> channels) {
    { s.choose(channels) } -> std::same_as<std::vector<bool>>;
};

namespace detail {

/// True for the `count` channels with the largest key; the lower channel wins a tie.
template <class Key>
[[nodiscard]] std::vector<bool> largest(index_t channels, index_t count, Key const& key)
{
    std::vector<index_t> order(static_cast<std::size_t>(channels));
    std::iota(order.begin(), order.end(), index_t{0});
    std::stable_sort(order.begin(), order.end(), [&](index_t a, index_t b) { return key(a) > key(b); });
    std::vector<bool> chosen(order.size(), false);
    for (index_t i = 0; i < std::min(count, channels); ++i) {
        chosen[static_cast<std::size_t>(order[static_cast<std::size_t>(i)])] = true;
    }
    return chosen;
}

inline void check_number(index_t number)
{
    if (number < 1) { throw option_error{std::to_string(number) + " channels were asked for; score 1 or more"}; }
}

}  // namespace detail

/// All channels. The default.
struct all_channels {
    using kind = kinds::channels;
};

/// The `number` channels that vary most over their positions: Faster-Score-CAM (tabayashi0117), max_N of tf-keras-vis.
struct largest_deviation {
    using kind = kinds::channels;
    index_t number;
    template <class T>
    [[nodiscard]] std::vector<bool> choose(tensor_view<ops::moments<T> const, 1> channels) const
    {
        detail::check_number(number);
        return detail::largest(channels.extent(0), number, [&](index_t k) { return channels(k).deviation; });
    }
};

/// The `number` channels with the largest mass Σ|A_k|.
struct largest_mass {
    using kind = kinds::channels;
    index_t number;
    template <class T>
    [[nodiscard]] std::vector<bool> choose(tensor_view<ops::moments<T> const, 1> channels) const
    {
        detail::check_number(number);
        return detail::largest(channels.extent(0), number, [&](index_t k) { return channels(k).mass; });
    }
};

/// As few channels as hold the given share of all mass, 0 < share <= 1.
struct mass_share {
    using kind = kinds::channels;
    double share;
    template <class T>
    [[nodiscard]] std::vector<bool> choose(tensor_view<ops::moments<T> const, 1> channels) const
    {
        if (!(share > 0 && share <= 1)) {
            throw option_error{"a share " + std::to_string(share) +
                               " of the mass was asked for; give more than 0 and at most 1"};
        }
        auto const mass = [&](index_t k) { return static_cast<double>(channels(k).mass); };
        std::vector<double> masses;
        for (index_t k = 0; k < channels.extent(0); ++k) { masses.push_back(mass(k)); }
        std::stable_sort(masses.begin(), masses.end(), std::greater<>{});
        double const wanted = share * std::accumulate(masses.begin(), masses.end(), 0.0);
        index_t number      = 0;
        for (double held = 0; held < wanted && number < channels.extent(0); ++number) {
            held += masses[static_cast<std::size_t>(number)];
        }
        return detail::largest(channels.extent(0), number, mass);
    }
};

/// The channels named.
struct listed_channels {
    using kind = kinds::channels;
    std::vector<index_t> channels_to_score;
    template <class T>
    [[nodiscard]] std::vector<bool> choose(tensor_view<ops::moments<T> const, 1> channels) const
    {
        if (channels_to_score.empty()) {
            throw option_error{"the list of channels is empty; name at least one, or use all_channels{}"};
        }
        std::vector<bool> chosen(static_cast<std::size_t>(channels.extent(0)), false);
        for (auto const k : channels_to_score) {
            if (k < 0 || k >= channels.extent(0)) {
                throw option_error{"channel " + std::to_string(k) + " does not exist: the layer has " +
                                   std::to_string(channels.extent(0)) + ", so channels run from 0 to " +
                                   std::to_string(channels.extent(0) - 1)};
            }
            chosen[static_cast<std::size_t>(k)] = true;
        }
        return chosen;
    }
};

/// What channels that are not scored do.
enum class unscored_channels {
    dropped,  ///< weight 0. The default, as in Faster-Score-CAM
    zero      ///< contribution 0, which a softmax over the channels turns into a weight (gScoreCAM)
};
template <>
struct policy_kind<unscored_channels> {
    using type = kinds::unscored;
};

/// Every channel is a mask of its own. The default.
struct no_groups {
    using kind = kinds::grouping;
};

/// Group-CAM (wofmanaf/Group-CAM) without its gradients: consecutive channels in groups of K / number, rounded up, the last
/// with what is left (torch.chunk: there may be fewer groups than asked for, and never more than channels), each summed and
/// through a ReLU; the groups then take the place of the channels.
struct channel_groups {
    using kind     = kinds::grouping;
    index_t number = 32;
};

template <>
struct choice<kinds::channels> {
    using standard = all_channels;
    template <class P, class T>
    static consteval void check()
    {
        static_assert(std::is_same_v<P, all_channels> || channel_choice<P, T>,
                      "scorecam: a choice of channels has choose(view of scorecam::ops::moments<T>) const that returns a "
                      "std::vector<bool>");
    }
};
template <>
struct choice<kinds::unscored> {
    using standard = unscored_channels;
    template <class P, class T>
    static consteval void check()
    {
        static_assert(std::is_convertible_v<P const&, unscored_channels>,
                      "scorecam: a policy for channels that are not scored is convertible to scorecam::unscored_channels");
    }
};
template <>
struct choice<kinds::grouping> {
    using standard = no_groups;
    template <class P, class T>
    static consteval void check()
    {
        static_assert(
            std::is_same_v<P, no_groups> || requires(P const p) {
                { p.number } -> std::convertible_to<index_t>;
            }, "scorecam: a grouping has a member number, how many groups there are to be, as scorecam::channel_groups has");
    }
};

}  // namespace scorecam
