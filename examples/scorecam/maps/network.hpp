#pragma once
// A network on whichever engine was chosen at run time, as one model.
#include <memory>
#include <string>
#include <vector>

#include <scorecam/engines/layer.hpp>
#include <scorecam/model.hpp>

#include "maps/options.hpp"

namespace cli {

/// What every engine's adapter offers: the one interface, so that the algorithm is compiled once for all of them.
class engine {
public:
    virtual ~engine() = default;

    [[nodiscard]] virtual std::string name() const                           = 0;  ///< with its version
    [[nodiscard]] virtual std::vector<sc::layer<2>> const& layers() const    = 0;
    [[nodiscard]] virtual std::vector<sc::layer<2>> const& explained() const = 0;
    [[nodiscard]] virtual sc::image_shape input_shape() const                = 0;
    [[nodiscard]] virtual std::string precision() const                      = 0;
    [[nodiscard]] virtual sc::index_t max_batch() const                      = 0;
    [[nodiscard]] virtual sc::index_t classes() const                        = 0;
    [[nodiscard]] virtual std::string output() const = 0;  ///< the name of the scores, if they have one
    /// What the scores are: "softmax", "sigmoid", "log_softmax", or nothing.
    [[nodiscard]] virtual std::string activation() const = 0;
    /// What one should know before one trusts the network's maps.
    [[nodiscard]] virtual std::vector<std::string> notes() const = 0;
    /// Why the layer is explained that is, if none was named.
    [[nodiscard]] virtual std::string why() const                 = 0;
    [[nodiscard]] virtual std::unique_ptr<engine> replica() const = 0;
    /// Sets what all networks of an engine share in a process, such as OpenCV's number of threads, as this one was opened to
    /// have it: needed before a map if another network was opened since.
    virtual void take_over()                                                           = 0;
    virtual sc::model_outputs<float> forward(sc::tensor_view<float const, 4>)          = 0;
    virtual sc::captured<float> capture(sc::tensor_view<float const, 4>)               = 0;
    virtual sc::captured_layers<float> capture_layers(sc::tensor_view<float const, 4>) = 0;
};

/// A layered model that calls the engine.
class network {
public:
    using value_type = float;
    using space_type = sc::host_space;

    explicit network(std::unique_ptr<engine> on) : on_{std::move(on)} {}

    [[nodiscard]] engine const& on() const { return *on_; }

    [[nodiscard]] sc::image_shape input_shape() const { return on_->input_shape(); }
    [[nodiscard]] sc::index_t max_batch() const { return on_->max_batch(); }
    [[nodiscard]] std::string precision() const { return on_->precision(); }
    [[nodiscard]] network replica() const
    {
        network another{on_->replica()};
        another.turned_ = turned_;
        return another;
    }
    void take_over() { on_->take_over(); }
    /// From here on outputs are those of the engine times -1: what is explained is why they are low.
    void turn(bool whether) { turned_ = whether; }

    auto forward(sc::tensor_view<float const, 4> batch) { return seen(on_->forward(batch)); }
    auto capture(sc::tensor_view<float const, 4> batch)
    {
        auto all    = on_->capture(batch);
        all.outputs = seen(all.outputs);
        return all;
    }
    auto capture_layers(sc::tensor_view<float const, 4> batch)
    {
        auto all    = on_->capture_layers(batch);
        all.outputs = seen(all.outputs);
        return all;
    }

private:
    [[nodiscard]] sc::model_outputs<float> seen(sc::model_outputs<float> outputs)
    {
        if (!turned_) { return outputs; }
        negative_.assign(outputs.begin(), outputs.end());
        for (float& one : negative_) { one = -one; }
        return {negative_.data(), outputs.extent(0), outputs.extent(1)};
    }

    bool turned_ = false;
    std::vector<float> negative_{};
    std::unique_ptr<engine> on_;
};

static_assert(sc::layered_model<network>);

/// The engines that this program was built with, the fastest first.
[[nodiscard]] std::vector<std::string> engine_names();

/// The network of the options on the engine of the options, or on the fastest one that can run it; with the layers of the
/// given names explained, or the default one.
[[nodiscard]] network open_network(model_options const& options, std::vector<std::string> const& layers = {});
/// The same, not yet a model.
[[nodiscard]] std::unique_ptr<engine> open_engine(model_options const& options, std::vector<std::string> const& layers = {});

}  // namespace cli
