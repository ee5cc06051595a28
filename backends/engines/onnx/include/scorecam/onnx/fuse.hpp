#pragma once
// A plan with fewer steps that computes the same.
#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <scorecam/onnx/plan.hpp>

namespace scorecam::onnx {

namespace detail {

/// Whether it only scales and shifts each channel.
[[nodiscard]] inline bool only_scales(convolution const& one)
{
    return one.shape == extents<4>{one.groups, 1, 1, 1} && one.stride == pair{1, 1} && one.padding == pair{0, 0};
}

/// `scaling` after `first`, as one convolution.
inline void fold(convolution& first, convolution const& scaling)
{
    auto const size = first.weights.size() / first.bias.size();
    for (std::size_t m = 0; m < first.bias.size(); ++m) {
        for (std::size_t i = 0; i < size; ++i) { first.weights[m * size + i] *= scaling.weights[m]; }
        first.bias[m] = scaling.weights[m] * first.bias[m] + scaling.bias[m];
    }
    first.then = scaling.then;
}

class fusing {
public:
    fusing(plan from, std::vector<value_id> const& kept) : plan_{std::move(from)}, uses_(plan_.sizes.size())
    {
        uses_[plan_.scores] += 1;
        for (auto const id : kept) { uses_[id] += 2; }  // of more than one step: it is never only on the way
        remove_unused();
        for (std::size_t i = 0; i < plan_.steps.size(); ++i) { fuse(i); }
        plan_.steps.erase(
            std::remove_if(plan_.steps.begin(), plan_.steps.end(), [](step const& s) { return s.inputs.empty(); }),
            plan_.steps.end());
    }
    [[nodiscard]] plan result() && { return std::move(plan_); }

private:
    void remove_unused()
    {
        for (auto s = plan_.steps.rbegin(); s != plan_.steps.rend(); ++s) {
            if (uses_[s->output.value] == 0) {
                s->inputs.clear();
            } else {
                for (auto const& x : s->inputs) { ++uses_[x.value]; }
            }
        }
        made_by_.resize(plan_.sizes.size(), plan_.steps.size());
        for (std::size_t i = 0; i < plan_.steps.size(); ++i) { made_by_[plan_.steps[i].output.value] = i; }
    }

    /// The convolution that made it, if nobody else sees its result and there is nothing between.
    [[nodiscard]] step* convolution_of(operand const& x)
    {
        if (made_by_[x.value] == plan_.steps.size() || uses_[x.value] != 1) { return nullptr; }
        auto& maker      = plan_.steps[made_by_[x.value]];
        auto const* conv = std::get_if<convolution>(&maker.what);
        return conv != nullptr && conv->then.function == pointwise::none && maker.output.shape == x.shape ? &maker : nullptr;
    }

    void fuse(std::size_t i)
    {
        auto& after = plan_.steps[i];
        if (after.inputs.empty()) { return; }
        if (auto const* scaling = std::get_if<convolution>(&after.what)) {
            auto* first = convolution_of(after.inputs[0]);
            if (after.inputs.size() == 1 && only_scales(*scaling) && first != nullptr && first->inputs.size() == 1) {
                fold(std::get<convolution>(first->what), *scaling);
                replace(*first, after);
            }
        } else if (auto const* then = std::get_if<activation>(&after.what)) {
            if (auto* first = convolution_of(after.inputs[0])) {
                std::get<convolution>(first->what).then = *then;
                replace(*first, after);
            }
        } else if (std::holds_alternative<addition>(after.what)) {
            for (auto const which : {std::size_t{1}, std::size_t{0}}) {
                auto* first = convolution_of(after.inputs[which]);
                if (first == nullptr || first->inputs.size() != 1) { continue; }
                first->inputs.push_back(after.inputs[1 - which]);
                return replace(*first, after);
            }
        }
    }

    /// `first`, in which `after` is contained by now, in its place: there all its inputs are computed.
    void replace(step& first, step& after)
    {
        step made{std::move(first.node), std::move(first.what), std::move(first.inputs), after.output};
        first.inputs.clear();
        after = std::move(made);
    }

    plan plan_;
    std::vector<int> uses_;
    std::vector<std::size_t> made_by_;
};

}  // namespace detail

/// The plan with normalisations folded into the convolutions before them, and with sums and activations done by these as
/// well. Steps whose results nobody needs are left out. The values `kept` are computed as they are, the scores always.
[[nodiscard]] inline plan fused(plan from, std::vector<value_id> const& kept)
{
    return detail::fusing{std::move(from), kept}.result();
}

}  // namespace scorecam::onnx
