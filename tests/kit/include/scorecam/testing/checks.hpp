#pragma once
// What the checks of this folder are made of: a name that a failure is read under, and tensors in a backend's memory.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <exception>
#include <limits>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <scorecam/backend.hpp>
#include <scorecam/tensor.hpp>

namespace scorecam::testing {

/// Runs one check under the promise that it is about. What it throws is a failure of this check; the next ones still run.
template <class Check>
void named(char const* promise, Check&& check)
{
    DOCTEST_INFO(std::string{promise});
    try {
        check();
    } catch (std::exception const& thrown) {
        DOCTEST_FAIL_CHECK("it threw: " << thrown.what());
    }
}

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

/// Checks that two tensors are equal up to rounding: some ulps of the largest value, or of 1 if all are smaller.
template <class T, std::size_t Rank>
void check_close(tensor<T, Rank> const& found, tensor<T, Rank> const& expected, T ulps)
{
    DOCTEST_REQUIRE(found.shape() == expected.shape());
    T largest = 1;
    for (auto const v : expected) { largest = std::max(largest, std::abs(v)); }
    T worst = 0;
    for (index_t i = 0; i < found.size(); ++i) {
        T const off = std::abs(found.data()[i] - expected.data()[i]);
        worst       = std::isnan(off) ? std::numeric_limits<T>::infinity() : std::max(worst, off);
    }
    DOCTEST_CHECK(worst <= ulps * std::numeric_limits<T>::epsilon() * largest);
}

}  // namespace scorecam::testing
