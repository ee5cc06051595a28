#pragma once
// Calling a model: the queue handed over, the shapes checked, the calls counted.
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <functional>
#include <limits>
#include <string>

#include <scorecam/error.hpp>
#include <scorecam/model.hpp>
#include <scorecam/recorded_chunks.hpp>
#include <scorecam/scratch.hpp>

namespace scorecam {

/// A model as the explainer calls it.
template <class Backend, class Model>
class model_calls {
public:
    using value_type                          = typename Model::value_type;
    static constexpr std::size_t spatial_rank = spatial_rank_of<Model>;
    using batch_type                          = tensor_view<value_type, spatial_rank + 2, typename Model::space_type>;

    model_calls(Backend& on, Model& model) : on_{on}, model_{model} {}

    /// Forgets the counts and the shapes seen.
    void restart()
    {
        forwards_ = batches_ = classes_ = 0, activation_ = {};
        recorded_.forget();
    }

    [[nodiscard]] index_t forwards() const { return forwards_; }  ///< images pushed through the model
    [[nodiscard]] index_t batches() const { return batches_; }    ///< calls of the model
    [[nodiscard]] index_t bytes() const { return own_input_.bytes(); }

    [[nodiscard]] Model& model() const { return model_; }
    [[nodiscard]] auto input_shape() const { return model_.input_shape(); }

    [[nodiscard]] index_t preferred_batch() const
    {
        constexpr index_t usual = 8;  // large enough for every CPU engine measured, small in memory
        if constexpr (requires { model_.preferred_batch(); }) {
            return std::max<index_t>(1, model_.preferred_batch());
        } else {
            return std::min(usual, max_batch());
        }
    }
    [[nodiscard]] index_t max_batch() const
    {
        if constexpr (requires { model_.max_batch(); }) {
            return std::max<index_t>(1, model_.max_batch());
        } else {
            return std::numeric_limits<index_t>::max();
        }
    }

    /// What the model computes in.
    [[nodiscard]] std::string precision() const
    {
        if constexpr (requires { std::string{model_.precision()}; }) {
            return std::string{model_.precision()};
        } else {
            return sizeof(value_type) == sizeof(float) ? "float32" : "float64";
        }
    }

    /// Where the next n inputs are to be written: the engine's own memory if it offers it.
    [[nodiscard]] batch_type input(index_t n)
    {
        auto const wanted = prepend(model_.input_shape(), n);
        static_assert(
            !(requires { model_.input_buffer(n); }) || requires {
                { model_.input_buffer(n) } -> std::convertible_to<batch_type>;
            }, "scorecam: a model's input_buffer(n) returns a writable tensor_view<value_type, 4, space_type>");
        if constexpr (requires {
                          { model_.input_buffer(n) } -> std::convertible_to<batch_type>;
                      }) {
            batch_type const buffer = model_.input_buffer(n);
            if (!(buffer.shape() == wanted)) {
                throw shape_error{"the model's input_buffer(" + std::to_string(n) + ") has the shape " +
                                  to_string(buffer.shape()) + "; it must be " + to_string(wanted)};
            }
            return buffer;
        } else {
            return own_input_.resize(on_, wanted);
        }
    }

    /// The same for inputs that are made from `images`, which must not be written over.
    [[nodiscard]] batch_type input(index_t n, batch_of<Model> images)
    {
        auto const batch = input(n);
        std::less<value_type const*> const before;
        if (before(batch.data(), images.data() + images.size()) && before(images.data(), batch.data() + batch.size())) {
            throw option_error{
                "the image lies in the model's input_buffer, which the masked images overwrite; pass a copy of it"};
        }
        return batch;
    }

    [[nodiscard]] outputs_of<Model> forward(batch_of<Model> batch)
    {
        outputs_of<Model> outputs;
        if constexpr (requires {
                          on_.queue();
                          model_.forward(batch, on_.queue());
                      }) {
            outputs = model_.forward(batch, on_.queue());
        } else {
            outputs = model_.forward(batch);
        }
        count(batch.extent(0));
        check_outputs("forward", outputs.shape(), batch);
        return outputs;
    }

    [[nodiscard]] captured_of<Model> capture(batch_of<Model> batch)
    {
        captured_of<Model> seen;
        if constexpr (requires {
                          on_.queue();
                          model_.capture(batch, on_.queue());
                      }) {
            seen = model_.capture(batch, on_.queue());
        } else {
            seen = model_.capture(batch);
        }
        count(batch.extent(0));
        check_outputs("capture", seen.outputs.shape(), batch);
        check_activations(seen.activations.shape(), batch);
        return seen;
    }

    /// run(picks), which calls the model once with `batch`; recorded and replayed where that can be, see
    /// recorded_chunks.hpp.
    template <class Picks, class Run>
    [[nodiscard]] outputs_of<Model> run_chunk(batch_of<Model> batch, Picks picks, Run const& run)
    {
        return recorded_.run(on_, *this, batch, picks, run);
    }
    void count(index_t images)
    {
        forwards_ += images;
        ++batches_;
    }
    /// f(), whose calls do not count: they are recorded and not run.
    template <class F>
    void uncounted(F const& f)
    {
        struct restored {
            model_calls& calls;
            index_t forwards, batches;
            ~restored() { calls.forwards_ = forwards, calls.batches_ = batches; }
        } const at_the_end{*this, forwards_, batches_};
        f();
    }

private:
    void check_outputs(std::string const& member, extents<2> got, batch_of<Model> batch)
    {
        auto const wanted = classes_ == 0 ? got[1] : classes_;
        if (got[0] != batch.extent(0) || got[1] != wanted || got[1] < 1) {
            throw shape_error{"the model's " + member + " returned outputs of the shape " + to_string(got) +
                              " for a batch of " + to_string(batch.shape()) + "; it must return (" +
                              std::to_string(batch.extent(0)) + ", " +
                              (classes_ == 0 ? "classes" : std::to_string(classes_)) + ") in every call"};
        }
        classes_ = got[1];
    }

    void check_activations(extents<spatial_rank + 2> got, batch_of<Model> batch)
    {
        bool const first = activation_.size() == 0;
        auto const inner = trailing<spatial_rank + 1>(got);
        if (got[0] != batch.extent(0) || got.size() < 1 || !(first || inner == activation_)) {
            auto const wanted = first ? "(" + std::to_string(batch.extent(0)) + ", channels, ...) without empty extents"
                                      : to_string(prepend(activation_, batch.extent(0))) + " in every call";
            throw shape_error{"the model's capture returned activations of the shape " + to_string(got) +
                              " for a batch of " + to_string(batch.shape()) + "; it must return " + wanted};
        }
        activation_ = inner;
    }

    Backend& on_;
    Model& model_;
    scratch<Backend, value_type, spatial_rank + 2> own_input_;
    index_t forwards_ = 0;
    index_t batches_  = 0;
    index_t classes_  = 0;
    extents<spatial_rank + 1> activation_{};
    recorded_chunks<Backend, Model> recorded_;
};

}  // namespace scorecam
