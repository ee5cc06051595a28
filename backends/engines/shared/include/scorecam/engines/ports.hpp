#pragma once
// Which of a network's inputs is the image, and which of its outputs are the scores.
#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <scorecam/engines/onnx/numbers.hpp>
#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::engines {

/// An input, an output or a layer as an engine describes it.
struct port {
    std::string name{};
    std::vector<index_t> dims{};   ///< with the batch; -1 where they are open
    std::string type = "float32";  ///< of its elements
    bool any_rank    = false;      ///< the number of extents is open, too

    [[nodiscard]] bool is_float() const
    {
        return type == "float32" || type == "float16" || type == "bfloat16" || type == "float64";
    }
};

/// " image (n, 3, 8, 8), other (n, 4) of int64"
[[nodiscard]] inline std::string listed(std::vector<port> const& ports)
{
    std::string all;
    for (auto const& one : ports) {
        all += (all.empty() ? " " : ", ") + one.name + (one.any_rank ? "" : onnx::text(one.dims).substr(one.name.empty()));
        if (one.type != "float32") { all += " of " + one.type; }
    }
    return all.empty() ? " none" : all;
}

[[nodiscard]] inline model_error wrong_input(std::string const& input, port const& found)
{
    return model_error{"the network does not take inputs of " + input + " but of" + onnx::text(found.dims) +
                       " with the batch; give the size and the channels it was made for"};
}

/// The network's one input, which must be an image of float32. Throws model_error.
[[nodiscard]] inline port const& image_among(std::vector<port> const& inputs, std::string const& wanted = "")
{
    if (inputs.size() != 1 || (!wanted.empty() && inputs[0].name != wanted)) {
        throw model_error{"the network needs one input, an image" + (wanted.empty() ? "" : ", called " + wanted) +
                          "; it has" + listed(inputs) + "; export it with the image alone"};
    }
    if (inputs[0].type != "float32") {
        throw model_error{"the network's input " + inputs[0].name + " is not of float32 but of " + inputs[0].type +
                          "; convert the network"};
    }
    return inputs[0];
}

/// Throws model_error unless batches of `input` are what the port takes.
template <std::size_t Rank>
void expect_input(port const& found, extents<Rank> const& input)
{
    bool fits = found.any_rank || found.dims.size() == Rank + 1;
    for (std::size_t d = 1; fits && d < found.dims.size(); ++d) {
        fits = found.dims[d] < 0 || found.dims[d] == input[d - 1];
    }
    if (!fits) { throw wrong_input(to_string(input), found); }
}

/// Of a network of which no layer has values of floating point; `what` does so.
[[nodiscard]] inline model_error quantised(std::string const& what)
{
    return model_error{"the network is quantised, and so are the values of its layers: " + what +
                       "; export it with QuantizeLinear and DequantizeLinear (QDQ) around float32 operators instead, or "
                       "before it is quantised"};
}

/// Which outputs are scores: those of the form (n, classes), or those of whatever form, (n, ...) with one to four extents:
/// boxes, segments.
enum class answers { classes, any };

/// An output of the form (n, classes): with extents of 1 among them, of one class (n), or of one image alone (classes). Or
/// of any other form, if that is asked for; `classes` is then how many numbers an image has.
struct scores {
    std::size_t output = 0;
    std::vector<index_t> dims{};  ///< after the batch: (classes), (classes, 1, 1), (1, classes), ...
    index_t classes = 0;
    bool has_batch  = true;  ///< false of one image alone

    /// Boxes or segments: more than one number for each of several places.
    [[nodiscard]] bool is_of_places() const
    {
        return std::count_if(dims.begin(), dims.end(), [](index_t d) { return d > 1; }) > 1;
    }
    /// The extents of the output for n images.
    [[nodiscard]] std::vector<index_t> of(index_t n) const
    {
        auto all = dims;
        if (has_batch) { all.insert(all.begin(), n); }
        return all;
    }
};

/// What has the extents `dims` for n images as scores; none if it is of another form.
[[nodiscard]] inline std::optional<scores> scores_in(std::vector<index_t> const& dims, index_t n,
                                                     answers form = answers::classes)
{
    scores found;
    if (form == answers::any && dims.size() >= 2 && dims.size() <= 5 && dims[0] == n) {
        found.dims.assign(dims.begin() + 1, dims.end());
        if (std::any_of(found.dims.begin(), found.dims.end(), [](index_t d) { return d < 1; })) { return std::nullopt; }
        found.classes = onnx::product(found.dims);
        return found;
    }
    if (dims.size() == 1 && n == 1) { return scores{0, dims, dims[0], false}; }
    if (dims.empty() || dims[0] != n) { return std::nullopt; }
    found.dims.assign(dims.begin() + 1, dims.end());
    found.classes = 1;
    for (auto const d : found.dims) {
        if (d < 1 || (d > 1 && found.classes > 1)) { return std::nullopt; }  // of several places, or unknown
        found.classes *= d;
    }
    return found;
}

/// The only output of the form (n, classes), of those for which wanted(number) is true. None if there is none, or several.
template <class Wanted>
[[nodiscard]] std::optional<scores> scores_among(std::vector<port> const& outputs, index_t n, Wanted wanted,
                                                 answers form = answers::classes)
{
    std::optional<scores> found;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        auto one = scores_in(outputs[i].dims, n, form);
        if (!wanted(i) || !outputs[i].is_float() || !one) { continue; }
        if (found) { return std::nullopt; }
        found         = std::move(one);
        found->output = i;
    }
    return found;
}
/// The same, of those with that name, or of all if it is empty.
[[nodiscard]] inline std::optional<scores> scores_among(std::vector<port> const& outputs, index_t n,
                                                        std::string const& wanted, answers form = answers::classes)
{
    return scores_among(outputs, n, [&](std::size_t i) { return wanted.empty() || outputs[i].name == wanted; }, form);
}

/// What to say where scores_among() finds none.
[[nodiscard]] inline model_error no_scores_among(std::vector<port> const& outputs, index_t n, bool named,
                                                 answers form = answers::classes)
{
    if (form == answers::any) {
        return model_error{"the network needs one output (n, ...) that is named or the only one; it has" + listed(outputs) +
                           "; name one in settings::output"};
    }
    auto const suits = [&](port const& one) { return one.is_float() && scores_in(one.dims, n); };
    bool const some  = std::any_of(outputs.begin(), outputs.end(), suits);
    auto const maps  = [&](port const& one) { return one.is_float() && one.dims.size() > 2 && !scores_in(one.dims, n); };
    if (!some && !outputs.empty() && std::all_of(outputs.begin(), outputs.end(), maps)) {
        return model_error{
            "the network needs one output of the form (n, classes); it has" + listed(outputs) +
            "; export it with scores of classes, or, as these are scores for each place as those of segmentation or "
            "detection, ask for outputs of any form, settings::answers"};
    }
    return model_error{"the network needs one output of the form (n, classes); it has" + listed(outputs) +
                       (some || named ? "; name one of that form in settings::output" : "; export it with its scores")};
}

/// Throws shape_error unless a batch has the shape (n, input...), with n from 1 to `most`.
template <std::size_t Rank>
void expect_batch(extents<Rank + 1> const& batch, extents<Rank> const& input, index_t most)
{
    if (trailing<Rank>(batch) == input && batch[0] >= 1 && batch[0] <= most) { return; }
    throw shape_error{"a batch of the shape " + to_string(batch) + " was given to a network for " +
                      to_string(prepend(input, most)) + " at most"};
}

}  // namespace scorecam::engines
