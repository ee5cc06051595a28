#pragma once
// Calling a model: the queue handed over, the shapes checked, the calls counted.
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <functional>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <scorecam/backend.hpp>
#include <scorecam/batch_view.hpp>
#include <scorecam/detail/graphs.hpp>
#include <scorecam/detail/scratch.hpp>
#include <scorecam/error.hpp>
#include <scorecam/model.hpp>
#include <scorecam/policies/masks.hpp>

namespace scorecam::detail {

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
        takes_images<Model> || backend_makes_batches<Backend, value_type, rank, input_type>,
        "scorecam: the model has a batch_value_type or a batch_layout, and the backend's mask and copy do not take "
        "the batch_view that is made for it; use another backend");

    model_calls(Backend& on, Model& model) : on_{on}, model_{model} {}

    /// Forgets the counts and the shapes seen.
    void restart()
    {
        forwards_ = batches_ = 0, activation_ = {};
        rows_.clear();
        recorded_.forget();
    }

    [[nodiscard]] index_t forwards() const { return forwards_; }  ///< images pushed through the model
    [[nodiscard]] index_t batches() const { return batches_; }    ///< calls of the model
    [[nodiscard]] index_t bytes() const { return own_input_.bytes() + canvas_.bytes() + at_tap_.bytes(); }

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
            outputs = answered(model_.forward(batch, on_.queue()));
        } else {
            outputs = answered(model_.forward(batch));
        }
        count(batch.extent(0));
        check_outputs("forward", outputs, batch.shape());
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
        check_outputs("capture", seen.outputs, batch.shape());
        check_activations(seen.activations.shape(), batch);
        return seen;
    }

    /// The outputs for activations (n, K, h, w), by the network behind the tap. Throws option_error if the model has none.
    [[nodiscard]] outputs_of<Model> resume(images_type activations)
    {
        outputs_of<Model> outputs;
        if constexpr (!has_resume<Model>) {
            throw option_error{"masks were to be put on the activations, place::tap, and the model has no "
                               "resume(activations) that runs the rest "
                               "of the network; use place::input, or give the model one"};
        } else if constexpr (requires {
                                 on_.queue();
                                 model_.resume(activations, on_.queue());
                             }) {
            outputs = answered(model_.resume(activations, on_.queue()));
        } else {
            outputs = answered(model_.resume(activations));
        }
        count(activations.extent(0));
        check_outputs("resume", outputs, activations.shape());
        return outputs;
    }

    /// Calls use(where, answer): `where` n copies of the subject, the images or the activations, are to be written, and
    /// answer(where), which runs the network on them. Pictures are painted on views of the images' kind.
    template <class Use>
    void with_room_for(index_t n, images_type subject, place on, bool paints_pictures, Use const& use)
    {
        if (on == place::tap) {
            auto const room = at_tap_.resize(on_, prepend(trailing<rank - 1>(subject.shape()), n));
            return use(room, [this](pictures_type const& filled) { return resume(filled); });
        }
        if constexpr (!takes_images<Model>) {
            if (!paints_pictures) {
                return use(input(n, subject), [this](input_type const& filled) { return forward(as_taken(filled)); });
            }
        }
        use(canvas(n, subject), [this](pictures_type const& filled) { return forward(entered(filled)); });
    }

    /// run(picks), which calls the model once with what is at `batch`; recorded and replayed where that can be, see
    /// graphs.hpp.
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

    template <class Answer>
    [[nodiscard]] static outputs_of<Model> answered(Answer const& answer)
    {
        return as_outputs<value_type, typename Model::space_type>(answer);
    }

    void check_outputs(std::string const& member, outputs_of<Model> const& got, extents<rank> const& batch)
    {
        bool const first = rows_.empty();
        if (first) {
            for (int k = 0; k < got.count(); ++k) { rows_.push_back(got.row_shape(k)); }
        }
        for (int k = 0; k < std::max(got.count(), static_cast<int>(rows_.size())); ++k) {
            bool const there = k < got.count() && k < static_cast<int>(rows_.size());
            bool const same  = there && got.row_shape(k) == rows_[static_cast<std::size_t>(k)];
            if (same && got.images() == batch[0] && got.row_shape(k).size() > 0) { continue; }
            auto const with_images = [](index_t images, std::string const& row) {  // "(5)" for 3 images is "(3, 5)"
                return "(" + std::to_string(images) + ", " + row.substr(1);
            };
            std::string const which = got.count() > 1 || rows_.size() > 1 ? " number " + std::to_string(k) : "";
            throw shape_error{
                "the model's " + member + " returned outputs" + which + " of the shape " +
                (k < got.count() ? with_images(got.images(), to_string(got.row_shape(k))) : std::string{"none"}) +
                " for a batch of " + to_string(batch) + "; it must return " +
                (first                                ? "(" + std::to_string(batch[0]) + ", classes)"
                 : k < static_cast<int>(rows_.size()) ? with_images(batch[0], to_string(rows_[static_cast<std::size_t>(k)]))
                                                      : std::to_string(rows_.size()) + " outputs") +
                " in every call"};
        }
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
    scratch<Backend, value_type, rank> at_tap_;  // copies of the activations
    index_t forwards_ = 0;
    index_t batches_  = 0;
    std::vector<ops::row_shape> rows_;  // of the outputs
    extents<spatial_rank + 1> activation_{};
    recorded_chunks<Backend, Model> recorded_;
};

}  // namespace scorecam::detail
