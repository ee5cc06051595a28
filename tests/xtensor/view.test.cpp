#include <doctest/doctest.h>

#include <string>
#include <type_traits>
#include <utility>

#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xfixed.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xstrided_view.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>

#include <scorecam/error.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/tensor_view.hpp>
#include <scorecam/xtensor/view.hpp>

#include "xtensor/message.hpp"

using scorecam::tensor_view;
namespace sx = scorecam::xtensor;

namespace {

/// 0, 1, 2, ... in row-major order.
xt::xtensor<float, 3> counted(std::size_t a, std::size_t b, std::size_t c)
{
    return xt::arange<float>(0.F, static_cast<float>(a * b * c)).reshape({a, b, c});
}

template <class Array>
concept has_view = requires(Array&& array) { sx::view(std::forward<Array>(array)); };

using cube = xt::xtensor<float, 3>;
static_assert(has_view<cube&> && has_view<cube const&>);
static_assert(!has_view<cube> && !has_view<cube const>, "a view of a temporary would dangle");

}  // namespace

TEST_CASE("a view shares the container's elements")
{
    auto array      = counted(2, 3, 4);
    auto const seen = sx::view(array);
    static_assert(std::is_same_v<decltype(seen), tensor_view<float, 3> const>);
    CHECK(seen.data() == array.data());
    CHECK(seen.shape() == scorecam::image_shape{2, 3, 4});
    CHECK(seen(1, 2, 3) == 23);

    auto const& constant = array;
    static_assert(std::is_same_v<decltype(sx::view(constant)), tensor_view<float const, 3>>);
    CHECK(sx::view(constant).data() == array.data());
}

TEST_CASE("every array of contiguous rows has a view")
{
    auto const array = counted(2, 3, 4);

    xt::xarray<float> const dynamic = array;
    CHECK(sx::view<3>(dynamic).data() == dynamic.data());

    xt::xtensor_fixed<float, xt::xshape<2, 2>> const fixed{{1, 2}, {3, 4}};
    CHECK(sx::view(fixed)(1, 0) == 3);

    auto const adapted = xt::adapt(array.data(), 24, xt::no_ownership(), std::array<std::size_t, 2>{6, 4});
    CHECK(sx::view(adapted).data() == array.data());

    auto const second = xt::view(array, 1);
    CHECK(sx::view(second).data() == array.data() + 12);
    auto const last_row = xt::strided_view(array, {1, 2, xt::all()});
    CHECK(sx::view<1>(last_row).data() == array.data() + 20);

    xt::xtensor<float, 4> const single = xt::ones<float>({1, 3, 1, 2});  // xtensor's strides are 0 where an extent is 1
    CHECK(sx::view(single).shape() == scorecam::extents<4>{1, 3, 1, 2});
}

TEST_CASE("an array of other dimensions is refused with its shape")
{
    xt::xarray<float> const array = counted(2, 3, 4);
    CHECK(message_of([&] { static_cast<void>(sx::view<4>(array)); }) ==
          "the xtensor array has the shape (2, 3, 4), which is not one of 4 dimensions");
}

TEST_CASE("an array that is not contiguous and row-major is refused with its shape and strides")
{
    auto const array   = counted(2, 3, 4);
    auto const columns = xt::view(array, xt::all(), 1, xt::all());
    auto const message = message_of([&] { static_cast<void>(sx::view(columns)); });
    CHECK(message.find("shape (2, 4) has the strides (12, 1)") != std::string::npos);
    CHECK(message.find("copy it") != std::string::npos);

    xt::xarray<float, xt::layout_type::dynamic> turned({2, 3}, xt::layout_type::column_major);
    CHECK(message_of([&] { static_cast<void>(sx::view<2>(turned)); }).find("not contiguous") != std::string::npos);
}

TEST_CASE("xtensor calculates with a view where its elements are")
{
    scorecam::tensor<double, 2> numbers{{{2, 3}}, {1, 2, 3, 4, 5, 6}};
    auto array = sx::adapt(numbers.view());
    static_assert(std::is_same_v<decltype(array), sx::adaptor<double, 2>>);
    CHECK(array.data() == numbers.data());
    CHECK(xt::sum(array)() == 21);
    array *= 2;
    CHECK(numbers(1, 2) == 12);

    auto const constant = sx::adapt(scorecam::as_const(numbers.view()));
    CHECK(constant(0, 1) == 4);
    CHECK(sx::view(constant).data() == numbers.data());
}

TEST_CASE("results become xtensor containers of their own")
{
    scorecam::tensor<float, 2> numbers{{{2, 2}}, {1, 2, 3, 4}};
    auto const all = sx::to_xtensor(numbers);
    auto const row = sx::to_xtensor(numbers[1]);
    static_assert(std::is_same_v<decltype(all), xt::xtensor<float, 2> const>);
    static_assert(std::is_same_v<decltype(row), xt::xtensor<float, 1> const>);
    numbers(1, 0) = 7;
    CHECK(all == xt::xtensor<float, 2>{{1, 2}, {3, 4}});
    CHECK(row == xt::xtensor<float, 1>{3, 4});
}
