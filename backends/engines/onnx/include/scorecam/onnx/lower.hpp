#pragma once
// From a graph to a plan: one step for each operator, in the order of the file.
//
// What only moves or renames values (Flatten, Reshape, Identity, Dropout, ...) gives no step, and Pad becomes part of the
// convolution behind it. Fully connected layers, normalisations and sums or products with a constant for each channel become
// convolutions. What a node cannot be made of is told where its result is needed, and nowhere else.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <scorecam/engines/onnx/graph.hpp>
#include <scorecam/engines/onnx/numbers.hpp>
#include <scorecam/engines/onnx/tensor.hpp>
#include <scorecam/engines/ports.hpp>
#include <scorecam/error.hpp>
#include <scorecam/onnx/constants.hpp>
#include <scorecam/onnx/plan.hpp>
#include <scorecam/onnx/windows.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::onnx {

namespace detail {

/// A value as the file sees it.
struct known {
    value_id value;
    dims shape;         // for each image
    margins padding{};  // zeros that are still to be put around it
};

/// With the zeros that are still to be put around it, which only a (C, H, W) has.
[[nodiscard]] inline dims padded_shape(known const& one)
{
    auto shape = one.shape;
    for (std::size_t a = 0; a < 2 && shape.size() == 3; ++a) {
        shape[1 + a] += one.padding.before[a] + one.padding.after[a];
    }
    return shape;
}

/// (C), (C, H, W), and whatever else lies between, as (C, H, W).
[[nodiscard]] inline image_shape as_image(dims const& shape)
{
    auto const channels = shape.empty() ? 1 : shape.front();
    auto const width    = shape.size() > 1 ? shape.back() : 1;
    return {channels, product(shape) / std::max<index_t>(1, channels * width), width};  // both are parts of the product
}

/// Weights as they are computed with.
struct decoded {
    dims shape;
    std::vector<float> floats;
};

class lowering {
public:
    lowering(graph const& from, image_shape input, std::string const& wanted_output) : from_{from}
    {
        take_input(input);
        for (auto const& of : from.nodes) { take(of); }
        choose_output(wanted_output);
    }
    [[nodiscard]] plan result() && { return std::move(plan_); }

private:
    // ---- the graph

    void take_input(image_shape shape)
    {
        std::vector<engines::port> inputs;
        for (auto const& one : from_.inputs) { inputs.push_back({one.name, one.shape, to_string(one.type)}); }
        auto const& in = engines::image_among(inputs);
        engines::expect_input(in, shape);
        images_ = in.dims[0];
        expect_size({shape[0], shape[1], shape[2]}, "the input " + in.name);
        plan_.sizes.push_back(shape.size());
        values_[in.name] = {the_input, {shape[0], shape[1], shape[2]}, {}};
    }

    /// Throws model_error unless an activation can have that shape.
    static void expect_size(dims const& shape, std::string const& what)
    {
        index_t count = 1;
        for (auto const d : shape) { count = d >= 1 && count >= 1 && d <= largest_size / count ? count * d : 0; }
        if (count > 0) { return; }
        throw model_error{what + ": it has the shape" + text(shape) + " for each image, which is none of 1 to " +
                          std::to_string(largest_size) + " elements; give the size that the network was made for"};
    }

    /// Keeps what is wrong with a node for whoever needs its result.
    void take(node const& of)
    {
        try {
            if (of.type == "Constant") {
                constants_[of.outputs.at(0)] = constant_of(of);
            } else if (of.type == "Shape" && values_.count(of.inputs.at(0)) > 0) {
                constants_[of.outputs.at(0)] = shape_of(of);
            } else if (takes_constants_alone(of)) {
                std::vector<tensor const*> inputs;
                for (auto const& name : of.inputs) { inputs.push_back(constant_called(name)); }
                constants_[of.outputs.at(0)] = evaluated(of, inputs);
            } else {
                lower(of);
            }
        } catch (model_error const& e) {
            for (auto const& name : of.outputs) { broken_[name] = e.what(); }
        } catch (std::out_of_range const&) {  // an input, an output or a number that every such node has
            for (auto const& name : of.outputs) {
                broken_[name] = of.described() + ": it is not complete; export the network again";
            }
        }
    }

