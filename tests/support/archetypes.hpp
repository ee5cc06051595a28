#pragma once
// Types that satisfy a concept of the library and can do nothing more. What compiles with them asks for no more than the
// concept says, and the memory of their backend is full of NaN, so that nothing relies on zeros either.
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include <scorecam/scorecam.hpp>

namespace archetypes {

using scorecam::host_space;
using scorecam::index_t;
using scorecam::tensor_view;

/// Memory that the host must not read. Work on it is enqueued.
struct device_space {
    static constexpr bool host_accessible = false;
    struct queue_type {
        int id;
    };
};

/// All that can be done with it is to convert it.
template <class To>
struct converts_to {
    To value;
    operator To() const { return value; }
};

/// Neither copied nor moved.
struct pinned {
    pinned()              = default;
    pinned(pinned const&) = delete;
    ~pinned()             = default;

    pinned& operator=(pinned const&) = delete;
};

/// Moved into its place, never copied.
struct move_only {
    move_only()            = default;
    move_only(move_only&&) = default;
    ~move_only()           = default;

    move_only& operator=(move_only&&) = delete;
};

// ---- models

/// Two classes, the left and the right half of a 4 x 4 image, and two activations of 2 x 2, the image and its negative:
/// the arithmetic of the models below.
class two_halves {
public:
    static constexpr scorecam::image_shape input_shape{{1, 4, 4}};

    void run(float const* images, index_t n)
    {
        auto const count = static_cast<std::size_t>(n);
        outputs_.assign(count * 2, 0);
        activations_.assign(count * 8, 0);
        for (std::size_t at = 0; at < count * 16; ++at) {
            auto const image = at / 16, y = at / 4 % 4, x = at % 4;
            auto const value = images[at];
            outputs_[image * 2 + x / 2] += value;
            activations_[image * 8 + y / 2 * 2 + x / 2] += value / 4;
            activations_[image * 8 + 4 + y / 2 * 2 + x / 2] -= value / 4;
        }
    }
    template <class Space>
    tensor_view<float const, 2, Space> outputs() const
    {
        return {outputs_.data(), count(), 2};
    }
    template <class Space>
    tensor_view<float const, 4, Space> activations() const
    {
        return {activations_.data(), count(), 2, 2, 2};
    }

private:
    index_t count() const { return static_cast<index_t>(outputs_.size()) / 2; }
    std::vector<float> outputs_;
    std::vector<float> activations_;
};

/// A model on the host.
class minimal_model : pinned {
public:
    using value_type    = float;
    using space_type    = host_space;
    using batch_type    = tensor_view<float const, 4>;
    using captured_type = scorecam::captured<float>;

    scorecam::image_shape input_shape() const { return two_halves::input_shape; }
    converts_to<tensor_view<float const, 2>> forward(batch_type batch)
    {
        network_.run(batch.data(), batch.extent(0));
        return {network_.outputs<host_space>()};
    }
    converts_to<captured_type> capture(batch_type batch)
    {
        network_.run(batch.data(), batch.extent(0));
        return {{network_.outputs<host_space>(), network_.activations<host_space>()}};
    }

private:
    two_halves network_;
};

/// A model on the made-up device: it is handed the queue.
class minimal_device_model : pinned {
public:
    using value_type    = float;
    using space_type    = device_space;
    using batch_type    = tensor_view<float const, 4, device_space>;
    using queue_type    = device_space::queue_type;
    using captured_type = scorecam::captured<float, device_space>;

    explicit minimal_device_model(std::vector<int>& queues_seen) : queues_seen_{queues_seen} {}

