#pragma once
// Scores of a class against its neighbours, and of a number in one direction.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/ops/rows.hpp>
#include <scorecam/policies/kinds.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam {

/// sign · outputs[c]: the value of a regression or of a binary head, and with a sign of -1 what speaks for less of it, or
/// against the class.
struct value {
    using kind = kinds::score;
    int sign   = 1;

    template <class T>
    struct reading {
        ops::row<T> outputs;
        T sign;
        [[nodiscard]] SCORECAM_HD T operator()(index_t c) const { return sign * outputs[c]; }
    };
    template <class T>
    [[nodiscard]] SCORECAM_HD reading<T> operator()(ops::row<T> outputs) const
    {
        return {outputs, static_cast<T>(sign < 0 ? -1 : 1)};
    }
};

/// y_c - gamma · the mean of the logits of other classes: what tells class c from those it is mistaken for. Finer-CAM, Zhang
/// et al., CVPR 2025 (arXiv:2501.11309), whose gamma is 0.6 and whose others are the 3 classes nearest to c; see
/// nearest_classes.
struct contrast {
    using kind                    = kinds::score;
    static constexpr int most     = 16;
    static constexpr double usual = 0.6;  ///< gamma

    /// Throws option_error if no class or more than 16 are named, or gamma is not finite.
    explicit contrast(std::vector<index_t> const& others, double weight = usual)
        : count{static_cast<int>(others.size())}, gamma{weight}
    {
        if (others.empty() || others.size() > static_cast<std::size_t>(most)) {
            throw option_error{"a contrast to " + std::to_string(others.size()) + " classes was asked for; name 1 to " +
                               std::to_string(most)};
        }
        if (!std::isfinite(weight)) { throw option_error{"a contrast's gamma is not finite; give 0 to 1, 0.6 as a rule"}; }
        std::copy(others.begin(), others.end(), classes);
    }

    index_t classes[most]{};
    int count;
    double gamma;

    template <class T>
    struct reading {
        ops::row<T> outputs;
        T subtracted;
        [[nodiscard]] SCORECAM_HD T operator()(index_t c) const { return outputs[c] - subtracted; }
    };
    template <class T>
    [[nodiscard]] SCORECAM_HD reading<T> operator()(ops::row<T> outputs) const
    {
        T sum = 0;
        for (int k = 0; k < count; ++k) {
#if !defined(__CUDA_ARCH__)
            if (classes[k] < 0 || classes[k] >= outputs.size()) {
                throw target_error{"a contrast to class " + std::to_string(classes[k]) + " was asked of a model with " +
                                   std::to_string(outputs.size()) + " outputs; name 0 to " +
                                   std::to_string(outputs.size() - 1)};
            }
#endif
            sum += outputs[classes[k]];
        }
        return {outputs, static_cast<T>(gamma) * sum / static_cast<T>(count)};
    }
};

/// The n classes whose logits for an image, outputs (classes), lie nearest to that of class c, the nearest first; of equal
/// ones the lower number. Throws target_error or option_error.
template <class T>
[[nodiscard]] std::vector<index_t> nearest_classes(tensor_view<T const, 1> outputs, index_t c, index_t n = 3)
{
    if (c < 0 || c >= outputs.extent(0)) {
        throw target_error{"class " + std::to_string(c) + " does not exist: the model has " +
                           std::to_string(outputs.extent(0)) + " outputs"};
    }
    if (n < 1 || n >= outputs.extent(0)) {
        throw option_error{std::to_string(n) + " classes beside one were asked of a model with " +
                           std::to_string(outputs.extent(0)) + " outputs; ask for 1 to " +
                           std::to_string(outputs.extent(0) - 1)};
    }
    std::vector<index_t> others;
    for (index_t k = 0; k < outputs.extent(0); ++k) {
        if (k != c) { others.push_back(k); }
    }
    auto const apart = [&](index_t k) { return std::abs(outputs(k) - outputs(c)); };
    std::stable_sort(others.begin(), others.end(), [&](index_t a, index_t b) { return apart(a) < apart(b); });
    others.resize(static_cast<std::size_t>(n));
    return others;
}

}  // namespace scorecam
