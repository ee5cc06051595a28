#pragma once
// Calling a model: the queue handed over, the shapes checked, the calls counted.
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <functional>
#include <limits>
#include <string>
#include <type_traits>

#include <scorecam/backend.hpp>
#include <scorecam/batch_view.hpp>
#include <scorecam/error.hpp>
#include <scorecam/model.hpp>
#include <scorecam/detail/recorded_chunks.hpp>
#include <scorecam/detail/scratch.hpp>

namespace scorecam {

/// A model as the explainer calls it.
template <class Backend, class Model>
class model_calls {
public:
    using value_type                          = typename Model::value_type;
    static constexpr std::size_t spatial_rank = spatial_rank_of<Model>;
    static constexpr std::size_t rank         = spatial_rank + 2;
    using pictures_type                       = tensor_view<value_type, rank, typename Model::space_type>;
    using images_type                         = tensor_view<value_type const, rank, typename Model::space_type>;
    /// What masks are written to.
    using input_type =
        std::conditional_t<takes_images<Model>, pictures_type,
                           batch_view<batch_value_of<Model>, rank, layout_of<Model>, typename Model::space_type>>;

    static_assert(
        takes_images<Model> || detail::backend_makes_batches<Backend, value_type, rank, input_type>,
        "scorecam: the model has a batch_value_type or a batch_layout, and the backend's mask and copy do not take "
        "the batch_view that is made for it; use another backend");

    model_calls(Backend& on, Model& model) : on_{on}, model_{model} {}

    /// Forgets the counts and the shapes seen.
    void restart()
    {
        forwards_ = batches_ = classes_ = 0, activation_ = {};
        recorded_.forget();
    }

    [[nodiscard]] index_t forwards() const { return forwards_; }  ///< images pushed through the model
    [[nodiscard]] index_t batches() const { return batches_; }    ///< calls of the model
    [[nodiscard]] index_t bytes() const { return own_input_.bytes() + canvas_.bytes(); }

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

    /// Where the next n inputs, made from `images`, are to be written: the engine's own memory if it offers it.
    [[nodiscard]] input_type input(index_t n, images_type images)
    {
        auto const memory = input_memory(n);
        std::less<void const*> const before;
        if (before(memory.data(), images.data() + images.size()) && before(images.data(), memory.data() + memory.size())) {
            throw option_error{
                "the image lies in the model's input_buffer, which the masked images overwrite; pass a copy of it"};
        }
        return {memory.data(), prepend(model_.input_shape(), n)};
    }
    /// Where n pictures are to be painted before they are entered(): the input itself, if that can be.
    [[nodiscard]] pictures_type canvas(index_t n, images_type images)
    {
        if constexpr (takes_images<Model>) {
            return input(n, images);
        } else {
            return canvas_.resize(on_, prepend(model_.input_shape(), n));
        }
    }
    /// Pictures as the model takes them, converted if they have to be.
    [[nodiscard]] batch_of<Model> entered(images_type pictures)
    {
        if constexpr (takes_images<Model>) {
            return pictures;
        } else {
            auto const batch = input(pictures.extent(0), pictures);
            on_.copy(pictures, batch);
            return as_taken(batch);
        }
    }
    [[nodiscard]] static batch_of<Model> as_taken(input_type batch)
    {
        return {batch.data(), extents_in_memory(batch.shape(), layout_of<Model>)};
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

    /// run(picks), which calls the model once with what is at `batch`; recorded and replayed where that can be, see
    /// recorded_chunks.hpp.
    template <class Picks, class Run>
    [[nodiscard]] outputs_of<Model> run_chunk(void const* batch, Picks picks, Run const& run)
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
    using memory_type = tensor_view<batch_value_of<Model>, rank, typename Model::space_type>;
    [[nodiscard]] memory_type input_memory(index_t n)
    {
        auto const wanted = extents_in_memory(prepend(model_.input_shape(), n), layout_of<Model>);
        static_assert(
            !(requires { model_.input_buffer(n); }) ||
                requires {
                    { model_.input_buffer(n) } -> std::convertible_to<memory_type>;
                },
            "scorecam: a model's input_buffer(n) returns a writable tensor_view<value_type, 4, space_type>, or one of its "
            "batch_value_type");
        if constexpr (requires {
                          { model_.input_buffer(n) } -> std::convertible_to<memory_type>;
                      }) {
            memory_type const buffer = model_.input_buffer(n);
            if (!(buffer.shape() == wanted)) {
                throw shape_error{"the model's input_buffer(" + std::to_string(n) + ") has the shape " +
                                  to_string(buffer.shape()) + "; it must be " + to_string(wanted)};
            }
            return buffer;
        } else {
            return own_input_.resize(on_, wanted);
        }
    }

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
    scratch<Backend, batch_value_of<Model>, rank> own_input_;
    scratch<Backend, value_type, rank> canvas_;  // of models that do not take images as they are
    index_t forwards_ = 0;
    index_t batches_  = 0;
    index_t classes_  = 0;
    extents<spatial_rank + 1> activation_{};
    recorded_chunks<Backend, Model> recorded_;
};

}  // namespace scorecam
