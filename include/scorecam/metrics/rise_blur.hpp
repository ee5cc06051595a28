#pragma once
// The picture that RISE's insertion game starts from.
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/ops/paint.hpp>
#include <scorecam/policies/picture.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::metrics {

/// eclique/RISE, evaluation.py, gkern, and Evaluation.ipynb: a convolution with zeros beyond the edges, so that they fade,
/// and a kernel made by smoothing a point on a grid of the kernel's own size. scipy's filter reflects at the borders of that
/// grid and cuts off at 4 sigma: what a Gaussian has outside is folded back in, and the kernel is flatter than the Gaussian.
struct rise_blur {
    static constexpr bool per_image = true;
    index_t size                    = 11;  ///< pixels, odd
    double sigma                    = 5;

    template <class Backend, class T, std::size_t Rank, class Space>
    void paint(Backend& on, tensor_view<T const, Rank, Space> images, tensor_view<T, Rank, Space> out) const
    {
        auto const half    = weights();
        auto taps          = scorecam::detail::on_backend<T>(on, half);
        auto const reach   = static_cast<index_t>(half.size()) - 1;
        auto const one     = images.slice(0, 1).shape();
        auto scratch       = on.template allocate<T>(one.size());
        auto const between = tensor_view<T, Rank, Space>{scratch.data(), one};
        for (index_t i = 0; i < images.extent(0); ++i) {
            auto from = images.slice(i, 1);
            for (std::size_t axis = 0; axis + 2 < Rank; ++axis) {
                on.paint(from, ops::filter_axis<T>{taps.data(), reach, axis, ops::beyond::zero}, out.slice(i, 1));
                on.copy(tensor_view<T const, Rank, Space>{out.slice(i, 1)}, between);
                from = between;
            }
        }
    }

    /// The kernel along one axis from its centre outwards.
    [[nodiscard]] std::vector<double> weights() const
    {
        constexpr double largest = 1e4;  // pixels
        if (size < 1 || size % 2 == 0 || !(sigma > 0) || sigma > largest) {
            throw option_error{"RISE's blur has the size " + std::to_string(size) + " and sigma " + std::to_string(sigma) +
                               "; give an odd size and a positive sigma"};
        }
        constexpr double cut = 4;  // scipy.ndimage.gaussian_filter, truncate
        auto const reach     = static_cast<index_t>(cut * sigma + 0.5);
        auto const half      = size / 2;
        double whole         = 0;
        std::vector<double> folded(static_cast<std::size_t>(half) + 1);
        for (index_t r = -reach; r <= reach; ++r) { whole += ops::gaussian(static_cast<double>(r), sigma); }
        for (index_t at = 0; at <= half; ++at) {
            // A point in the middle of an odd grid, reflected with the last line repeated, recurs every `size` pixels.
            for (index_t r = at - (reach + at) / size * size; r <= reach; r += size) {
                folded[static_cast<std::size_t>(at)] += ops::gaussian(static_cast<double>(r), sigma) / whole;
            }
        }
        return folded;
    }
};

}  // namespace scorecam::metrics
