#pragma once
// An engine that notes how it is called, so that the same calls can be made again with nothing between them.
#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "maps/network.hpp"
#include "maps/recorded_calls.hpp"
#include "maps/stopwatch.hpp"

namespace cli {

using engine_calls = bench::recorded_calls<sc::tensor_view<float const, 4>>;

/// The calls of an engine and of its replicas, each with its own.
class recorded_work {
public:
    void add(engine& on, engine_calls calls) { shares_.emplace_back(&on, std::move(calls)); }

    [[nodiscard]] bool same_sizes(recorded_work const& other) const
    {
        return std::equal(shares_.begin(), shares_.end(), other.shares_.begin(), other.shares_.end(),
                          [](auto const& a, auto const& b) { return a.second.same_sizes(b.second); });
    }

    /// Makes the calls again: those of each replica on a thread of its own, as they were made.
    void repeat() const
    {
        std::vector<std::jthread> others;
        for (std::size_t i = 1; i < shares_.size(); ++i) {
            others.emplace_back([share = &shares_[i]] { share->second.repeat(*share->first); });
        }
        if (!shares_.empty()) { shares_.front().second.repeat(*shares_.front().first); }
    }

    double cpu_seconds = 0;  ///< spent inside the engine by the process; with several concurrency, counted once for each

private:
    std::vector<std::pair<engine*, engine_calls>> shares_;
};

/// Each engine is called by one thread at a time; take() by the one that made the map, when it is done.
class recorded_engine final : public engine {
    using family = std::vector<recorded_engine*>;

    template <class Work>
    auto noted(engine_calls::kind what, sc::tensor_view<float const, 4> batch, Work const& work)
    {
        called_ = true;
        calls_.note(what, batch);
        decltype(work()) answer;
        cpu_seconds_ += bench::timed([&] { answer = work(); }).cpu;
        return answer;
    }

public:
    explicit recorded_engine(std::unique_ptr<engine> on, std::shared_ptr<family> all = std::make_shared<family>())
        : on_{std::move(on)}, all_{std::move(all)}
    {
        all_->push_back(this);
    }
    ~recorded_engine() override { all_->erase(std::find(all_->begin(), all_->end(), this)); }
    recorded_engine(recorded_engine const&)            = delete;
    recorded_engine& operator=(recorded_engine const&) = delete;

    /// What this engine and its replicas were asked since the last time.
    [[nodiscard]] recorded_work take()
    {
        recorded_work work;
        for (auto* const one : *all_) {
            work.cpu_seconds += std::exchange(one->cpu_seconds_, 0);
            if (one->called_) { work.add(*one->on_, std::exchange(one->calls_, {})); }
            one->called_ = false;
        }
        return work;
    }

    [[nodiscard]] std::string name() const override { return on_->name(); }
    [[nodiscard]] std::vector<sc::layer<2>> const& layers() const override { return on_->layers(); }
    [[nodiscard]] std::vector<sc::layer<2>> const& explained() const override { return on_->explained(); }
    [[nodiscard]] sc::image_shape input_shape() const override { return on_->input_shape(); }
    [[nodiscard]] std::string precision() const override { return on_->precision(); }
    [[nodiscard]] sc::index_t max_batch() const override { return on_->max_batch(); }
    [[nodiscard]] sc::index_t classes() const override { return on_->classes(); }
    [[nodiscard]] std::string output() const override { return on_->output(); }
    [[nodiscard]] std::string activation() const override { return on_->activation(); }
    [[nodiscard]] std::vector<std::string> notes() const override { return on_->notes(); }
    [[nodiscard]] std::string why() const override { return on_->why(); }
    [[nodiscard]] std::unique_ptr<engine> replica() const override
    {
        return std::make_unique<recorded_engine>(on_->replica(), all_);
    }
    void take_over() override { on_->take_over(); }
    sc::model_outputs<float> forward(sc::tensor_view<float const, 4> batch) override
    {
        return noted(engine_calls::kind::forward, batch, [&] { return on_->forward(batch); });
    }
    sc::captured<float> capture(sc::tensor_view<float const, 4> batch) override
    {
        return noted(engine_calls::kind::capture, batch, [&] { return on_->capture(batch); });
    }
    sc::captured_layers<float> capture_layers(sc::tensor_view<float const, 4> batch) override
    {
        return noted(engine_calls::kind::capture_layers, batch, [&] { return on_->capture_layers(batch); });
    }

private:
    std::unique_ptr<engine> on_;
    std::shared_ptr<family> all_;  // this engine and its replicas, in the order they were made
    engine_calls calls_;
    bool called_        = false;
    double cpu_seconds_ = 0;
};

}  // namespace cli