    [[nodiscard]] bool takes_constants_alone(node const& of) const
    {
        return !of.inputs.empty() && std::all_of(of.inputs.begin(), of.inputs.end(), [this](std::string const& name) {
            return constant_called(name) != nullptr;
        });
    }
    /// A constant of the file, or one that was computed of them; null if there is none.
    [[nodiscard]] tensor const* constant_called(std::string const& name) const
    {
        auto const computed = constants_.find(name);
        if (computed != constants_.end()) { return &computed->second; }
        auto const given = from_.constants.find(name);
        return given != from_.constants.end() ? &given->second : nullptr;
    }
    [[nodiscard]] static tensor constant_of(node const& of)
    {
        auto const count = [](auto const& values) { return dims{static_cast<index_t>(values.size())}; };
        if (auto const* one = of.find("value_float")) { return tensor_of({}, std::vector{one->real}); }
        if (auto const* one = of.find("value_floats")) { return tensor_of(count(one->reals), one->reals); }
        if (auto const* one = of.find("value_int")) { return tensor_of({}, std::vector{one->integer}); }
        if (auto const* one = of.find("value_ints")) { return tensor_of(count(one->integers), one->integers); }
        return of.find("value") != nullptr ? of.find("value")->value : tensor{};
    }
    [[nodiscard]] tensor shape_of(node const& of) const
    {
        auto const& shape = unpadded(of, 0).shape;
        std::vector<index_t> values{the_batch};
        values.insert(values.end(), shape.begin(), shape.end());
        return tensor_of({static_cast<index_t>(values.size())}, values);
    }

    /// The one output of the form (n, classes), or the one that was asked for.
    void choose_output(std::string const& wanted)
    {
        std::vector<engines::port> made;
        std::string first_problem;
        for (auto const& name : from_.outputs) {
            auto const problem = broken_.find(name);
            if (problem != broken_.end() && (wanted == name || (wanted.empty() && first_problem.empty()))) {
                first_problem = problem->second;
            }
            auto const at = values_.find(name);
            if (at == values_.end()) { continue; }
            made.push_back({name, padded_shape(at->second)});
            made.back().dims.insert(made.back().dims.begin(), -1);
        }
        auto const found = engines::scores_among(made, -1, [&](std::size_t i) {
            return (wanted.empty() || wanted == made[i].name) && values_.at(made[i].name).value != the_input;
        });
        if (!found) {
            if (!first_problem.empty()) { throw model_error{first_problem}; }
            throw engines::no_scores_among(made, -1, !wanted.empty());
        }
        plan_.scores  = values_.at(made[found->output].name).value;
        plan_.classes = found->classes;
    }

    // ---- what nodes take and give

    /// Throws what is wrong with the node that should have given it.
    void expect_made(std::string const& name) const
    {
        auto const problem = broken_.find(name);
        if (problem != broken_.end()) { throw model_error{problem->second}; }
    }
    [[nodiscard]] known const& value(node const& of, std::size_t at) const
    {
        auto const& name = of.inputs.at(at);
        expect_made(name);
        auto const found = values_.find(name);
        if (found == values_.end()) {
            if (constant_called(name) == nullptr) {
                throw model_error{of.described() + ": nothing before it gives its input " + name +
                                  "; export the network again"};
            }
            throw model_error{"the operator " + of.described() + ", is not supported with a constant as its input " + name +
                              "; export the network with its constants folded"};
        }
        return found->second;
    }
    /// One that is not yet to be padded.
    [[nodiscard]] known const& unpadded(node const& of, std::size_t at) const
    {
        auto const& found = value(of, at);
        if (!(found.padding.before == pair{0, 0} && found.padding.after == pair{0, 0})) {
            throw model_error{"the operator " + of.described() +
                              ", is not supported behind a Pad, only a Conv is; export the network without the Pad"};
        }
        return found;
    }
    /// Of `rank` extents.
    [[nodiscard]] known const& of_rank(node const& of, known const& found, std::size_t rank) const
    {
        if (found.shape.size() != rank) {
            auto shape = found.shape;
            shape.insert(shape.begin(), -1);
            throw model_error{"the operator " + of.described() + ", is not supported on" + text(shape) + ", only on " +
                              (rank == 3 ? "(n, channels, height, width)" : "(n, channels)") + "; convert the network"};
        }
        return found;
    }
    [[nodiscard]] bool has(node const& of, std::size_t at) const { return of.inputs.size() > at && !of.inputs[at].empty(); }
    [[nodiscard]] bool is_constant(node const& of, std::size_t at) const
    {
        return constant_called(of.inputs.at(at)) != nullptr;
    }

