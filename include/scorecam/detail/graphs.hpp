#pragma once
// Chunks of the same size are the same work on other channels: recorded once and replayed, where the backend and the model
// can.
#include <concepts>
#include <cstddef>
#include <map>
#include <optional>
#include <utility>

#include <scorecam/detail/scratch.hpp>
#include <scorecam/error.hpp>
#include <scorecam/model.hpp>
#include <scorecam/ops/masking.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::detail {

struct no_work {
    void operator()() const {}
};
template <class B>
concept records = requires(B& b) {
    static_cast<bool>(b.record(no_work{}));
    b.record(no_work{}).replay();
};

/// `capturable` of the model, false if it has none.
template <class Model>
[[nodiscard]] bool is_capturable(Model const& model)
{
    if constexpr (requires {
                      { model.capturable } -> std::convertible_to<bool>;
                  }) {
        return model.capturable;
    } else {
        return false;
    }
}

/// The recordings of one model on one backend, by the size of the chunk. Without recordings it runs each chunk as it is.
template <class Backend, class Model>
class recorded_chunks {
public:
    void forget() noexcept {}
    template <class Calls, class Picks, class Run>
    [[nodiscard]] outputs_of<Model> run(Backend&, Calls&, void const*, Picks picks, Run const& run)
    {
        return run(picks);
    }
};

template <records Backend, class Model>
class recorded_chunks<Backend, Model> {
public:
    /// What they refer to is no longer there.
    void forget() noexcept { known_.clear(); }

    /// Enqueues run(picks), which masks the picks into the memory `batch`, calls the model once with it and reads the
    /// scores. The first chunk of a size is run as it is, for it may make memory; the second one is recorded, and replayed
    /// from then on.
    template <class Calls, class Picks, class Run>
    [[nodiscard]] outputs_of<Model> run(Backend& on, Calls& calls, void const* batch, Picks picks, Run const& run)
    {
        if (!is_capturable(calls.model())) { return run(picks); }
        index_t const n = picks.extent(0);
        auto& known     = known_[n];
        if (known.batch != batch) {
            auto const outputs = run(picks);
            known              = {};
            known.batch        = batch;
            return outputs;
        }
        if (!known.tried) { record(on, calls, known, picks, run); }
        if (!known.recording || !replayed(on, known, picks)) { return run(picks); }
        calls.count(n);
        return known.outputs;
    }

private:
    using recording_type = decltype(std::declval<Backend&>().record(no_work{}));
    struct chunk {
        void const* batch = nullptr;
        scratch<Backend, ops::pick, 1> picks;
        bool tried = false;
        std::optional<recording_type> recording;  // nothing if the work cannot be recorded, or memory is short for it
        outputs_of<Model> outputs;
    };

    template <class Calls, class Picks, class Run>
    static void record(Backend& on, Calls& calls, chunk& known, Picks picks, Run const& run)
    {
        known.tried = true;
        try {
            auto const own = as_const(known.picks.resize(on, picks.shape()));  // the same place for every chunk
            calls.uncounted([&] {
                auto recorded = on.record([&] { known.outputs = run(own); });
                if (recorded) { known.recording.emplace(std::move(recorded)); }
            });
        } catch (out_of_memory const&) {  // what is recorded takes more than what is run
            known.recording.reset();
        }
    }
    /// False if memory is short for it: nothing was enqueued then.
    template <class Picks>
    static bool replayed(Backend& on, chunk& known, Picks picks)
    {
        try {
            on.copy(picks, known.picks.view());
            known.recording->replay();
        } catch (out_of_memory const&) {
            known.recording.reset();
        }
        return known.recording.has_value();
    }

    std::map<index_t, chunk> known_;
};

}  // namespace scorecam::detail
