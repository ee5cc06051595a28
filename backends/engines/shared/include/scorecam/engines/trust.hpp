#pragma once
// Whether a network's answers can be trusted to be those of each image by itself: asked when it is loaded.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::engines {

/// What the outputs of an image depend on beside the image.
enum class rows { apart, mixed, random };

/// Whether the scores of one image are probabilities that exclude each other.
[[nodiscard]] inline bool sums_to_one(tensor_view<float const, 1> scores)
{
    double sum = 0;
    for (float const value : scores) {
        if (!(value >= 0 && value <= 1)) { return false; }
        sum += static_cast<double>(value);
    }
    constexpr double rounding = 1e-3;  // of outputs of float16
    return scores.size() > 1 && std::abs(sum - 1) < rounding;
}

/// How well the outputs of one image agree, in parts of the largest: engines divide their work by the batch.
inline constexpr double exact_in_float32 = 1e-3;
inline constexpr double exact_in_less    = 5e-2;

/// What to say of rows that are mixed, if images can run by themselves; and of those that chance decides.
inline constexpr char const* one_at_a_time =
    "the outputs of an image depend on the others in its batch, so that it runs one at a time";
[[nodiscard]] inline model_error by_chance()
{
    return model_error{"the network gives other outputs each time for the same image, as dropout does; export it in "
                       "evaluation mode"};
}

namespace detail {

/// Two pictures that are as different as pictures are: a ramp with noise on it, and its negative at half the contrast.
[[nodiscard]] inline std::vector<float> two_pictures(std::size_t size)
{
    std::vector<float> both(2 * size);
    std::uint32_t state = 1;
    for (std::size_t i = 0; i < size; ++i) {
        state            = state * 1664525U + 1013904223U;  // Numerical Recipes' generator
        auto const noise = static_cast<float>(state >> 8U) * 0x1p-24F;
        auto const ramp  = static_cast<float>(i % 97) / 97;
        both[i]          = 2 * ramp + noise - 1;
        both[size + i]   = -both[i] / 2;
    }
    return both;
}

}  // namespace detail

/// Asks a network that runs `batch` images at a time, or any number (0), of `size` values each. answers(images, n) are its
/// outputs (n, classes) for n images, in host memory. `exact` is how well numbers of one size agree in its precision.
template <class Answers>
[[nodiscard]] rows what_rows_depend_on(Answers answers, index_t batch, std::size_t size, double exact)
{
    auto const both = detail::two_pictures(size);
    auto const n    = batch > 0 ? batch : 2;
    auto const fill = [&](auto first) {  // the number of the picture in each row
        std::vector<float> images;
        for (index_t i = 0; i < n; ++i) {
            auto const* from = both.data() + first(i) * size;
            images.insert(images.end(), from, from + size);
        }
        return images;
    };
    auto const row = [&](std::vector<float> const& outputs, index_t count, index_t i) {
        auto const classes = static_cast<std::ptrdiff_t>(outputs.size()) / count;
        return std::vector<float>(outputs.begin() + i * classes, outputs.begin() + (i + 1) * classes);
    };
    auto const apart = [](std::vector<float> const& a, std::vector<float> const& b) {
        double most = 0;
        for (std::size_t c = 0; c < a.size(); ++c) { most = std::max(most, std::abs(double{a[c]} - double{b[c]})); }
        return most;
    };
    // Each picture in every row, or by itself where that is possible.
    auto const alone = [&](std::size_t which) {
        std::vector<float> const one(both.begin() + static_cast<std::ptrdiff_t>(which * size),
                                     both.begin() + static_cast<std::ptrdiff_t>((which + 1) * size));
        if (batch == 0) { return answers(one, index_t{1}); }
        return row(answers(fill([&](index_t) { return which; }), n), n, n > 1 ? static_cast<index_t>(which) : 0);
    };
    auto const first  = alone(0);
    auto const second = alone(n > 1 ? 1 : 0);
    double size_of    = 0;
    for (float const v : first) { size_of = std::max(size_of, std::abs(double{v})); }
    double const exactly = exact * size_of;
    if (n == 1) { return apart(first, second) > exactly ? rows::random : rows::apart; }

    auto const mixed   = answers(fill([](index_t i) { return static_cast<std::size_t>(i % 2); }), n);
    double const limit = std::max(exactly, apart(first, second) / 10);
    if (!(std::max(apart(row(mixed, n, 0), first), apart(row(mixed, n, 1), second)) > limit)) { return rows::apart; }
    return apart(alone(0), first) > exactly ? rows::random : rows::mixed;
}

/// What a few forwards say of a network.
struct answered {
    rows on_what     = rows::apart;
    bool sums_to_one = false;  ///< every row of outputs, so that they are probabilities already
};
/// The same as what_rows_depend_on(), and whether the outputs are probabilities.
template <class Answers>
[[nodiscard]] answered ask(Answers answers, index_t classes, index_t batch, std::size_t size, std::string const& precision)
{
    bool all             = true;
    auto const looked_at = [&](std::vector<float> const& images, index_t n) {
        std::vector<float> outputs = answers(images, n);
        tensor_view<float const, 2> const of{outputs.data(), {n, classes}};
        for (index_t i = 0; i < n; ++i) { all = all && sums_to_one(of[i]); }
        return outputs;
    };
    auto const on_what =
        what_rows_depend_on(looked_at, batch, size, precision == "float32" ? exact_in_float32 : exact_in_less);
    return {on_what, all};
}

/// The same for one that ran a batch of any size, or 1 image alone: where rows are mixed, it runs one at a time from here
/// on, with a note. Whether the outputs are probabilities. Throws model_error if they come by chance.
template <class Answers>
[[nodiscard]] bool trusted(Answers answers, index_t classes, index_t& max_batch, std::size_t size,
                           std::string const& precision, std::vector<std::string>& notes)
{
    auto found = ask(answers, classes, max_batch == 1 ? 1 : 0, size, precision);
    if (found.on_what == rows::mixed) {
        max_batch = 1;
        notes.emplace_back(one_at_a_time);
        found = ask(answers, classes, 1, size, precision);
    }
    if (found.on_what == rows::random) { throw by_chance(); }
    return found.sums_to_one;
}

}  // namespace scorecam::engines
