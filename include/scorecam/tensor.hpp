#pragma once
// A tensor that owns its elements, on the host: what explanations are made of and what a callable may return.
#include <string>
#include <utility>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam {

/// Owning, contiguous, row-major, in host memory. New elements are 0.
template <class T, std::size_t Rank>
class tensor {
public:
    using value_type                  = T;
    static constexpr std::size_t rank = Rank;

    tensor() = default;
    explicit tensor(extents<Rank> shape) : shape_{shape}, elements_(static_cast<std::size_t>(shape.size())) {}
    /// Throws shape_error if there are more or fewer elements than the shape has.
    tensor(extents<Rank> shape, std::vector<T> elements) : shape_{shape}, elements_{std::move(elements)}
    {
        if (size() != shape.size()) {
            throw shape_error{"a tensor of the shape " + to_string(shape) + " was given " + std::to_string(size()) +
                              " elements"};
        }
    }

    [[nodiscard]] extents<Rank> const& shape() const noexcept { return shape_; }
    [[nodiscard]] index_t extent(std::size_t i) const noexcept { return shape_[i]; }
    [[nodiscard]] index_t size() const noexcept { return static_cast<index_t>(elements_.size()); }

    [[nodiscard]] T* data() noexcept { return elements_.data(); }
    [[nodiscard]] T const* data() const noexcept { return elements_.data(); }

    [[nodiscard]] tensor_view<T, Rank> view() noexcept { return {data(), shape_}; }
    [[nodiscard]] tensor_view<T const, Rank> view() const noexcept { return {data(), shape_}; }
    operator tensor_view<T const, Rank>() const noexcept { return view(); }

    template <class... I>
    [[nodiscard]] T& operator()(I... i) noexcept
    {
        return view()(i...);
    }
    template <class... I>
    [[nodiscard]] T const& operator()(I... i) const noexcept
    {
        return view()(i...);
    }
    [[nodiscard]] auto operator[](index_t i) const noexcept { return view()[i]; }

    [[nodiscard]] auto begin() const noexcept { return elements_.begin(); }
    [[nodiscard]] auto end() const noexcept { return elements_.end(); }

private:
    extents<Rank> shape_{};
    std::vector<T> elements_;
};

}  // namespace scorecam
