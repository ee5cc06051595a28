#pragma once
// A made-up device: its memory cannot be read by the host, and everything enqueued runs only when somebody waits, so that
// a step that needs the host to know too early, or memory that is freed too early, shows.
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <scorecam/backend.hpp>
#include <scorecam/batch_view.hpp>
#include <scorecam/model.hpp>
#include <scorecam/reference.hpp>
#include <scorecam/tensor.hpp>

namespace deferred {

namespace sc = scorecam;

/// Work in order, run when somebody waits.
class queue {
public:
    void add(std::function<void()> work) { work_.push_back(std::move(work)); }
    void wait()
    {
        ++waits;
        for (auto const& work : std::exchange(work_, {})) { work(); }
    }
    int waits = 0;

private:
    std::vector<std::function<void()>> work_;
};

struct space {
    static constexpr bool host_accessible = false;
    using queue_type                      = queue*;
};

/// Device memory, freed in queue order.
template <class T>
class buffer {
public:
    buffer(sc::index_t n, queue& on) : on_{&on}, memory_{std::make_shared<std::vector<T>>(static_cast<std::size_t>(n))} {}
    buffer(buffer&&) noexcept            = default;
    buffer& operator=(buffer&&) noexcept = default;
    ~buffer()
    {
        if (memory_) {
            on_->add([memory = std::move(memory_)] { memory->assign(memory->size(), T{}); });  // poison
        }
    }
    [[nodiscard]] T* data() const { return memory_->data(); }
    [[nodiscard]] std::size_t size() const { return memory_->size(); }

private:
    queue* on_;
    std::shared_ptr<std::vector<T>> memory_;
};

/// What the device itself may do: look at its memory as if it were the host's.
template <class T, std::size_t Rank>
[[nodiscard]] sc::tensor_view<T, Rank> inside(sc::tensor_view<T, Rank, space> view)
{
    return {view.data(), view.shape()};
}
template <class T, std::size_t Rank, sc::layout Layout>
[[nodiscard]] sc::batch_view<T, Rank, Layout> inside(sc::batch_view<T, Rank, Layout, space> batch)
{
    return {batch.data(), batch.shape()};
}
template <class T, std::size_t Rank>
[[nodiscard]] sc::masks_view<T, Rank> inside(sc::masks_view<T, Rank, space> const& masks)
{
    return {inside(masks.maps), inside(masks.ranges), masks.rule, inside(masks.shifts), masks.enlarged};
}
template <class T>
[[nodiscard]] sc::model_outputs<T> inside(sc::model_outputs<T, space> const& outputs)
{
    return {outputs.rows(), std::vector<std::string_view>{}};
}
template <class T>
[[nodiscard]] T inside(T value)
{
    return value;
}

class backend {
public:
    using space_type = deferred::space;

    explicit backend(deferred::queue& on) : queue_{&on} {}
    [[nodiscard]] deferred::queue* queue() const { return queue_; }

    template <class T>
    [[nodiscard]] buffer<T> allocate(sc::index_t n)
    {
        return {n, *queue_};
    }
    template <class T, std::size_t Rank>
    void from_host(T const* host, sc::tensor_view<T, Rank, deferred::space> view)
    {
        queue_->add([staged = std::vector<T>(host, host + view.size()), view] {
            std::copy(staged.begin(), staged.end(), view.data());
        });
    }
    template <class T, std::size_t Rank>
    void to_host(sc::tensor_view<T const, Rank, deferred::space> view, T* host)
    {
        queue_->add([=] { std::copy_n(view.data(), view.size(), host); });
    }
    void wait() { queue_->wait(); }

    template <class... A>
    void copy(A... a)
    {
        queue_->add([=] { sc::reference_backend{}.copy(inside(a)...); });
    }
    template <class... A>
    void paint(A... a)
    {
        queue_->add([=] { sc::reference_backend{}.paint(inside(a)...); });
    }
    template <class... A>
    void extrema(A... a)
    {
        queue_->add([=] { sc::reference_backend{}.extrema(inside(a)...); });
    }
    template <class... A>
    void mask(A... a)
    {
        queue_->add([=] { sc::reference_backend{}.mask(inside(a)...); });
    }
    template <class... A>
    void top(A... a)
    {
        queue_->add([=] { sc::reference_backend{}.top(inside(a)...); });
    }
    template <class... A>
    void score(A... a)
    {
        queue_->add([=] { sc::reference_backend{}.score(inside(a)...); });
    }
    template <class... A>
    void moments(A... a)
    {
        queue_->add([=] { sc::reference_backend{}.moments(inside(a)...); });
    }
    template <class... A>
    void normalise(A... a)
    {
        queue_->add([=] { sc::reference_backend{}.normalise(inside(a)...); });
    }
    template <class... A>
    void weigh(A... a)
    {
        queue_->add([=] { sc::reference_backend{}.weigh(inside(a)...); });
    }
    template <class... A>
    void combine(A... a)
    {
        queue_->add([=] { sc::reference_backend{}.combine(inside(a)...); });
    }
    template <class... A>
    void average(A... a)
    {
        queue_->add([=] { sc::reference_backend{}.average(inside(a)...); });
    }
    template <class... A>
    void heatmap(A... a)
    {
        queue_->add([=] { sc::reference_backend{}.heatmap(inside(a)...); });
    }

private:
    deferred::queue* queue_;
};

/// A host model moved to the device: its work is enqueued, its results live on the device until the next call, in queue
/// order.
template <class HostModel>
class model {
public:
    using value_type = typename HostModel::value_type;
    using space_type = deferred::space;
    using batch_type = sc::tensor_view<value_type const, 4, deferred::space>;

    model(HostModel& host, sc::index_t classes, sc::image_shape activation, sc::index_t largest_batch, queue& on)
        : host_{host}, classes_{classes}, activation_{activation}, outputs_{largest_batch * classes, on},
          activations_{largest_batch * activation.size(), on}
    {
    }
    [[nodiscard]] sc::image_shape input_shape() const { return host_.input_shape(); }

    sc::tensor_view<value_type const, 2, deferred::space> forward(batch_type batch, queue* on)
    {
        on->add([this, batch] {
            auto const y = host_.forward(inside(batch));
            std::copy_n(y.data(), y.size(), outputs_.data());
        });
        return {outputs_.data(), batch.extent(0), classes_};
    }
    sc::captured<value_type, deferred::space> capture(batch_type batch, queue* on)
    {
        on->add([this, batch] {
            auto const seen = host_.capture(inside(batch));
            std::copy_n(seen.outputs.data(), seen.outputs.size(), outputs_.data());
            std::copy_n(seen.activations.data(), seen.activations.size(), activations_.data());
        });
        return {{outputs_.data(), batch.extent(0), classes_}, {activations_.data(), prepend(activation_, batch.extent(0))}};
    }

    /// The layer twice.
    [[nodiscard]] sc::captured_layers<value_type, deferred::space> capture_layers(batch_type batch, queue* on)
    {
        auto const seen = capture(batch, on);
        return {seen.outputs, {seen.activations, seen.activations}};
    }

private:
    HostModel& host_;
    sc::index_t classes_;
    sc::image_shape activation_;
    buffer<value_type> outputs_;
    buffer<value_type> activations_;
};

}  // namespace deferred
