#pragma once
// A network on an engine that runs on the host: all that does not depend on which engine that is.
#include <algorithm>
#include <cstddef>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <scorecam/engines/choose.hpp>
#include <scorecam/engines/flow.hpp>
#include <scorecam/engines/layer.hpp>
#include <scorecam/engines/ports.hpp>
#include <scorecam/engines/tokens.hpp>
#include <scorecam/engines/trust.hpp>
#include <scorecam/error.hpp>
#include <scorecam/model.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::engines {

/// Whether a network takes any number of images or as many as it is tried with.
enum class batches { any, fixed };

/// Where an engine writes a result of the extents `dims`, with the batch.
struct place {
    float* to = nullptr;
    std::vector<index_t> dims{};
};

/// A network with one float32 input, explained at one of its layers or at several. Of its outputs the one of the form (n,
/// classes) counts.
///
/// Networks that run one image at a time only, or a fixed number of them, are found out when they are loaded; max_batch()
/// says so, and smaller batches are filled up.
///
/// An Engine is made without arguments. It has
/// - `settings`                    with the names `input` and `output`, and `tokens`, a token_grid or none;
/// - `translated(doing, f)`        calls f; the engine's errors become a model_error that starts with `doing`; static;
/// - `described(source)`           "the network FILE": what it is opened from, in messages; static;
/// - `open(source, input, settings)`;
/// - `inputs()`                    the ports; none if the engine does not know them;
/// - `takes_any_size()`, `takes_any_batch()`   whether what the ports say of size and batch is no limit;
/// - `trial(n, batches)`           the outputs of a batch of n; throws if there can be none. Nothing need be run;
/// - `layers(n)`                   the candidates, after that trial;
/// - `holds(output)`               the number of the candidate that is that output, or the_image if it is none;
/// - `explain(output, numbers)`    what will be asked for: an output, and candidates by their numbers;
/// - `run(images, n, output, layers)`   a batch, read and written where it lies; without `layers`: the output alone;
/// - `settle()`                    forgets what only loading needs: trial, layers and explain are not called any more;
/// - `advice()`                    what to do where there is no layer: "; ...", or nothing.
/// A copy of it is another view of the same network; if copies may run at the same time, `copies_are_apart` is true.
template <class Engine, std::size_t SpatialRank = 2>
class basic_network {
public:
    using value_type = float;
    using space_type = host_space;
    using input_type = extents<SpatialRank + 1>;
    using batch_type = tensor_view<float const, SpatialRank + 2>;
    using settings   = typename Engine::settings;

    /// From what the engine reads: see its `open`. Inputs are (C, H, W) = `input`. Layers are named as layers() has them;
    /// none: default_choice(), see choose.hpp, or where the graph is not known default_layer(). Throws model_error.
    template <class Source>
    explicit basic_network(Source&& from, input_type input, std::vector<std::string> const& layer_names = {},
                           settings how = {})
        : input_{input}
    {
        Engine::translated("cannot use " + Engine::described(from), [&] {
            engine_.open(std::forward<Source>(from), input_, how);
            auto const declared = declared_batch(how.input);
            bool const any      = declared == 0 || engine_.takes_any_batch();
            if (!any || !loads_any_batch(layer_names, how)) { load_fixed(declared, layer_names, how); }
            engine_.settle();
        });
    }

    [[nodiscard]] input_type input_shape() const { return input_; }
    [[nodiscard]] index_t max_batch() const { return fixed_batch_ > 0 ? fixed_batch_ : unlimited; }
    [[nodiscard]] index_t classes() const { return scores_.classes; }
    /// The same network for another thread.
    [[nodiscard]] basic_network replica() const
        requires Engine::copies_are_apart
    {
        return *this;
    }
    /// What it computes in: "float32", "bfloat16", ...
    [[nodiscard]] std::string precision() const
        requires requires(Engine const& e) { e.precision(); }
    {
        return engine_.precision();
    }

    /// The layers that are explained, and all that could be.
    [[nodiscard]] std::vector<layer<SpatialRank>> const& explained() const { return explained_; }
    [[nodiscard]] std::vector<layer<SpatialRank>> const& layers() const { return layers_; }

    /// What one should know before one trusts its maps; nothing, if all is well.
    [[nodiscard]] std::vector<std::string> const& notes() const { return notes_; }

    /// Why the layer is explained that is, if none was named.
    [[nodiscard]] std::string const& why() const { return why_; }

    [[nodiscard]] Engine const& engine() const { return engine_; }

    tensor_view<float const, 2> forward(batch_type batch)
    {
        run(batch, {});
        return {outputs_.data(), batch.extent(0), classes()};
    }

