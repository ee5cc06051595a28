#pragma once
// What a network's graph says of its tensors: which are on the way to the scores, through what the whole image must pass,
// and which of them are maps.
#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <scorecam/engines/ports.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::engines {

/// The image among what a tensor is computed of; and no tensor at all.
inline constexpr std::size_t the_image = std::numeric_limits<std::size_t>::max();

/// A tensor that may be a layer, as an engine describes it.
struct candidate {
    port tensor;                    ///< named as the layer is
    std::string type;               ///< the engine's name of the operation
    std::vector<std::size_t> of{};  ///< what it is computed of: numbers of candidates before it, or the_image
};

/// Operations by their names in any engine.
[[nodiscard]] inline bool names_any(std::string const& type, std::vector<std::string_view> const& parts)
{
    return std::any_of(parts.begin(), parts.end(), [&](std::string_view part) { return type.find(part) != type.npos; });
}
/// It sums over channels with weights, or over tokens.
[[nodiscard]] inline bool is_weighted(std::string const& type)
{
    return names_any(type, {"Conv", "Deconv", "MatMul", "Gemm", "InnerProduct", "Einsum", "Attention", "Linear"});
}
/// It computes of a neighbourhood, so that what it gives are maps.
[[nodiscard]] inline bool is_of_places(std::string const& type)
{
    return names_any(type, {"Conv", "Deconv", "Pool", "Resize", "Upsample", "Interpolate", "LRN"}) && type != "Convert" &&
           type != "ConvertLike";
}

/// Whether its values are those of the image: floating point, or quantised, and no shapes and indices.
[[nodiscard]] inline bool carries_image(candidate const& one)
{
    auto const& type = one.tensor.type;
    return one.tensor.is_float() || type == "int8" || type == "uint8" || (type == "int32" && is_weighted(one.type));
}
/// It only makes numbers of one type of those of another.
[[nodiscard]] inline bool only_converts(std::string const& type)
{
    return names_any(type, {"QuantizeLinear", "DequantizeLinear", "FakeQuantize", "Cast", "Convert"});
}

/// The graph of the tensors that depend on the image.
class flow {
public:
    /// `scores` is the number of the tensor that holds them.
    flow(std::vector<candidate> const& tensors, std::size_t scores)
        : tensors_{tensors}, of_(tensors.size()), feeds_(tensors.size()), through_(tensors.size(), the_image)
    {
        std::vector<bool> depends(tensors.size());
        for (std::size_t v = 0; v < tensors.size(); ++v) {
            for (auto const from : tensors[v].of) {
                bool const counts = from == the_image || (from < v && depends[from] && carries_image(tensors[from]));
                if (counts) { of_[v].push_back(from); }
            }
            depends[v] = !of_[v].empty();
            if (depends[v]) { through_[v] = of_[v][0]; }
            for (auto const from : of_[v]) { through_[v] = meet(through_[v], from); }
        }
        if (scores < tensors.size()) { feeds_[scores] = true; }
        for (std::size_t v = tensors.size(); v-- > 0;) {
            for (auto const from : of_[v]) {
                if (feeds_[v] && from != the_image) { feeds_[from] = true; }
            }
        }
    }

    /// Whether anything is known of it.
    [[nodiscard]] bool is_known() const { return std::find(feeds_.begin(), feeds_.end(), true) != feeds_.end(); }
    /// Whether the scores depend on it.
    [[nodiscard]] bool feeds(std::size_t v) const { return feeds_[v]; }
    [[nodiscard]] std::vector<std::size_t> const& of(std::size_t v) const { return of_[v]; }
    /// The last tensor before v that all which v is made of passes through; the_image if there is none.
    [[nodiscard]] std::size_t through(std::size_t v) const { return through_[v]; }

    /// Those that the scores depend on and that are made of v directly.
    [[nodiscard]] std::vector<std::size_t> users(std::size_t v) const
    {
        std::vector<std::size_t> all;
        for (std::size_t u = v + 1; u < of_.size(); ++u) {
            if (feeds_[u] && std::find(of_[u].begin(), of_[u].end(), v) != of_[u].end()) { all.push_back(u); }
        }
        return all;
    }
    /// Whether v is made of u, in however many steps.
    [[nodiscard]] std::vector<bool> behind(std::size_t u) const
    {
        std::vector<bool> found(of_.size());
        found[u] = true;
        for (std::size_t v = u + 1; v < of_.size(); ++v) {
            found[v] = std::any_of(of_[v].begin(), of_[v].end(),
                                   [&](std::size_t from) { return from != the_image && found[from]; });
        }
        return found;
    }
    /// Whether there are weights between v and the scores.
    [[nodiscard]] bool has_weights_behind(std::size_t v) const
    {
        auto const reached = behind(v);
        for (std::size_t u = v + 1; u < reached.size(); ++u) {
            if (reached[u] && feeds_[u] && is_weighted(tensors_[u].type)) { return true; }
        }
        return false;
    }

private:
    /// The last that both pass through: numbers grow along the graph.
    [[nodiscard]] std::size_t meet(std::size_t a, std::size_t b) const
    {
        while (a != b) {
            if (a == the_image || b == the_image) { return the_image; }
            auto& later = a > b ? a : b;
            later       = through_[later];
        }
        return a;
    }

    std::vector<candidate> const& tensors_;
    std::vector<std::vector<std::size_t>> of_;  // without constants, shapes and indices
    std::vector<bool> feeds_;
    std::vector<std::size_t> through_;
};

/// Whether the graph alone shows that rows of a batch of n do not know of each other: each operation works on rows, and n
/// stands first in all it gives. False where that is not known.
[[nodiscard]] inline bool rows_are_apart(std::vector<candidate> const& tensors, flow const& graph, index_t n)
{
    static std::vector<std::string> const by_rows{
        "Conv",          "Relu",      "LeakyRelu", "PRelu",   "Elu",         "Clip",   "Sigmoid",
        "HardSigmoid",   "HardSwish", "Tanh",      "MaxPool", "AveragePool", "Concat", "GlobalAveragePool",
        "GlobalMaxPool", "Add",       "Mul",       "Gemm",    "Flatten"};
    if (!graph.is_known() || n < 2) { return false; }
    for (std::size_t v = 0; v < tensors.size(); ++v) {
        if (!graph.feeds(v)) { continue; }
        auto const& [tensor, type, of] = tensors[v];
        auto const rank                = tensor.dims.size();
        bool const meets               = type == "Add" || type == "Mul";  // which align the extents from the last one on
        bool const level = !meets || std::all_of(graph.of(v).begin(), graph.of(v).end(), [&](std::size_t from) {
            return from != the_image && tensors[from].tensor.dims.size() == rank;
        });
        bool const known = std::find(by_rows.begin(), by_rows.end(), type) != by_rows.end();
        if (!known || !level || rank < 2 || tensor.dims[0] != n) { return false; }
    }
    return true;
}

}  // namespace scorecam::engines
