#pragma once
// Where the values of a plan lie in one piece of memory, which those that are no longer needed leave to others.
#include <algorithm>
#include <cstddef>
#include <vector>

#include <scorecam/onnx/plan.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::onnx {

/// In elements for each image: n images need n times as many, and a value begins at n times its place.
struct places {
    std::vector<index_t> of;  ///< of each value; the input, and what is not computed, has none
    index_t size = 0;         ///< of the whole
};

/// Places for the values, which are multiples of 64 elements apart, 256 bytes of float32. The scores and the values `kept`
/// stay until the end.
[[nodiscard]] inline places placed(plan const& from, std::vector<value_id> const& kept)
{
    constexpr index_t apart = 64;
    std::vector<std::size_t> last_use(from.sizes.size());
    for (std::size_t i = 0; i < from.steps.size(); ++i) {
        for (auto const& x : from.steps[i].inputs) { last_use[x.value] = i; }
    }
    last_use[from.scores] = from.steps.size();
    for (auto const id : kept) { last_use[id] = from.steps.size(); }

    places found{std::vector<index_t>(from.sizes.size(), -1)};
    std::vector<value_id> there;  // by their places
    for (std::size_t i = 0; i < from.steps.size(); ++i) {
        auto const made = from.steps[i].output.value;
        auto const size = from.sizes[made];
        there.erase(std::remove_if(there.begin(), there.end(), [&](value_id id) { return last_use[id] < i; }), there.end());
        index_t at  = 0;
        auto before = there.begin();
        for (; before != there.end() && found.of[*before] < at + size; ++before) {  // the first gap that is large enough
            at = (found.of[*before] + from.sizes[*before] + apart - 1) / apart * apart;
        }
        there.insert(before, made);
        found.of[made] = at;
        found.size     = std::max(found.size, at + size);
    }
    found.size = (found.size + apart - 1) / apart * apart;
    return found;
}

}  // namespace scorecam::onnx