    [[nodiscard]] tensor const& constant_at(node const& of, std::size_t at, bool of_floats) const
    {
        auto const* found = has(of, at) ? constant_called(of.inputs[at]) : nullptr;
        if (found == nullptr) {
            if (has(of, at)) { expect_made(of.inputs[at]); }
            throw model_error{"the operator " + of.described() + ", is supported with a constant as its input " +
                              std::to_string(at) + " only; export the network with its weights as constants"};
        }
        if (of_floats ? !found->of_floats() : !found->of_integers()) {
            throw model_error{"the weights " + of.inputs[at] + " of the operator " + of.described() + ", are not of " +
                              (of_floats ? "float32" : "integers") + " but of " + to_string(found->type) +
                              "; convert the network"};
        }
        return *found;
    }
    [[nodiscard]] decoded weights(node const& of, std::size_t at) const
    {
        auto const& found = constant_at(of, at, true);
        return {found.shape, found.floats()};
    }
    /// Integers from an input, or from the attribute that they were in older files.
    [[nodiscard]] std::vector<index_t> integers(node const& of, std::size_t at, std::string const& older,
                                                std::vector<index_t> otherwise = {}) const
    {
        if (has(of, at)) { return constant_at(of, at, false).integers(); }
        return of.integers(older, std::move(otherwise));
    }
    /// A number from an input, or from the attribute that it was in older files.
    [[nodiscard]] float number(node const& of, std::size_t at, std::string const& older, float otherwise) const
    {
        if (has(of, at)) { return weights(of, at).floats.at(0); }
        return of.real(older, otherwise);
    }

    void name_result(node const& of, known result)
    {
        auto const& tensor = of.outputs.at(0);
        expect_size(padded_shape(result), of.described());
        if (result.padding.before == pair{0, 0} && result.padding.after == pair{0, 0}) {
            plan_.results.push_back({of.name.empty() ? tensor : of.name, of.type, tensor, result.shape, result.value});
        }
        values_[tensor] = std::move(result);
    }
    /// A step of several inputs, which are seen as `seen` has them.
    void add_step(node const& of, operation what, std::vector<operand> inputs, image_shape made, dims shape)
    {
        expect_size({made[0], made[1], made[2]}, of.described());
        value_id const id = plan_.sizes.size();
        plan_.sizes.push_back(made.size());
        plan_.steps.push_back({of.described(), std::move(what), std::move(inputs), {id, made}});
        name_result(of, {id, std::move(shape), {}});
    }
    /// A step that keeps the shape of its one input.
    void add_step(node const& of, operation what, known const& x)
    {
        auto const shape = as_image(x.shape);
        add_step(of, std::move(what), {{x.value, shape}}, shape, x.shape);
    }
    /// The same value under another name and with another shape.
    void rename(node const& of, known const& x, dims shape) { name_result(of, {x.value, std::move(shape), x.padding}); }

    // ---- the operators