    captured<float, host_space, SpatialRank> capture(batch_type batch)
    {
        auto const seen = capture_layers(batch);
        return {seen.outputs, seen.activations[0]};
    }

    captured_layers<float, host_space, SpatialRank> capture_layers(batch_type batch)
    {
        run(batch, taps_);
        auto const n = batch.extent(0);
        captured_layers<float, host_space, SpatialRank> seen{{outputs_.data(), n, classes()}, {}};
        for (auto& one : taps_) { seen.activations.push_back(one.activations(n)); }
        return seen;
    }

private:
    /// A layer and its values.
    struct tap {
        std::size_t number = 0;  // among the engine's candidates
        layer_form form    = layer_form::none;
        std::vector<index_t> dims{};  // after the batch
        input_type shape{};           // as activations
        std::vector<float> values{};
        std::vector<float> maps{};  // of tokens

        [[nodiscard]] tensor_view<float const, SpatialRank + 2> activations(index_t n)
        {
            if (form == layer_form::maps) { return {values.data(), prepend(shape, n)}; }
            auto const places = shape.size() / shape[0];
            auto const tokens = onnx::product(dims) / shape[0];
            maps.resize(static_cast<std::size_t>(n * shape.size()));
            lay_out<float, SpatialRank>({values.data(), n, tokens, shape[0]}, tokens - places,
                                        {maps.data(), prepend(shape, n)});
            return {maps.data(), prepend(shape, n)};
        }
    };

    /// The batch that the network says it was made for; 0: any.
    [[nodiscard]] index_t declared_batch(std::string const& name) const
    {
        auto const inputs = engine_.inputs();
        if (inputs.empty()) { return 0; }
        auto const& image = image_among(inputs, name);
        if (!engine_.takes_any_size()) { expect_input(image, input_); }
        return image.any_rank || image.dims.empty() || image.dims[0] < 1 ? 0 : image.dims[0];
    }

    /// Whether batches of any size run, and their rows do not know of each other.
    [[nodiscard]] bool loads_any_batch(std::vector<std::string> const& names, settings const& how)
    {
        std::optional<scores> found;
        try {
            found = scores_among(engine_.trial(trial_size, batches::any), trial_size, how.output);
        } catch (std::exception const&) {  // said by load_fixed(), if one image does not run either
        }
        if (!found) { return false; }
        scores_           = *found;
        auto const layers = choose_layers(names, trial_size, how.tokens);
        try {
            engine_.explain(scores_.output, layers);
            auto const on_what = rows_depend_on();
            if (on_what == rows::apart) { return true; }
            if (on_what == rows::mixed) {
                notes_.push_back("the outputs of an image depend on the others in its batch, so that it runs one at a time");
            }
        } catch (std::exception const&) {
        }
        return false;
    }

    void load_fixed(index_t declared, std::vector<std::string> const& names, settings const& how)
    {
        fixed_batch_ = std::max<index_t>(1, declared);
        auto outputs = engine_.trial(fixed_batch_, batches::fixed);
        auto found   = scores_among(outputs, fixed_batch_, how.output);
        for (std::size_t i = 0; declared < 1 && !found && i < outputs.size(); ++i) {
            auto const baked_in = outputs[i].dims.empty() ? 0 : outputs[i].dims[0];  // in a reshape, maybe
            if (baked_in < 2 || baked_in > 64 || !scores_in(outputs[i].dims, baked_in)) { continue; }
            auto const others = engine_.trial(baked_in, batches::fixed);
            found             = scores_among(others, baked_in, how.output);
            if (!found) { break; }
            fixed_batch_ = baked_in;
            outputs      = others;
            notes_.push_back("the network runs " + std::to_string(baked_in) + " images at a time only");
        }
        if (!found) { throw no_scores_among(outputs, fixed_batch_, !how.output.empty()); }
        scores_ = *found;
        engine_.explain(scores_.output, choose_layers(names, fixed_batch_, how.tokens));
        auto const on_what = rows_depend_on();
        if (on_what == rows::mixed) {
            throw model_error{"the outputs of an image depend on the others in its batch of " +
                              std::to_string(fixed_batch_) +
                              "; export the network for one image at a time, or for any number"};
        }
        if (on_what == rows::random) {
            throw model_error{"the network gives other outputs each time for the same image, as dropout does; export it in "
                              "evaluation mode"};
        }
    }

