#pragma once
// Memory that is allocated once and used again: the explainer's own.
#include <cstddef>
#include <optional>
#include <utility>

#include <scorecam/tensor_view.hpp>

namespace scorecam::detail {

/// A tensor in a backend's memory that grows when it must and never shrinks. Its elements are whatever was there before.
template <class Backend, class T, std::size_t Rank>
class scratch {
public:
    using view_type = tensor_view<T, Rank, typename Backend::space_type>;

    /// A view of the given shape; what it held is lost.
    view_type resize(Backend& on, extents<Rank> shape)
    {
        if (shape.size() > capacity_) {
            buffer_.reset();  // before allocating: never both at once
            capacity_ = 0;
            shape_    = {};  // should there be no memory
            buffer_.emplace(on.template allocate<T>(shape.size()));
            capacity_ = shape.size();
        }
        shape_ = shape;
        return view();
    }
    /// An empty view; the memory is kept.
    void clear() noexcept { shape_ = {}; }

    [[nodiscard]] view_type view() const noexcept { return {buffer_ ? buffer_->data() : nullptr, shape_}; }
    [[nodiscard]] extents<Rank> const& shape() const noexcept { return shape_; }
    [[nodiscard]] index_t bytes() const noexcept { return capacity_ * static_cast<index_t>(sizeof(T)); }

private:
    using buffer_type = decltype(std::declval<Backend&>().template allocate<T>(index_t{}));
    mutable std::optional<buffer_type> buffer_;
    extents<Rank> shape_{};
    index_t capacity_ = 0;
};

}  // namespace scorecam::detail