    scorecam::image_shape input_shape() const { return two_halves::input_shape; }
    converts_to<tensor_view<float const, 2, device_space>> forward(batch_type batch, queue_type queue)
    {
        queues_seen_.push_back(queue.id);
        network_.run(batch.data(), batch.extent(0));
        return {network_.outputs<device_space>()};
    }
    converts_to<captured_type> capture(batch_type batch, queue_type queue)
    {
        queues_seen_.push_back(queue.id);
        network_.run(batch.data(), batch.extent(0));
        return {{network_.outputs<device_space>(), network_.activations<device_space>()}};
    }

private:
    std::vector<int>& queues_seen_;
    two_halves network_;
};

// ---- backends

/// What allocate returns: it knows its data and its size, and can be moved once into its place.
template <class T>
class owner {
public:
    explicit owner(index_t n) : data_{new T[static_cast<std::size_t>(n)]}, size_{static_cast<std::size_t>(n)}
    {
        std::memset(static_cast<void*>(data_.get()), 0xff, size_ * sizeof(T));  // NaN, or -1
    }
    owner(owner&&)            = default;
    owner& operator=(owner&&) = delete;

    T* data() { return data_.get(); }
    std::size_t size() { return size_; }

private:
    std::unique_ptr<T[]> data_;
    std::size_t size_;
};

/// A backend in either space: the reference backend behind nothing but the names of the concept.
template <scorecam::space Space>
class minimal_backend_in : pinned {
    template <class T, std::size_t Rank>
    using view        = tensor_view<T, Rank, Space>;
    using ranges_rule = scorecam::ops::mask_rule;
    using picks_view  = view<scorecam::ops::pick const, 1>;
    template <class T>
    using range = scorecam::ops::range<T>;

public:
    using space_type              = Space;
    static constexpr int queue_id = 7;

    auto queue()
        requires(!Space::host_accessible)
    {
        return converts_to<typename Space::queue_type>{{queue_id}};
    }

    template <class T>
    owner<T> allocate(index_t n)
    {
        return owner<T>{n};
    }
    template <class T, std::size_t Rank>
    void from_host(T const* host, view<T, Rank> to)
    {
        serial_.from_host(host, on_host(to));
    }
    template <class T, std::size_t Rank>
    void to_host(view<T const, Rank> from, T* host)
    {
        serial_.to_host(on_host(from), host);
    }
    void wait() {}
    template <class T, std::size_t Rank>
    void copy(view<T const, Rank> from, view<T, Rank> to)
    {
        serial_.copy(on_host(from), on_host(to));
    }

