#pragma once
// A TorchScript module as a graph that also returns what its submodules returned.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ATen/core/ivalue.h>  // first: clang in C++20 takes LibTorch 1.13 in no other order

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/inliner.h>

namespace scorecam::torch {

/// A submodule whose last call returned a tensor.
struct submodule {
    std::string path;                    ///< "features.12"
    std::string type;                    ///< the name of its class: "Conv2d"
    std::vector<std::string> same = {};  ///< other modules that return this very tensor: those around it
};

/// A module's forward. After its own result the graph returns those of `taps`, as they were when the submodule returned:
/// what later works on them in place does not show.
struct tapped_graph {
    std::shared_ptr<::torch::jit::Graph> graph;
    std::vector<submodule> taps;  ///< in the order of the calls

    /// Which of what the graph returns is that of the submodule at `path`.
    [[nodiscard]] std::size_t place_of(std::string const& path) const
    {
        auto const at = std::find_if(taps.begin(), taps.end(), [&](submodule const& one) { return one.path == path; });
        return 1 + static_cast<std::size_t>(at - taps.begin());
    }
};

namespace detail {

namespace jit = ::torch::jit;

/// The path of attributes from the graph's own module to `module`; none if it comes from elsewhere.
[[nodiscard]] inline std::optional<std::string> path_of(jit::Value const* module)
{
    auto const* const node = module->node();
    if (node->kind() == c10::prim::Param && module->offset() == 0) { return std::string{}; }
    if (node->kind() != c10::prim::GetAttr) { return std::nullopt; }
    auto const outer = path_of(node->input());
    if (!outer) { return std::nullopt; }
    return (outer->empty() ? "" : *outer + ".") + node->s(c10::attr::name);
}

/// "forward", and in traced modules that are called again "forward1", "forward2", ...
[[nodiscard]] inline bool is_forward(std::string_view method)
{
    return method.starts_with("forward") && method.find_first_not_of("0123456789", 7) == method.npos;
}

/// What a submodule returned, copied there and then.
struct copied_output {
    submodule of;
    jit::Node* copy;
};

/// Puts the graph of each submodule in the place of its call, and a copy of what it returned behind it.
[[nodiscard]] inline std::vector<copied_output> spread_out(jit::Graph& graph)
{
    std::vector<copied_output> found;
    for (auto* node = graph.param_node()->next(); node != graph.return_node();) {
        auto* const call  = node;
        auto const method = call->kind() == c10::prim::CallMethod ? call->s(c10::attr::name) : std::string{};
        auto const type   = method.empty() ? nullptr : call->input(0)->type()->cast<c10::ClassType>();
        auto* const body  = type ? jit::tryToGraphFunction(type->getMethod(method)) : nullptr;
        if (body == nullptr) {
            node = node->next();
            continue;
        }
        auto const path = is_forward(method) ? path_of(call->input(0)) : std::nullopt;
        if (path && !path->empty() && call->output()->type()->isSubtypeOf(*c10::TensorType::get())) {
            jit::WithInsertPoint const behind{call->next()};
            auto* const copy = graph.insert(c10::aten::clone, {call->output()});
            found.push_back({{*path, type->name()->name()}, copy->node()});
        }
        auto* const before = call->prev();
        jit::inlineCallTo(call, body, body->graph().get());
        node = before->next();  // the calls within come next
    }
    jit::Inline(graph);  // functions, and what only one branch calls
    return found;
}

/// Keeps the copies for which keep(copy) is true.
template <class Keep>
void drop_others(std::vector<copied_output>& copies, Keep keep)
{
    auto const first = std::stable_partition(copies.begin(), copies.end(), keep);
    for (auto one = first; one != copies.end(); ++one) { one->copy->destroy(); }
    copies.erase(first, copies.end());
}

/// Of several calls of a module, the last one counts; of modules that return the same tensor, the innermost. In the order of
/// the graph.
inline void name_each_once(std::vector<copied_output>& copies)
{
    std::sort(copies.begin(), copies.end(), [](auto const& a, auto const& b) { return a.copy->isBefore(b.copy); });
    drop_others(copies, [&](copied_output const& one) {
        return std::none_of(copies.begin(), copies.end(), [&](copied_output const& other) {
            return other.of.path == one.of.path && one.copy->isBefore(other.copy);
        });
    });

    auto const idle = [&](jit::Node const* node) {
        return node->kind() == c10::prim::Constant || node->kind() == c10::prim::GetAttr ||
               std::any_of(copies.begin(), copies.end(), [&](copied_output const& one) { return one.copy == node; });
    };
    copied_output* last = nullptr;
    std::vector<jit::Node const*> repeated;
    for (auto& one : copies) {
        bool same = last != nullptr && last->copy->input(0) == one.copy->input(0);
        for (auto const* node = same ? last->copy->next() : nullptr; same && node != one.copy; node = node->next()) {
            same = idle(node);
        }
        if (same) {
            last->of.same.push_back(one.of.path);
            repeated.push_back(one.copy);
        } else {
            last = &one;
        }
    }
    drop_others(copies, [&](copied_output const& one) {
        return std::find(repeated.begin(), repeated.end(), one.copy) == repeated.end();
    });
}

}  // namespace detail

/// The graph of `module` with the outputs of the submodules at the given paths.
[[nodiscard]] inline tapped_graph tapped(::torch::jit::Module const& module, std::vector<std::string> const& paths)
{
    tapped_graph made{module.get_method("forward").graph()->copy(), {}};
    auto copies = detail::spread_out(*made.graph);
    detail::name_each_once(copies);
    detail::drop_others(copies, [&](detail::copied_output const& one) {
        return std::find(paths.begin(), paths.end(), one.of.path) != paths.end();
    });
    for (auto& one : copies) {
        made.graph->registerOutput(one.copy->output());
        made.taps.push_back(std::move(one.of));
    }
    return made;
}

}  // namespace scorecam::torch