    void lower(node const& of)
    {
        auto const& type = of.type;
        if (type == "Conv") { return convolve(of); }
        if (type == "Gemm" || type == "MatMul") { return connect(of); }
        if (type == "BatchNormalization") { return normalise(of); }
        if (type == "Add" || type == "Sub" || type == "Mul" || type == "Div" || type == "Sum") { return combine(of); }
        if (type == "Relu") { return add_step(of, activation{pointwise::relu}, unpadded(of, 0)); }
        if (type == "Sigmoid") { return add_step(of, activation{pointwise::sigmoid}, unpadded(of, 0)); }
        if (type == "Tanh") { return add_step(of, activation{pointwise::tanh}, unpadded(of, 0)); }
        if (type == "Clip") { return clip(of); }
        if (type == "MaxPool") { return pool(of, pooling::kind::max); }
        if (type == "AveragePool") {
            return pool(of,
                        of.integer("count_include_pad", 0) != 0 ? pooling::kind::mean_with_padding : pooling::kind::mean);
        }
        if (type == "GlobalAveragePool") { return pool_all(of, pooling::kind::mean, true); }
        if (type == "GlobalMaxPool") { return pool_all(of, pooling::kind::max, true); }
        if (type == "ReduceMean") { return reduce(of); }
        if (type == "Concat") { return concatenate(of); }
        if (type == "Softmax" || type == "LogSoftmax") { return make_softmax(of, type == "LogSoftmax"); }
        if (type == "Pad") { return pad(of); }
        if (type == "Flatten") { return flatten(of); }
        if (type == "Reshape") { return reshape(of); }
        if (type == "Squeeze" || type == "Unsqueeze") { return squeeze(of); }
        if (type == "Identity" || type == "Dropout") { return rename(of, value(of, 0), value(of, 0).shape); }
        throw model_error{
            "the operator " + of.described() +
            ", is not supported; export the network with these alone: Add, AveragePool, BatchNormalization, Clip, "
            "Concat, Conv, Div, Dropout, Flatten, Gemm, GlobalAveragePool, GlobalMaxPool, Identity, LogSoftmax, "
            "MatMul, MaxPool, Mul, Pad, ReduceMean, Relu, Reshape, Sigmoid, Softmax, Squeeze, Sub, Sum, Tanh, "
            "Unsqueeze"};
    }

    void convolve(node const& of)
    {
        auto const& x = of_rank(of, value(of, 0), 3);
        auto w        = weights(of, 1);
        if (w.shape.size() != 4) {
            throw model_error{"the operator " + of.described() + ", is supported on images only; convert the network"};
        }
        convolution made{{w.shape[0], w.shape[1], w.shape[2], w.shape[3]}, std::move(w.floats), {}};
        made.groups      = of.integer("group", 1);
        bool const whole = !made.weights.empty() && made.groups >= 1 && made.groups <= made.shape[0];
        if (whole) {
            made.bias = has(of, 2) ? weights(of, 2).floats : std::vector<float>(static_cast<std::size_t>(w.shape[0]));
        }
        if (!whole || made.shape[1] * made.groups != x.shape[0] || made.shape[0] % made.groups != 0 ||
            static_cast<index_t>(made.bias.size()) != made.shape[0]) {
            throw model_error{of.described() + ": weights of the shape " + to_string(made.shape) + " in " +
                              std::to_string(made.groups) + " groups do not fit " + std::to_string(x.shape[0]) +
                              " channels; export the network again"};
        }
        auto const on = windows_of(of, {x.shape[1], x.shape[2]}, {w.shape[2], w.shape[3]}, x.padding);
        pad_alike(of, on, made);
        image_shape const result{w.shape[0], on.number[0], on.number[1]};
        add_step(of, std::move(made), {{x.value, as_image(x.shape)}}, result, {result[0], result[1], result[2]});
    }

    /// x (n, C) times a matrix: a convolution of one place.
    void connect(node const& of)
    {
        auto const& x = of_rank(of, unpadded(of, 0), 1);
        auto const b  = weights(of, 1);
        if (b.shape.size() != 2 || of.integer("transA", 0) != 0) {
            throw model_error{"the operator " + of.described() +
                              ", is supported with a matrix of weights behind the activation only; convert the network"};
        }
        bool const by_class = of.integer("transB", 0) != 0;  // (classes, C), otherwise (C, classes)
        auto const classes  = b.shape[by_class ? 0 : 1];
        auto const channels = b.shape[by_class ? 1 : 0];
        auto const alpha = of.real("alpha", 1), beta = of.real("beta", 1);
        if (channels != x.shape[0] || classes < 1) {
            throw model_error{of.described() + ": a matrix for " + std::to_string(channels) + " channels does not fit " +
                              std::to_string(x.shape[0]) + "; give the size that the network was made for"};
        }
        convolution made{{classes, channels, 1, 1}, std::vector<float>(b.floats.size()), {}};
        for (index_t m = 0; m < classes; ++m) {
            for (index_t c = 0; c < channels; ++c) {
                auto const from = static_cast<std::size_t>(by_class ? m * channels + c : c * classes + m);
                made.weights[static_cast<std::size_t>(m * channels + c)] = alpha * b.floats[from];
            }
        }
        made.bias = has(of, 2) ? for_each_channel(of, 2, {classes}) : std::vector<float>(static_cast<std::size_t>(classes));
        for (auto& one : made.bias) { one *= beta; }
        add_step(of, std::move(made), {{x.value, as_image(x.shape)}}, {classes, 1, 1}, {classes});
    }