    /// A few forwards.
    [[nodiscard]] rows rows_depend_on()
    {
        bool exactly = true;
        if constexpr (requires(Engine const& e) { e.precision(); }) { exactly = engine_.precision() == "float32"; }
        auto const answers = [&](std::vector<float> const& images, index_t n) {
            auto const outputs = forward({images.data(), prepend(input_, n)});
            return std::vector<float>{outputs.begin(), outputs.end()};
        };
        auto const size = static_cast<std::size_t>(input_.size());
        return what_rows_depend_on(answers, fixed_batch_, size, exactly ? of_float32 : of_less);
    }

    /// The numbers of the layers to explain among the engine's candidates.
    std::vector<std::size_t> choose_layers(std::vector<std::string> names, index_t n,
                                           std::optional<token_grid<SpatialRank>> const& tokens)
    {
        auto const candidates = engine_.layers(n);
        flow const graph{candidates, engine_.holds(scores_.output)};
        auto const seen = readings_of(candidates, graph, n, input_, tokens);
        layers_.clear();
        taps_.clear();
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            if (seen[i].form == layer_form::none) { continue; }
            auto const& dims = candidates[i].tensor.dims;
            layers_.push_back({candidates[i].tensor.name, candidates[i].type, seen[i].shape});
            taps_.push_back({i, seen[i].form, {dims.begin() + 1, dims.end()}, seen[i].shape});
        }
        if (tokens) { expect_tokens(*tokens); }
        if (names.empty()) {
            auto const found = default_choice(candidates, graph, seen, classes(), input_);
            if (found) { names.push_back(candidates[found->number].tensor.name); }
            why_ = found ? found->why : "the last spatial activation, as far as shapes tell";
        }
        try {
            explained_ = chosen_layers(layers_, names, classes());
        } catch (model_error const& e) {
            throw model_error{e.what() + engine_.advice()};
        }
        std::vector<tap> chosen;
        std::vector<std::size_t> numbers;
        for (auto const& one : explained_) {
            auto const same = [&](layer<SpatialRank> const& other) { return other.name == one.name; };
            auto const at   = std::find_if(layers_.begin(), layers_.end(), same) - layers_.begin();
            chosen.push_back(std::move(taps_[static_cast<std::size_t>(at)]));
            numbers.push_back(chosen.back().number);
        }
        taps_ = std::move(chosen);
        return numbers;
    }

    /// Throws model_error if no layer lies so.
    void expect_tokens(token_grid<SpatialRank> const& tokens) const
    {
        auto const image = trailing<SpatialRank>(input_);
        bool const some = std::any_of(taps_.begin(), taps_.end(), [](tap const& t) { return t.form == layer_form::tokens; });
        if (some && has_aspect(tokens.grid, image)) { return; }
        throw model_error{"no layer of the network has " + std::to_string(tokens.leading) + " and " +
                          to_string(tokens.grid) + " tokens that lie on an image of " + to_string(image) +
                          "; give the rows and columns of its patches, or nothing"};
    }

    void run(batch_type batch, std::span<tap> taps)
    {
        expect_batch(batch.shape(), input_, max_batch());
        auto const n       = batch.extent(0);
        index_t const size = fixed_batch_ > 0 ? fixed_batch_ : n;
        float const* in    = batch.data();
        if (size != n) {
            filled_up_.resize(static_cast<std::size_t>(size * input_.size()));
            std::copy_n(in, batch.size(), filled_up_.begin());
            in = filled_up_.data();
        }
        auto const scores = place_in(outputs_, scores_.of(size));
        std::vector<place> layers;
        for (auto& one : taps) {
            auto dims = one.dims;
            dims.insert(dims.begin(), size);
            layers.push_back(place_in(one.values, std::move(dims)));
        }
        Engine::translated("the network failed on a batch of " + to_string(batch.shape()),
                           [&] { engine_.run(in, size, scores, layers); });
    }

    [[nodiscard]] static place place_in(std::vector<float>& memory, std::vector<index_t> dims)
    {
        memory.resize(static_cast<std::size_t>(onnx::product(dims, PTRDIFF_MAX)));
        return {memory.data(), std::move(dims)};
    }

    static constexpr index_t unlimited  = 1 << 20;
    static constexpr index_t trial_size = 2;  // of a batch, to see what follows it
    // How well the outputs of one image agree, in parts of the largest: engines divide their work by the batch.
    static constexpr double of_float32 = 1e-3;
    static constexpr double of_less    = 5e-2;

    Engine engine_{};
    input_type input_;
    scores scores_{};
    index_t fixed_batch_ = 0;  // 0: any
    std::vector<layer<SpatialRank>> layers_{};
    std::vector<layer<SpatialRank>> explained_{};
    std::vector<tap> taps_{};  // as explained_
    std::vector<float> outputs_{};
    std::vector<float> filled_up_{};
    std::vector<std::string> notes_{};
    std::string why_{};
};

}  // namespace scorecam::engines
