#pragma once
// An engine's adapter behind the program's one interface.
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <scorecam/cpu/workers.hpp>
#include <scorecam/error.hpp>

#include "maps/network.hpp"

namespace cli {

/// An adapter behind the interface.
template <class Adapter>
class engine_of final : public engine {
public:
    /// `settle` sets what all networks of this engine share in the process as this one wants it.
    engine_of(std::string name, Adapter adapter, std::function<void()> settle)
        : name_{std::move(name)}, adapter_{std::move(adapter)}, settle_{std::move(settle)}
    {
    }

    [[nodiscard]] std::string name() const override { return name_; }
    [[nodiscard]] std::vector<sc::layer<2>> const& layers() const override { return adapter_.layers(); }
    [[nodiscard]] std::vector<sc::layer<2>> const& explained() const override { return adapter_.explained(); }
    [[nodiscard]] sc::image_shape input_shape() const override { return adapter_.input_shape(); }
    [[nodiscard]] sc::index_t max_batch() const override { return adapter_.max_batch(); }
    [[nodiscard]] std::string precision() const override { return adapter_.precision(); }
    [[nodiscard]] sc::index_t classes() const override { return adapter_.classes(); }
    [[nodiscard]] std::string output() const override { return adapter_.output(); }
    [[nodiscard]] std::string activation() const override { return adapter_.activation(); }
    [[nodiscard]] std::vector<std::string> notes() const override { return adapter_.notes(); }
    [[nodiscard]] std::string why() const override { return adapter_.why(); }
    [[nodiscard]] std::unique_ptr<engine> replica() const override
    {
        if constexpr (requires { adapter_.replica(); }) {
            return std::make_unique<engine_of>(name_, adapter_.replica(), settle_);
        } else {
            throw sc::option_error{"--concurrency: " + name_ +
                                   " is called by one thread; write --concurrency 1 or another --engine"};
        }
    }
    void take_over() override { settle_(); }
    sc::model_outputs<float> forward(sc::tensor_view<float const, 4> batch) override { return adapter_.forward(batch); }
    sc::captured<float> capture(sc::tensor_view<float const, 4> batch) override { return adapter_.capture(batch); }
    sc::captured_layers<float> capture_layers(sc::tensor_view<float const, 4> batch) override
    {
        return adapter_.capture_layers(batch);
    }

private:
    std::string name_;
    Adapter adapter_;
    std::function<void()> settle_;
};

template <class Adapter>
[[nodiscard]] std::unique_ptr<engine> engine_with(std::string name, Adapter adapter, std::function<void()> settle = [] {})
{
    return std::make_unique<engine_of<Adapter>>(std::move(name), std::move(adapter), std::move(settle));
}

[[nodiscard]] inline int threads_of(model_options const& options)
{
    return options.threads > 0 ? options.threads : sc::cpu::workers::hardware_threads();
}

/// In a file of its own: LibTorch's headers take their time, and do not go with everything.
[[nodiscard]] std::unique_ptr<engine> open_torch(model_options const& options, std::vector<std::string> const& layers);

}  // namespace cli
