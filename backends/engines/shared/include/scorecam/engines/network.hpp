#pragma once
// A network on an engine that runs on the host: all that does not depend on which engine that is.
#include <algorithm>
#include <cstddef>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <scorecam/engines/elements.hpp>
#include <scorecam/engines/flow.hpp>
#include <scorecam/engines/inputs.hpp>
#include <scorecam/engines/layer.hpp>
#include <scorecam/engines/ports.hpp>
#include <scorecam/engines/selection.hpp>
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
    void* to = nullptr;
    std::vector<index_t> dims{};
    onnx::element type = onnx::element::float32;
};

/// A network of images, explained at one of its layers or at several. Of its outputs the one of the form (n, classes)
/// counts; inputs beside the image are held constant. Whatever types they are of, and wherever the network has its channels:
/// images, outputs and activations are of float32 here, with the channels first.
///
/// Networks that run one image at a time only, or a fixed number of them, are found out when they are loaded; max_batch()
/// says so, and smaller batches are filled up.
///
/// An Engine is made without arguments. It has
/// - `settings`                    with the names `input` and `output`, `held`, engines::constants, `tokens`, a token_grid
/// or none, and
///                                 `answers`, which outputs count;
/// - `translated(doing, f)`        calls f; the engine's errors become a model_error that starts with `doing`; static;
/// - `described(source)`           "the network FILE": what it is opened from, in messages; static;
/// - `open(source, settings)`;
/// - `inputs()`                    the ports; none if the engine does not know them;
/// - `take(ports)`                 the inputs as they will be given, in that order; the first extent is -1 where it is that
///                                 of the batch;
/// - `takes_any_size()`, `takes_any_batch()`   whether what the ports say of size and batch is no limit;
/// - `trial(n, batches)`           the outputs of a batch of n; throws if there can be none. Nothing need be run;
/// - `layers(n)`                   the candidates, after that trial;
/// - `holds(output)`               the number of the candidate that is that output, or the_image if it is none;
/// - `explain(output, numbers)`    what will be asked for: an output, and candidates by their numbers;
/// - `run(inputs, output, layers)` a batch, read and written where it lies; without `layers`: the output alone;
/// - `settle()`                    forgets what only loading needs: trial, layers and explain are not called any more;
/// - `advice()`                    what to do where there is no layer: "; ...", or nothing.
/// and may have
/// - `precision()`                 what it computes in, if that is not what the network's file says;
/// - `takes_float32_alone`         it converts inputs itself;
/// - `batches_are_safe()`          whether it can be asked for batches at all.
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
        if constexpr (requires { how.answers; }) { form_ = how.answers; }
        Engine::translated("cannot use " + Engine::described(from), [&] {
            engine_.open(std::forward<Source>(from), how);
            auto const declared = take_inputs(how);
            bool safe           = true;
            if constexpr (requires(Engine const& e) { e.batches_are_safe(); }) { safe = engine_.batches_are_safe(); }
            bool const any = safe && (declared == 0 || engine_.takes_any_batch());
            if (!any || !loads_any_batch(layer_names, how)) { load_fixed(safe ? declared : 1, layer_names, how); }
            engine_.settle();
            if (!safe && notes_.empty()) { notes_.emplace_back("the network runs one image at a time only"); }
            if (!selected_.doubt.empty()) { notes_.push_back(selected_.doubt); }
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
    /// What it computes in: "float32", "bfloat16", "int8", ...
    [[nodiscard]] std::string precision() const
    {
        if constexpr (requires(Engine const& e) { e.precision(); }) {
            if (auto const of_engine = engine_.precision(); of_engine != "float32") { return of_engine; }
        }
        return selected_.precision;
    }

    /// The input that is the image, as the network has it.
    [[nodiscard]] port const& image() const { return image_; }
    /// What the scores are: "softmax" if they are probabilities already, "sigmoid", "log_softmax", or nothing. That is what
    /// the graph says, or the outputs for a few pictures.
    [[nodiscard]] std::string const& activation() const { return selected_.activation; }
    /// The name of the output that holds the scores.
    [[nodiscard]] std::string const& output() const { return output_.name; }

    /// The layers that are explained, and all that could be.
    [[nodiscard]] std::vector<layer<SpatialRank>> const& explained() const { return selected_.explained; }
    [[nodiscard]] std::vector<layer<SpatialRank>> const& layers() const { return selected_.layers; }

    /// What one should know before one trusts its maps; nothing, if all is well.
    [[nodiscard]] std::vector<std::string> const& notes() const { return notes_; }

    /// Why the layer is explained that is, if none was named.
    [[nodiscard]] std::string const& why() const { return selected_.why; }

    [[nodiscard]] Engine const& engine() const { return engine_; }

    model_outputs<float> forward(batch_type batch)
    {
        run(batch, {});
        return answered(batch.extent(0));
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
        captured_layers<float, host_space, SpatialRank> seen{answered(n), {}};
        for (auto& one : taps_) { seen.activations.push_back(one.activations(n)); }
        return seen;
    }

private:
    /// A layer and its values.
    struct tap {
        layer_place<SpatialRank> of;
        buffer values{};
        std::vector<float> maps{};  // of tokens

        [[nodiscard]] tensor_view<float const, SpatialRank + 2> activations(index_t n)
        {
            float const* const seen = values.read(of.type);
            if (of.form == layer_form::maps) { return {seen, prepend(of.shape, n)}; }
            auto const places = of.shape.size() / of.shape[0];
            auto const tokens = onnx::product(of.dims) / of.shape[0];
            maps.resize(static_cast<std::size_t>(n * of.shape.size()));
            lay_out<float, SpatialRank>({seen, n, tokens, of.shape[0]}, tokens - places,
                                        {maps.data(), prepend(of.shape, n)});
            return {maps.data(), prepend(of.shape, n)};
        }
    };

    /// Chooses the image, and holds the other inputs. The batch that the network says it was made for; 0: any.
    [[nodiscard]] index_t take_inputs(settings const& how)
    {
        auto ports = engine_.inputs();
        if (ports.empty()) {  // whatever the engine says when it is run
            image_      = port{how.input};
            image_.dims = {input_.extent, input_.extent + SpatialRank + 1};
            image_.dims.insert(image_.dims.begin(), -1);
            engine_.take({image_});
            return 0;
        }
        image_number_    = image_among(ports, how.input, how.held);
        image_           = ports[image_number_];
        order_           = order_of(image_, input_, engine_.takes_any_size());
        auto const batch = image_.any_rank || image_.dims.empty() || image_.dims[0] < 1 ? 0 : image_.dims[0];
        auto const shape = order_ == channels::first ? input_ : detail::with_channels_last(input_);
        image_.any_rank  = false;
        image_.dims      = {shape.extent, shape.extent + SpatialRank + 1};
        image_.dims.insert(image_.dims.begin(), -1);
        ports[image_number_] = image_;
        for (std::size_t i = 0; i < ports.size(); ++i) {
            if (i == image_number_) { continue; }
            ports[i] = held_.emplace_back(ports[i], how.held.at(ports[i].name)).shape();
        }
        engine_.take(ports);
        if constexpr (requires { Engine::takes_float32_alone; }) { image_.type = "float32"; }
        return batch;
    }

    /// Whether batches of any size run, and their rows do not know of each other.
    [[nodiscard]] bool loads_any_batch(std::vector<std::string> const& names, settings const& how)
    {
        std::optional<scores> found;
        std::vector<port> outputs;
        try {
            outputs = engine_.trial(trial_size, batches::any);
            found   = scores_among(outputs, trial_size, how.output, form_);
        } catch (std::exception const&) {  // said by load_fixed(), if one image does not run either
        }
        if (!found) { return false; }
        scores_           = *found;
        output_           = outputs[found->output];
        auto const layers = choose_layers(names, trial_size, how.tokens);
        try {
            engine_.explain(scores_.output, layers);
            auto const on_what = rows_depend_on();
            if (on_what == rows::apart) { return true; }
            if (on_what == rows::mixed) { notes_.emplace_back(one_at_a_time); }
        } catch (std::exception const&) {
        }
        return false;
    }

    void load_fixed(index_t declared, std::vector<std::string> const& names, settings const& how)
    {
        fixed_batch_ = std::max<index_t>(1, declared);
        auto outputs = engine_.trial(fixed_batch_, batches::fixed);
        auto found   = scores_among(outputs, fixed_batch_, how.output, form_);
        for (std::size_t i = 0; declared < 1 && !found && i < outputs.size(); ++i) {
            auto const baked_in = outputs[i].dims.empty() ? 0 : outputs[i].dims[0];  // in a reshape, maybe
            if (baked_in < 2 || baked_in > 64 || !scores_in(outputs[i].dims, baked_in)) { continue; }
            auto const others = engine_.trial(baked_in, batches::fixed);
            found             = scores_among(others, baked_in, how.output, form_);
            if (!found) { break; }
            fixed_batch_ = baked_in;
            outputs      = others;
            notes_.push_back("the network runs " + std::to_string(baked_in) + " images at a time only");
        }
        if (!found) { throw no_scores_among(outputs, fixed_batch_, !how.output.empty(), form_); }
        scores_ = *found;
        output_ = outputs[found->output];
        engine_.explain(scores_.output, choose_layers(names, fixed_batch_, how.tokens));
        auto const on_what = rows_depend_on();
        if (on_what == rows::mixed) {
            throw model_error{"the outputs of an image depend on the others in its batch of " +
                              std::to_string(fixed_batch_) +
                              "; export the network for one image at a time, or for any number"};
        }
        if (on_what == rows::random) { throw by_chance(); }
        if (declared < 1 && fixed_batch_ == 1 && notes_.empty()) {
            notes_.emplace_back("the network runs one image at a time only");
        }
    }

    /// A few forwards, unless the graph says it.
    [[nodiscard]] rows rows_depend_on()
    {
        if (fixed_batch_ == 0 && selected_.rows_apart) { return rows::apart; }
        auto const answers = [&](std::vector<float> const& images, index_t n) {
            auto const outputs = forward({images.data(), prepend(input_, n)});
            return std::vector<float>{outputs.begin(), outputs.end()};
        };
        auto const found = ask(answers, classes(), fixed_batch_, static_cast<std::size_t>(input_.size()), precision());
        if (found.sums_to_one) { selected_.activation = "softmax"; }
        return found.on_what;
    }

    /// The numbers of the layers to explain among the engine's candidates.
    std::vector<std::size_t> choose_layers(std::vector<std::string> const& names, index_t n,
                                           std::optional<token_grid<SpatialRank>> const& tokens)
    {
        auto const candidates = engine_.layers(n);
        selected_ = select(candidates, engine_.holds(scores_.output), classes(), n, input_, tokens, names, engine_.advice(),
                           scores_.is_of_places());
        taps_.clear();
        std::vector<std::size_t> numbers;
        for (auto const& one : selected_.places) {
            taps_.push_back({one});
            numbers.push_back(one.number);
        }
        return numbers;
    }

    /// The outputs for n images: (n, classes), or rows of whatever shape was asked for.
    [[nodiscard]] model_outputs<float> answered(index_t n) const
    {
        if (form_ == answers::classes) { return {outputs_.values.data(), n, classes()}; }
        ops::outputs<float> all;
        all.count              = 1;
        all.images             = n;
        all.each[0].data       = outputs_.values.data();
        all.each[0].shape.axes = static_cast<int>(scores_.dims.size());
        std::copy(scores_.dims.begin(), scores_.dims.end(), all.each[0].shape.extent);
        return {all, std::vector<std::string_view>{output_.name}};
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
        auto const count = static_cast<std::size_t>(size * input_.size());
        if (order_ == channels::last) {
            turned_.resize(count);
            move_channels_last(in, size, input_, turned_.data());
            in = turned_.data();
        }
        std::vector<given> inputs;
        for (auto& one : held_) { inputs.push_back(one.for_batch(size)); }
        auto dims = image_.dims;
        dims[0]   = size;
        inputs.insert(inputs.begin() + static_cast<std::ptrdiff_t>(image_number_),
                      {converted_.filled(in, count, image_.type), std::move(dims), element_named(image_.type)});
        auto const scores = place_in(outputs_, output_.type, scores_.of(size));
        std::vector<place> layers;
        for (auto& one : taps) {
            auto of_layer = one.of.dims;
            of_layer.insert(of_layer.begin(), size);
            layers.push_back(place_in(one.values, one.of.type, std::move(of_layer)));
        }
        Engine::translated("the network failed on a batch of " + to_string(batch.shape()),
                           [&] { engine_.run(inputs, scores, layers); });
        static_cast<void>(outputs_.read(output_.type));
    }

    [[nodiscard]] static place place_in(buffer& memory, std::string const& type, std::vector<index_t> dims)
    {
        auto* const to = memory.room(static_cast<std::size_t>(onnx::product(dims, PTRDIFF_MAX)), type);
        return {to, std::move(dims), element_named(type)};
    }

    static constexpr index_t unlimited  = 1 << 20;
    static constexpr index_t trial_size = 2;  // of a batch, to see what follows it

    Engine engine_{};
    input_type input_;
    port image_{};  // with -1 for the batch
    std::size_t image_number_ = 0;
    channels order_           = channels::first;
    std::vector<held_input> held_{};
    answers form_ = answers::classes;
    scores scores_{};
    port output_{};
    index_t fixed_batch_ = 0;  // 0: any
    selection<SpatialRank> selected_{};
    std::vector<tap> taps_{};  // as explained()
    buffer outputs_{};
    std::vector<float> filled_up_{};
    std::vector<float> turned_{};
    buffer converted_{};
    std::vector<std::string> notes_{};
};

}  // namespace scorecam::engines
