#pragma once
// From the numbers in an ONNX file to sizes. There is no other way: a file may say anything.
#include <limits>
#include <string>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::onnx {

/// Extents. One that a file leaves open is -1.
using dims = std::vector<index_t>;

/// What a size, a stride or a padding may be at most, and the elements of an activation: as far as 32 bits reach.
inline constexpr index_t largest_size = std::numeric_limits<int>::max();

/// " (n, 3, 8, 8)": extents for messages; those the file leaves open are n.
[[nodiscard]] inline std::string text(dims const& of)
{
    std::string all;
    for (auto const d : of) { all += (all.empty() ? " (" : ", ") + (d < 0 ? std::string{"n"} : std::to_string(d)); }
    return all.empty() ? " ()" : all + ")";
}

/// The number of elements. Throws model_error if an extent is negative, or if there are more elements than `most`.
[[nodiscard]] inline index_t product(dims const& of, index_t most = largest_size)
{
    index_t count = 1;
    bool empty    = false;
    for (auto const d : of) {
        if (d < 0) {
            std::string all;
            for (auto const one : of) { all += (all.empty() ? "(" : ", ") + std::to_string(one); }
            throw model_error{"a tensor of the shape " + all + ") has a negative extent; export the network again"};
        }
        empty = empty || d == 0;
    }
    for (auto const d : of) {
        if (empty) { return 0; }
        if (d > most / count) {
            throw model_error{"a tensor of the shape" + text(of) + " is larger than the " + std::to_string(most) +
                              " elements that it can have; export the network again"};
        }
        count *= d;
    }
    return count;
}

}  // namespace scorecam::onnx