    /// Input `at`, a constant that is broadcast to (n, shape), as a number for each channel.
    [[nodiscard]] std::vector<float> for_each_channel(node const& of, std::size_t at, dims const& shape) const
    {
        auto const given  = weights(of, at);
        auto const count  = given.floats.size();
        auto const behind = shape.size() - 1;  // axes after that of the channels
        bool fits         = given.shape.size() <= shape.size() + 1 && !shape.empty();
        for (std::size_t d = 0; fits && d < given.shape.size(); ++d) {
            bool const at_channels = given.shape.size() - 1 - d == behind;
            fits                   = given.shape[d] == 1 || (at_channels && given.shape[d] == shape[0]);
        }
        if (!fits) {
            throw model_error{"the operator " + of.described() +
                              ", is supported with one constant for each channel, not with one of" + text(given.shape) +
                              "; convert the network"};
        }
        auto const channels = static_cast<std::size_t>(shape[0]);
        return count == channels ? given.floats : std::vector<float>(channels, given.floats.at(0));
    }

    /// scale * x + shift for each channel: a convolution of one place and one channel.
    void scale(node const& of, known const& x, std::vector<float> scale, std::vector<float> shift)
    {
        auto const channels = static_cast<index_t>(scale.size());
        convolution made{{channels, 1, 1, 1}, std::move(scale), std::move(shift)};
        made.groups = channels;
        add_step(of, std::move(made), x);
    }

    void normalise(node const& of)
    {
        auto const& x = unpadded(of, 0);
        if (of.integer("training_mode", 0) != 0 || x.shape.empty()) {
            throw model_error{"the operator " + of.described() +
                              ", is not supported in training; export the network for inference"};
        }
        auto const epsilon  = of.real("epsilon", 1e-5F);
        auto const channels = static_cast<std::size_t>(x.shape[0]);
        std::vector<float> given[4], factor(channels), shift(channels);
        for (std::size_t i = 0; i < 4; ++i) {
            given[i] = weights(of, i + 1).floats;
            if (given[i].size() != channels) {
                throw model_error{of.described() + ": its weights do not fit " + std::to_string(channels) +
                                  " channels; export the network again"};
            }
        }
        for (std::size_t c = 0; c < channels; ++c) {  // in float64, as it is done once
            double const by = given[0][c] / std::sqrt(static_cast<double>(given[3][c]) + epsilon);
            factor[c]       = static_cast<float>(by);
            shift[c]        = static_cast<float>(given[1][c] - by * given[2][c]);
        }
        scale(of, x, std::move(factor), std::move(shift));
    }

    /// Two activations, or one and a constant.
    void combine(node const& of)
    {
        if (of.inputs.size() != 2) {
            throw model_error{"the operator " + of.described() + ", is supported with two inputs only; convert the network"};
        }
        if (is_constant(of, 0) || is_constant(of, 1)) { return combine_with_constant(of); }
        auto const& a = unpadded(of, 0);
        auto const& b = unpadded(of, 1);
        if ((of.type != "Add" && of.type != "Sum") || a.shape != b.shape) {
            throw model_error{"the operator " + of.described() + ", is not supported on activations of" + text(a.shape) +
                              " and" + text(b.shape) + ", only the sum of two of the same shape is; convert the network"};
        }
        auto const shape = as_image(a.shape);
        add_step(of, addition{}, {{a.value, shape}, {b.value, shape}}, shape, a.shape);
    }
    void combine_with_constant(node const& of)
    {
        std::size_t const at = is_constant(of, 0) ? 0 : 1;
        auto const& x        = unpadded(of, 1 - at);
        auto given           = for_each_channel(of, at, x.shape);
        std::vector<float> ones(given.size(), 1), zeros(given.size());
        if (of.type == "Mul") { return scale(of, x, std::move(given), std::move(zeros)); }
        if (of.type == "Div" && at == 0) {
            throw model_error{"the operator " + of.described() + ", is not supported by an activation; convert the network"};
        }
        if (of.type == "Div") {
            for (auto& one : given) { one = 1 / one; }
            return scale(of, x, std::move(given), std::move(zeros));
        }
        if (of.type == "Sub") {
            auto& negative = at == 0 ? ones : given;
            for (auto& one : negative) { one = -one; }
        }
        scale(of, x, std::move(ones), std::move(given));
    }

