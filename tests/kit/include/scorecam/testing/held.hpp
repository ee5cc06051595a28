#pragma once
// Tensors in a backend's memory, and how far apart two are.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>

#include <scorecam/backend.hpp>
#include <scorecam/tensor.hpp>

namespace scorecam::testing {

/// A tensor in a backend's memory, and its way back.
template <class Backend, class T, std::size_t Rank>
class held {
public:
    held(Backend& on, extents<Rank> shape) : on_{on}, buffer_{on.template allocate<T>(shape.size())}, shape_{shape} {}
    held(Backend& on, tensor<T, Rank> const& host) : held{on, host.shape()} { on.from_host(host.data(), view()); }

    [[nodiscard]] view_on<Backend, T, Rank> view() const { return {buffer_.data(), shape_}; }
    [[nodiscard]] const_view_on<Backend, T, Rank> in() const { return view(); }
    /// Its elements; waits.
    [[nodiscard]] tensor<T, Rank> host() const
    {
        tensor<T, Rank> copy{shape_};
        on_.to_host(in(), copy.data());
        on_.wait();
        return copy;
    }

private:
    Backend& on_;
    mutable decltype(std::declval<Backend&>().template allocate<T>(0)) buffer_;
    extents<Rank> shape_;
};

/// How far a tensor is from the expected one, in ulps of the largest expected value, or of 1 if all are smaller; infinitely
/// far where one has a NaN, or another shape.
template <class T>
struct distance {
    T ulps        = 0;
    index_t where = 0;  ///< the element that is farthest away
    T found       = 0;  ///< its value
    T expected    = 0;

    template <std::size_t Rank>
    distance(tensor<T, Rank> const& a, tensor<T, Rank> const& b)
    {
        if (!(a.shape() == b.shape())) {
            ulps = std::numeric_limits<T>::infinity();
            return;
        }
        T largest = 1;
        for (auto const v : b) { largest = std::max(largest, std::abs(v)); }
        for (index_t i = 0; i < a.size(); ++i) {
            T const off   = std::abs(a.data()[i] - b.data()[i]) / (std::numeric_limits<T>::epsilon() * largest);
            T const apart = std::isnan(off) ? std::numeric_limits<T>::infinity() : off;
            if (apart > ulps) { ulps = apart, where = i, found = a.data()[i], expected = b.data()[i]; }
        }
    }
};
template <class T>
[[nodiscard]] std::string to_string(distance<T> const& d)
{
    return std::to_string(d.ulps) + " ulps at element " + std::to_string(d.where) + ", which is " + std::to_string(d.found) +
           " instead of " + std::to_string(d.expected);
}

}  // namespace scorecam::testing
