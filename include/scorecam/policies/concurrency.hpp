#pragma once
// Several threads that call a model at the same time, instead of one whose engine has several.
#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/detail/model_calls.hpp>
#include <scorecam/policies/kinds.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam {

/// How many threads work through the masks, each with a replica of the model (see model.hpp) and memory for one batch. Give
/// the engine one thread then. On two cores it is about as fast as an engine with two threads, and where the cores are
/// shared with others it is faster, because nobody waits for a thread that does not run. The map does not depend on it.
struct callers {
    using kind     = kinds::callers;
    index_t number = 1;
};

/// A backend and a model of which there can be further ones for other threads.
template <class Backend, class Model>
concept replicable = Backend::space_type::host_accessible && requires(Backend const& on, Model& model) {
    { on.replica() } -> std::same_as<Backend>;
    model.replica();
};

/// One caller beside the first.
template <class Backend, class Model>
struct caller {
    using model_type = std::remove_cvref_t<decltype(std::declval<Model&>().replica())>;

    Backend on;
    model_type model;
    model_calls<Backend, model_type> calls{on, model};

    caller(Backend const& other, Model& of) : on{other.replica()}, model{of.replica()} {}
    caller(caller const&)            = delete;
    caller& operator=(caller const&) = delete;
};

/// The callers beside the first: of a model without replicas there are none.
template <class Backend, class Model>
struct further_callers {
    void ask_for(index_t number, Backend const&, Model&)
    {
        if (number != 1) {
            throw option_error{std::to_string(number) +
                               " callers were asked for, but the model or the backend has no replica(); use one caller"};
        }
    }
    [[nodiscard]] index_t count() const { return 0; }
    template <class F>
    void for_each(F&&) const
    {
    }
};
template <class Backend, class Model>
    requires replicable<Backend, Model>
struct further_callers<Backend, Model> {
    std::vector<std::unique_ptr<caller<Backend, Model>>> all;

    void ask_for(index_t number, Backend const& on, Model& model)
    {
        if (number < 1) { throw option_error{std::to_string(number) + " callers were asked for; use 1 or more"}; }
        while (static_cast<index_t>(all.size()) < number - 1) {
            all.push_back(std::make_unique<caller<Backend, Model>>(on, model));
        }
        all.resize(static_cast<std::size_t>(number - 1));
    }
    [[nodiscard]] index_t count() const { return static_cast<index_t>(all.size()); }
    template <class F>
    void for_each(F&& f) const
    {
        for (auto const& one : all) { f(*one); }
    }
};

}  // namespace scorecam
