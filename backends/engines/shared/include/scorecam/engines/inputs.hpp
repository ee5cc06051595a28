#pragma once
// What a network is given: the image in the network's order and type, and its other inputs, which are held constant.
#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <scorecam/engines/elements.hpp>
#include <scorecam/engines/ports.hpp>
#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::engines {

/// The value of an input that is no image: a number for all of it, or an array with the extents of the input, with or
/// without those of the batch.
struct held_constant {
    std::vector<index_t> dims{};  ///< none of a number
    std::vector<float> values{};
};
using constants = std::map<std::string, held_constant>;  ///< by the names of the inputs

/// Where the channels of an image stand.
enum class channels { first, last };

/// What an engine reads, with the extents of the batch.
struct given {
    void const* from = nullptr;
    std::vector<index_t> dims{};
    onnx::element type = onnx::element::float32;
};

/// The extents of an input as it is given for n images.
[[nodiscard]] inline std::vector<index_t> dims_for(port const& input, index_t n)
{
    auto dims = input.dims;
    if (!dims.empty() && dims[0] < 0) { dims[0] = n; }
    return dims;
}

namespace detail {

template <std::size_t Rank>
[[nodiscard]] bool fits(port const& found, extents<Rank> const& image)
{
    bool all = found.any_rank || found.dims.size() == Rank + 1;
    for (std::size_t d = 1; all && d < found.dims.size(); ++d) { all = found.dims[d] < 0 || found.dims[d] == image[d - 1]; }
    return all;
}
template <std::size_t Rank>
[[nodiscard]] extents<Rank> with_channels_last(extents<Rank> const& image)
{
    extents<Rank> turned{};
    for (std::size_t d = 0; d + 1 < Rank; ++d) { turned[d] = image[d + 1]; }
    turned[Rank - 1] = image[0];
    return turned;
}

}  // namespace detail

/// Whether the port takes (channels, height, width), or (height, width, channels), of that size; of any size, where the
/// engine makes networks over. Throws model_error if neither.
template <std::size_t Rank>
[[nodiscard]] channels order_of(port const& found, extents<Rank> const& image, bool of_any_size)
{
    if (detail::fits(found, image)) { return channels::first; }
    if (!found.any_rank && detail::fits(found, detail::with_channels_last(image))) { return channels::last; }
    if (of_any_size && found.dims.size() == Rank + 1) {
        if (found.dims[1] == image[0] || found.dims[1] < 0) { return channels::first; }
        if (found.dims[Rank] == image[0]) { return channels::last; }
    }
    throw wrong_input(to_string(image), found);
}

/// The number of the input that is the image: the one that is called so, or the only one that is not held constant. Throws
/// model_error.
[[nodiscard]] inline std::size_t image_among(std::vector<port> const& inputs, std::string const& wanted,
                                             constants const& held)
{
    std::vector<std::size_t> free;
    for (auto const& constant : held) {  // clang 14 captures no part of a binding
        auto const& name = constant.first;
        if (std::none_of(inputs.begin(), inputs.end(), [&](port const& one) { return one.name == name; })) {
            throw model_error{"the network has no input " + name + "; name one of" + listed(inputs)};
        }
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (held.count(inputs[i].name) == 0) { free.push_back(i); }
    }
    if (free.size() != 1 || (!wanted.empty() && inputs[free[0]].name != wanted)) {
        throw model_error{"the network needs one input, an image" + (wanted.empty() ? "" : ", called " + wanted) +
                          "; it has" + listed(inputs) + "; give each of the others a value in settings::held"};
    }
    auto const& image = inputs[free[0]];
    static std::vector<std::string> const of_images{"float32", "float16", "bfloat16", "uint8"};
    if (std::find(of_images.begin(), of_images.end(), image.type) == of_images.end()) {
        throw model_error{"the network's input " + image.name + " is not of float32, float16 or uint8 but of " + image.type +
                          "; convert the network"};
    }
    return free[0];
}

/// (C, h, w) images as (h, w, C), n of them.
template <std::size_t Rank>
void move_channels_last(float const* images, index_t n, extents<Rank> const& image, float* to)
{
    auto const places = image.size() / image[0];
    for (index_t i = 0; i < n; ++i) {
        for (index_t c = 0; c < image[0]; ++c) {
            float const* const from = images + (i * image[0] + c) * places;
            for (index_t p = 0; p < places; ++p) { to[(i * places + p) * image[0] + c] = from[p]; }
        }
    }
}

/// An input that is held constant.
class held_input {
public:
    /// Throws model_error if the value is none that the port takes.
    held_input(port of, held_constant value) : port_{std::move(of)}, value_{std::move(value)}
    {
        auto& dims         = port_.dims;
        auto const& theirs = value_.dims;
        bool fits          = is_readable(port_.type);
        if (port_.any_rank) {
            dims           = theirs;
            port_.any_rank = false;
        }
        bool const without_batch = !theirs.empty() && theirs.size() + 1 == dims.size();
        if (!theirs.empty()) {
            fits = fits && (without_batch || theirs.size() == dims.size());
            for (std::size_t d = without_batch ? 1 : 0; fits && d < dims.size(); ++d) {
                auto const extent = theirs[d - (without_batch ? 1 : 0)];
                bool const batch  = d == 0 && extent == 1;  // of any size, then
                fits              = dims[d] < 0 || dims[d] == extent || batch;
                if (dims[d] < 0 && !batch) { dims[d] = extent; }
            }
        }
        fits = fits && std::none_of(dims.begin() + (dims.empty() ? 0 : 1), dims.end(), [](index_t d) { return d < 0; });
        if (!fits) {
            throw model_error{"the input " + port_.name + " is" + onnx::text(port_.dims) + " of " + port_.type +
                              ", which a value " +
                              (theirs.empty() ? std::string{"of one number"} : "of the shape" + onnx::text(theirs)) +
                              " does not fill; give an array of that shape in settings::held"};
        }
    }

    /// With -1 in front if it follows the batch.
    [[nodiscard]] port const& shape() const { return port_; }

    /// For n images.
    [[nodiscard]] given for_batch(index_t n)
    {
        auto dims       = dims_for(port_, n);
        auto const size = static_cast<std::size_t>(onnx::product(dims));
        if (all_.size() != size) {
            all_.resize(size);
            for (std::size_t i = 0; i < size; ++i) { all_[i] = value_.values.at(i % value_.values.size()); }
        }
        return {memory_.filled(all_.data(), size, port_.type), std::move(dims), element_named(port_.type)};
    }

private:
    port port_;
    held_constant value_;
    std::vector<float> all_{};
    buffer memory_{};
};

}  // namespace scorecam::engines