    /// Between 0 and a ceiling, or without one.
    void clip(node const& of)
    {
        constexpr float none = std::numeric_limits<float>::max();
        auto const low = number(of, 1, "min", -none), high = number(of, 2, "max", none);
        if (low != 0 || !(high > 0)) {
            throw model_error{"the operator " + of.described() + ", is supported from 0 on only, not from " +
                              std::to_string(low) + " to " + std::to_string(high) + "; convert the network"};
        }
        add_step(of, high < none ? activation{pointwise::clipped_relu, high} : activation{pointwise::relu}, unpadded(of, 0));
    }

    void pool(node const& of, pooling::kind kind)
    {
        auto const& x  = of_rank(of, unpadded(of, 0), 3);
        auto const win = of.integers("kernel_shape", {});
        if (win.size() != 2 || (of.outputs.size() > 1 && !of.outputs[1].empty())) {
            throw model_error{"the operator " + of.described() +
                              ", is supported on images and without indices only; convert the network"};
        }
        pair const image{x.shape[1], x.shape[2]};
        auto const on = windows_of(of, image, {win[0], win[1]});
        image_shape const result{x.shape[0], on.number[0], on.number[1]};
        add_step(of, pooled(of, on, image, kind), {{x.value, as_image(x.shape)}}, result, {result[0], result[1], result[2]});
    }
    /// Over all places.
    void pool_all(node const& of, pooling::kind kind, bool keeps_axes)
    {
        auto const& x = unpadded(of, 0);
        auto seen     = as_image(x.shape);
        dims shape{seen[0]};
        if (keeps_axes) { shape.resize(x.shape.size(), 1); }
        pooling made{kind, {seen[1], seen[2]}};
        add_step(of, made, {{x.value, seen}}, {seen[0], 1, 1}, std::move(shape));
    }
    void reduce(node const& of)
    {
        auto const& x = unpadded(of, 0);
        auto axes     = integers(of, 1, "axes");
        for (auto& axis : axes) { axis = static_cast<index_t>(axis_of(axis, x.shape.size() + 1, of)); }
        std::sort(axes.begin(), axes.end());
        bool places = axes.size() + 1 == x.shape.size() && !axes.empty();
        for (std::size_t i = 0; i < axes.size(); ++i) { places = places && axes[i] == static_cast<index_t>(i) + 2; }
        if (!places) {
            throw model_error{"the operator " + of.described() +
                              ", is supported over all places of each channel only; convert the network"};
        }
        pool_all(of, pooling::kind::mean, of.integer("keepdims", 1) != 0);
    }

    void concatenate(node const& of)
    {
        auto shape      = unpadded(of, 0).shape;
        auto const axis = axis_of(of.integer("axis", 1), shape.size() + 1, of);
        shape.at(0)     = 0;
        std::vector<operand> inputs;
        for (std::size_t i = 0; i < of.inputs.size(); ++i) {
            auto const& x = unpadded(of, i);
            if (axis != 1 || x.shape.size() != shape.size() ||
                !std::equal(shape.begin() + 1, shape.end(), x.shape.begin() + 1)) {
                throw model_error{"the operator " + of.described() +
                                  ", is supported along the channels of activations of one size only; convert the network"};
            }
            shape[0] += x.shape[0];
            inputs.push_back({x.value, as_image(x.shape)});
        }
        add_step(of, concatenation{}, std::move(inputs), as_image(shape), shape);
    }

    void make_softmax(node const& of, bool logarithm)
    {
        auto const& x   = unpadded(of, 0);
        bool const flat = from_.operator_set < 13;  // there all axes from `axis` on are one
        auto const axis = axis_of(of.integer("axis", flat ? 1 : -1), x.shape.size() + 1, of);
        if (axis != 1 || (flat && product(x.shape) != x.shape[0])) {
            throw model_error{"the operator " + of.described() +
                              ", is supported over the channels only; convert the network"};
        }
        add_step(of, softmax{logarithm}, x);
    }