    template <class T, std::size_t Rank, class F>
    void paint(view<T const, Rank> images, F const& f, view<T, Rank> out)
    {
        serial_.paint(on_host(images), f, on_host(out));
    }
    template <class T, std::size_t Rank>
    void extrema(view<T const, Rank> maps, scorecam::extents<Rank - 1> size, ranges_rule rule, view<range<T>, 1> out)
    {
        serial_.extrema(on_host(maps), size, rule, on_host(out));
    }
    template <class T, std::size_t Rank>
    void mask(view<T const, Rank> images, view<T const, Rank> background, scorecam::masks_view<T, Rank, Space> masks,
              picks_view picks, view<T, Rank> batch)
    {
        serial_.mask(on_host(images), on_host(background), on_host(masks), on_host(picks), on_host(batch));
    }
    template <class T, std::size_t Rank>
    void average(scorecam::masks_view<T, Rank, Space> masks, view<T const, 3> weights, view<T, Rank> out)
    {
        serial_.average(on_host(masks), on_host(weights), on_host(out));
    }
    template <class T>
    void top(view<T const, 2> outputs, view<index_t, 2> targets)
    {
        serial_.top(on_host(outputs), on_host(targets));
    }
    template <class T, class Score>
    void score(scorecam::model_outputs<T, Space> outputs, Score const& f, picks_view picks, view<index_t const, 2> targets,
               view<T, 3> scores)
    {
        serial_.score(scorecam::model_outputs<T>{outputs.rows(), std::vector<std::string_view>{}}, f, on_host(picks), on_host(targets), on_host(scores));
    }
    template <class T, class Weighting>
    void weigh(view<T const, 3> scores, view<scorecam::ops::channel_role const, 2> roles, view<T const, 2> baseline,
               view<T const, 2> zero_mask, Weighting const& f, view<T, 3> weights)
    {
        serial_.weigh(on_host(scores), on_host(roles), on_host(baseline), on_host(zero_mask), f, on_host(weights));
    }
    template <class T, std::size_t Rank>
    void moments(view<T const, Rank> maps, view<scorecam::ops::moments<T>, 1> out)
    {
        serial_.moments(on_host(maps), on_host(out));
    }
    template <class T, std::size_t Rank>
    void normalise(view<T, Rank> maps, view<range<T> const, 1> ranges, scorecam::ops::mask_rule rule)
    {
        serial_.normalise(on_host(maps), on_host(ranges), rule);
    }
    template <class T, std::size_t Rank>
    void combine(view<T const, Rank> maps, view<T const, 3> weights, view<T, Rank> out)
    {
        serial_.combine(on_host(maps), on_host(weights), on_host(out));
    }
    template <class T, std::size_t Rank>
    void heatmap(view<T const, Rank> sums, scorecam::ops::heatmap_rule rule, view<T, Rank> maps, view<range<T>, 1> ranges)
    {
        serial_.heatmap(on_host(sums), rule, on_host(maps), on_host(ranges));
    }

private:
    template <class T, std::size_t Rank>
    static tensor_view<T, Rank> on_host(view<T, Rank> v)
    {
        return {v.data(), v.shape()};
    }
    template <class T, std::size_t Rank>
    static scorecam::masks_view<T, Rank> on_host(scorecam::masks_view<T, Rank, Space> const& m)
    {
        return {on_host(m.maps), on_host(m.ranges), m.rule, on_host(m.shifts), m.enlarged};
    }
    scorecam::reference_backend serial_;
};

using minimal_backend        = minimal_backend_in<host_space>;
using minimal_device_backend = minimal_backend_in<device_space>;

// ---- policies, one of every kind

struct minimal_target : move_only {
    using kind = scorecam::kinds::target;
    scorecam::tensor<index_t, 2> list(index_t images, index_t) const
    {
        return scorecam::tensor<index_t, 2>{scorecam::extents<2>{{images, 1}}};  // class 0
    }
};

/// The values of a row as they are.
template <class Row>
struct minimal_reading : move_only {
    explicit minimal_reading(Row r) : row{r} {}
    auto operator()(index_t i) const { return converts_to<typename Row::value_type>{row[i]}; }

private:
    Row row;
};
struct minimal_score : move_only {
    using kind = scorecam::kinds::score;
    auto operator()(scorecam::ops::row<float> outputs) const { return minimal_reading{outputs}; }
};
struct minimal_weighting : move_only {
    using kind = scorecam::kinds::weighting;
    static constexpr converts_to<bool> shift_invariant{false};
    auto operator()(scorecam::ops::contributions<float> values) const { return minimal_reading{values}; }
};

/// Grey.
struct minimal_picture : move_only {
    static constexpr bool per_image = false;
    template <class Backend, class T, std::size_t Rank, class Space>
    void paint(Backend& on, tensor_view<T const, Rank, Space> images, tensor_view<T, Rank, Space> out) const
    {
        std::vector<T> const grey(static_cast<std::size_t>(images.size()), T(0.5));
        on.from_host(grey.data(), out);
    }
};
struct minimal_baseline : move_only {
    using kind = scorecam::kinds::baseline;
    minimal_picture picture;
};
struct minimal_background : move_only {
    using kind = scorecam::kinds::background;
    minimal_picture picture;
};

struct minimal_masking : move_only {
    using kind = scorecam::kinds::masking;
    operator scorecam::mask_rule() const { return {}; }
};
struct minimal_heatmap : move_only {
    using kind = scorecam::kinds::heatmap;
    operator scorecam::heatmap_rule() const { return {}; }
};
struct minimal_flat : move_only {
    using kind = scorecam::kinds::flat;
    operator scorecam::flat_channels() const { return scorecam::flat_channels::scored; }
};
struct minimal_batching : move_only {
    using kind = scorecam::kinds::batching;
    converts_to<index_t> next(scorecam::batch_request) { return {1}; }
};
struct minimal_progress : move_only {
    using kind = scorecam::kinds::progress;
    void report(index_t, index_t) {}
};
struct minimal_stop : move_only {
    using kind = scorecam::kinds::stop;
    converts_to<bool> requested() const { return {false}; }
};

}  // namespace archetypes
