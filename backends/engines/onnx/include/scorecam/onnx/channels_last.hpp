#pragma once
// A plan for values whose channels lie last in memory, where a reshape would move elements.
#include <cstddef>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/onnx/plan.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::onnx {

namespace detail {

/// Whether (C, H, W) and (H, W, C) are the same in memory.
[[nodiscard]] inline bool of_one_order(image_shape const& shape) { return shape[0] == 1 || shape[1] * shape[2] == 1; }

/// A layer that is fully connected with an image of `made`, flattened, is a convolution with one window.
inline bool see_whole_image(step& one, image_shape const& made)
{
    auto* what           = std::get_if<convolution>(&one.what);
    bool const connected = what != nullptr && what->shape == extents<4>{what->shape[0], made.size(), 1, 1} &&
                           what->groups == 1 && what->padding == pair{0, 0};
    if (!connected) { return false; }
    what->shape         = {what->shape[0], made[0], made[1], made[2]};
    one.inputs[0].shape = made;
    return true;
}

}  // namespace detail

/// The plan with each step seeing its inputs in the shape in which they are made; `input` is that of the network's. Throws
/// model_error with the node where that cannot be.
[[nodiscard]] inline plan for_channels_last(plan from, image_shape const& input)
{
    std::vector<image_shape> made(from.sizes.size());
    made[the_input] = input;
    for (auto& one : from.steps) {
        for (std::size_t i = 0; i < one.inputs.size(); ++i) {
            auto const& x     = one.inputs[i];
            auto const& whole = made[x.value];
            bool const same   = x.shape == whole || (detail::of_one_order(x.shape) && detail::of_one_order(whole));
            if (same || (i == 0 && detail::see_whole_image(one, whole))) { continue; }
            throw model_error{one.node + ": takes an image of " + to_string(whole) + " reshaped to " + to_string(x.shape) +
                              ", which cannot be done with the channels last; run it with the channels first"};
        }
        made[one.output.value] = one.output.shape;
    }
    return from;
}

}  // namespace scorecam::onnx