    void pad(node const& of)
    {
        auto const& x    = of_rank(of, value(of, 0), 3);
        auto const sides = integers(of, 1, "pads");
        bool fits        = of.word("mode", "constant") == "constant" && number(of, 2, "value", 0) == 0 && !has(of, 3);
        fits             = fits && sides.size() == 8;
        for (std::size_t i = 0; fits && i < 8; ++i) {
            fits = i % 4 < 2 ? sides[i] == 0 : sides[i] >= 0 && sides[i] <= largest_size;
        }
        if (!fits) {
            throw model_error{"the operator " + of.described() +
                              ", is supported with zeros around the image only; convert the network"};
        }
        auto padded = x;
        for (std::size_t a = 0; a < 2; ++a) {
            padded.padding.before[a] += sides[2 + a];
            padded.padding.after[a] += sides[6 + a];
        }
        name_result(of, std::move(padded));
    }

    void flatten(node const& of)
    {
        auto const& x   = unpadded(of, 0);
        auto const axis = of.integer("axis", 1);
        auto const rank = x.shape.size() + 1;
        if (axis_of(axis, axis < 0 ? rank : rank + 1, of) != 1) {  // it may also lie behind the last axis
            throw model_error{"the operator " + of.described() +
                              ", is supported after the images only; export it with axis=1"};
        }
        rename(of, x, {product(x.shape)});
    }
    void reshape(node const& of)
    {
        auto const& x = unpadded(of, 0);
        auto wanted   = integers(of, 1, "shape");
        if (wanted.empty() || of.integer("allowzero", 0) != 0) {
            throw model_error{"the operator " + of.described() +
                              ", is supported with the images first only; convert the network"};
        }
        auto const first  = wanted[0];
        bool const images = first == the_batch || first == 0 || first == -1 || first == 1 || first == images_;
        wanted.erase(wanted.begin());
        if (!images || std::find(wanted.begin(), wanted.end(), the_batch) != wanted.end() ||
            (first == -1 && std::find(wanted.begin(), wanted.end(), -1) != wanted.end())) {
            throw model_error{"the operator " + of.described() +
                              ", is supported where it keeps the images apart only; export the network with a free batch"};
        }
        rename(of, x, reshaped(x.shape, std::move(wanted), of));
    }
    void squeeze(node const& of)
    {
        auto const& x     = unpadded(of, 0);
        auto axes         = integers(of, 1, "axes");
        bool const widens = of.type == "Unsqueeze";
        auto const rank   = x.shape.size() + 1 + (widens ? axes.size() : 0);
        auto shape        = x.shape;
        shape.insert(shape.begin(), 1);  // the images
        for (auto& axis : axes) { axis = static_cast<index_t>(axis_of(axis, rank, of)); }
        std::sort(axes.begin(), axes.end());
        bool fits = !axes.empty() && axes[0] > 0;
        for (std::size_t i = 0; fits && i < axes.size(); ++i) {
            auto const at = shape.begin() + (widens ? axes[i] : axes[i] - static_cast<index_t>(i));
            fits          = widens || *at == 1;
            if (fits && widens) { shape.insert(at, 1); }
            if (fits && !widens) { shape.erase(at); }
        }
        if (!fits) {
            throw model_error{"the operator " + of.described() +
                              ", is supported on named axes of extent 1 after the images only; "
                              "convert the network"};
        }
        shape.erase(shape.begin());
        rename(of, x, std::move(shape));
    }

    graph const& from_;
    plan plan_;
    index_t images_ = -1;                      // that the file was made for
    std::map<std::string, tensor> constants_;  // beside those of the file
    std::map<std::string, known> values_;
    std::map<std::string, std::string> broken_;
};

}  // namespace detail

/// The plan of a network for inputs (C, H, W) = `input`, whose scores are the output with that name, or the only one of the
/// form (n, classes) if it is empty. Throws model_error, which names the node that cannot be used.
[[nodiscard]] inline plan lowered(graph const& from, image_shape input, std::string const& output = "")
{
    return detail::lowering{from, input, output}.result();
}

}  // namespace scorecam::onnx
