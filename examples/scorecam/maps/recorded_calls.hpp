#pragma once
// How a model was called, to call it again in the same way: the same kinds of call in the same order on the same memory, and
// so with the same switching inside the engine.
#include <cstddef>
#include <vector>

namespace bench {

template <class Batch>
class recorded_calls {
public:
    enum class kind { forward, capture, capture_layers };

    void note(kind what, Batch batch) { calls_.push_back({what, batch}); }
    void forget() { calls_.clear(); }

    /// Whether the model was called with batches of the same sizes in the same order.
    [[nodiscard]] bool same_sizes(recorded_calls const& other) const
    {
        bool same = calls_.size() == other.calls_.size();
        for (std::size_t i = 0; same && i < calls_.size(); ++i) {
            same = calls_[i].batch.extent(0) == other.calls_[i].batch.extent(0);
        }
        return same;
    }

    /// Calls the model as it was called. The explainer that called it is still there and was not used since. Its memory for
    /// batches is one piece that grows and never shrinks: where the last forward ran, all of them fit.
    template <class Model>
    void repeat(Model& model) const
    {
        auto const* memory = static_cast<decltype(Batch{}.data())>(nullptr);
        for (auto const& [what, batch] : calls_) {
            if (what == kind::forward) { memory = batch.data(); }
        }
        for (auto const& [what, batch] : calls_) {
            if (what == kind::forward) {
                model.forward(Batch{memory, batch.shape()});
            } else if (what == kind::capture) {
                model.capture(batch);
            } else if constexpr (requires { model.capture_layers(batch); }) {
                model.capture_layers(batch);
            }
        }
    }

private:
    struct call {
        kind what;
        Batch batch;
    };
    std::vector<call> calls_;
};

}  // namespace bench
