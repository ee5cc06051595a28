#pragma once
// Pictures to compare an image with (the baseline X_b) or to blend it with (the background of a mask).
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/ops/paint.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam {

namespace detail {

/// `values` in the backend's memory.
template <class T, class Backend>
[[nodiscard]] auto on_backend(Backend& on, std::vector<double> const& values)
{
    std::vector<T> const host(values.begin(), values.end());
    auto const count = static_cast<index_t>(host.size());
    auto buffer      = on.template allocate<T>(count);
    on.from_host(host.data(), tensor_view<T, 1, typename Backend::space_type>{buffer.data(), count});
    return buffer;
}

inline void check_finite(std::string const& what, double value)
{
    if (!std::isfinite(value)) { throw option_error{what + " " + std::to_string(value) + "; give a finite number"}; }
}

template <class Backend, class T, std::size_t Rank, class Space>
void paint_colour(Backend& on, tensor_view<T const, Rank, Space> images, std::vector<double> const& values,
                  tensor_view<T, Rank, Space> out)
{
    auto buffer = on_backend<T>(on, values);
    on.paint(images, ops::colour<T>{buffer.data()}, out);
}

}  // namespace detail

// A picture paints itself for a batch of images: paint(backend, images (n, C, H, W), out (n, C, H, W)). One that is the same
// for every image says so with `per_image = false`, and is painted and scored once. Values are in the model's input space,
// after its preprocessing: with the usual mean subtraction 0 is the mean colour of the training set, not black.

/// All zeros: the "black image" of the paper.
struct black {
    static constexpr bool per_image = false;
    template <class Backend, class T, std::size_t Rank, class Space>
    void paint(Backend& on, tensor_view<T const, Rank, Space> images, tensor_view<T, Rank, Space> out) const
    {
        detail::paint_colour(on, images, std::vector<double>(static_cast<std::size_t>(images.extent(1))), out);
    }
};

/// One value for all channels, or one per channel: constant{-0.5}, constant{0.1, 0.2, 0.3}.
struct constant {
    static constexpr bool per_image = false;
    std::vector<double> values;

    constant(std::initializer_list<double> of) : values{of} {}
    explicit constant(std::vector<double> of) : values{static_cast<std::vector<double>&&>(of)} {}

    template <class Backend, class T, std::size_t Rank, class Space>
    void paint(Backend& on, tensor_view<T const, Rank, Space> images, tensor_view<T, Rank, Space> out) const
    {
        auto const channels = static_cast<std::size_t>(images.extent(1));
        for (auto const value : values) { detail::check_finite("the constant picture has the value", value); }
        if (values.size() != 1 && values.size() != channels) {
            throw option_error{"the constant picture has " + std::to_string(values.size()) + " values for images of " +
                               std::to_string(channels) + " channels; give one value, or one per channel"};
        }
        detail::paint_colour(on, images, values.size() == channels ? values : std::vector<double>(channels, values[0]), out);
    }
};

/// The image's own mean, channel by channel.
struct mean {
    static constexpr bool per_image = true;
    template <class Backend, class T, std::size_t Rank, class Space>
    void paint(Backend& on, tensor_view<T const, Rank, Space> images, tensor_view<T, Rank, Space> out) const
    {
        auto shape = images.shape();
        for (std::size_t d = 2; d < Rank; ++d) { shape[d] = 1; }
        auto means = on.template allocate<T>(shape.size());
        on.paint(images, ops::plane_mean<T>{}, tensor_view<T, Rank, Space>{means.data(), shape});
        for (index_t i = 0; i < images.extent(0); ++i) {
            on.paint(images.slice(i, 1), ops::colour<T>{means.data() + i * images.extent(1)}, out.slice(i, 1));
        }
    }
};

/// The image after a Gaussian filter of standard deviation `sigma`, in pixels; edges are reflected.
struct blurred {
    static constexpr bool per_image = true;
    double sigma                    = 10;
    index_t radius                  = 0;  ///< where the filter is cut off, in pixels; 0: at 3 sigma

    template <class Backend, class T, std::size_t Rank, class Space>
    void paint(Backend& on, tensor_view<T const, Rank, Space> images, tensor_view<T, Rank, Space> out) const
    {
        auto const half   = weights();
        auto taps         = detail::on_backend<T>(on, half);
        auto const reach  = static_cast<index_t>(half.size()) - 1;
        auto const filter = [&](std::size_t axis) { return ops::filter_axis<T>{taps.data(), reach, axis}; };

        auto const one     = images.slice(0, 1).shape();
        auto scratch       = on.template allocate<T>(one.size());
        auto const between = tensor_view<T, Rank, Space>{scratch.data(), one};
        for (index_t i = 0; i < images.extent(0); ++i) {
            on.paint(images.slice(i, 1), filter(0), out.slice(i, 1));
            for (std::size_t axis = 1; axis + 2 < Rank; ++axis) {
                on.copy(tensor_view<T const, Rank, Space>{out.slice(i, 1)}, between);
                on.paint(tensor_view<T const, Rank, Space>{between}, filter(axis), out.slice(i, 1));
            }
        }
    }

    /// The filter's taps from the centre outwards, which sum to 1 over both sides.
    [[nodiscard]] std::vector<double> weights() const
    {
        constexpr double largest = 1e4;  // pixels: far beyond any image, near enough to be computed
        if (!(sigma > 0) || sigma > largest || radius < 0 || static_cast<double>(radius) > largest) {
            throw option_error{"the blurred picture has sigma " + std::to_string(sigma) + " and radius " +
                               std::to_string(radius) +
                               "; give a positive number of pixels up to 10000, and a radius from 0 to 10000"};
        }
        auto const reach = static_cast<std::size_t>(radius > 0 ? radius : static_cast<index_t>(std::ceil(3 * sigma)));
        std::vector<double> taps(reach + 1);
        double sum = 0;
        for (std::size_t r = 0; r <= reach; ++r) {
            taps[r] = ops::gaussian(static_cast<double>(r), sigma);
            sum += r == 0 ? taps[r] : 2 * taps[r];
        }
        for (auto& tap : taps) { tap /= sum; }
        return taps;
    }
};

/// Gaussian noise of mean 0 from a counter-based generator: a seed stands for the same picture everywhere, up to the
/// rounding of a backend's log and cos.
struct noise {
    static constexpr bool per_image = false;
    std::uint64_t seed              = 0;
    double deviation                = 1;

    template <class Backend, class T, std::size_t Rank, class Space>
    void paint(Backend& on, tensor_view<T const, Rank, Space> images, tensor_view<T, Rank, Space> out) const
    {
        detail::check_finite("the noise picture has the deviation", deviation);
        on.paint(images, ops::gaussian_noise<T>{seed, static_cast<T>(deviation)}, out);
    }
};

/// The image itself: f(X) is known already, so that as a baseline it costs nothing.
struct unmasked {
    static constexpr bool per_image = true;
    template <class Backend, class T, std::size_t Rank, class Space>
    void paint(Backend& on, tensor_view<T const, Rank, Space> images, tensor_view<T, Rank, Space> out) const
    {
        on.copy(images, out);
    }
};

/// A picture of the caller's, (C, H, W), in the backend's memory; it outlives the call.
template <class T, std::size_t Rank, class Space>
struct given {
    static constexpr bool per_image = false;
    tensor_view<T const, Rank, Space> picture;

    explicit given(tensor_view<T const, Rank, Space> view) : picture{view} {}
    explicit given(tensor_view<T, Rank, Space> view)
        requires(!std::is_const_v<T>)
        : picture{view}
    {
    }

    template <class Backend, class Images, class Out>
    void paint(Backend& on, Images const& images, Out const& out) const
    {
        constexpr bool alike = std::is_convertible_v<Images, tensor_view<T const, Rank + 1, Space>>;
        static_assert(alike, "scorecam: a given picture is a tensor_view<value_type const, 3, space_type> (C, H, W) of the "
                             "images' type and in the same memory, that of the backend");
        if constexpr (alike) { copy_to(on, images, out); }
    }

private:
    template <class Backend>
    void copy_to(Backend& on, tensor_view<T const, Rank + 1, Space> images, tensor_view<T, Rank + 1, Space> out) const
    {
        if (!(picture.shape() == trailing<Rank>(images.shape()))) {
            throw shape_error{"the given picture has the shape " + to_string(picture.shape()) + ", the images have " +
                              to_string(trailing<Rank>(images.shape()))};
        }
        for (index_t i = 0; i < images.extent(0); ++i) {
            on.copy(tensor_view<T const, Rank + 1, Space>{picture.data(), prepend(picture.shape(), 1)}, out.slice(i, 1));
        }
    }
};
template <class T, std::size_t Rank, class Space>
given(tensor_view<T, Rank, Space>) -> given<std::remove_const_t<T>, Rank, Space>;

}  // namespace scorecam
