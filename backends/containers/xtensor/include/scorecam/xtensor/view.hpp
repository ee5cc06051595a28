#pragma once
// xtensor arrays in and out. Nothing is copied but by to_xtensor.
#include <array>
#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <xtensor/xadapt.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xutils.hpp>

#include <scorecam/error.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::xtensor {

namespace detail {

inline constexpr std::size_t known_at_run_time = xt::get_rank<void>::value;

/// The number of dimensions that the type of an array tells, or known_at_run_time.
template <class Array>
[[nodiscard]] consteval std::size_t rank_of()
{
    using shape_type = typename Array::shape_type;
    if constexpr (requires { std::tuple_size<shape_type>::value; }) {
        return std::tuple_size_v<shape_type>;
    } else {
        return xt::get_rank<std::remove_cv_t<Array>>::value;
    }
}

/// "(3, 224, 224)", of xtensor's shapes and strides.
template <class Sequence>
[[nodiscard]] std::string text_of(Sequence const& numbers)
{
    std::string text = "(";
    for (auto const number : numbers) { text += (text.size() > 1 ? ", " : "") + std::to_string(number); }
    return text + ")";
}

/// The shape of an array that must have Rank dimensions; `what` begins the sentence if it has not.
template <std::size_t Rank, class Array>
[[nodiscard]] extents<Rank> extents_of(Array const& array, std::string const& what)
{
    if (array.dimension() != Rank) {
        throw shape_error{what + " has the shape " + text_of(array.shape()) + ", which is not one of " +
                          std::to_string(Rank) + " dimensions"};
    }
    extents<Rank> shape{};
    for (std::size_t d = 0; d < Rank; ++d) { shape[d] = static_cast<index_t>(array.shape(d)); }
    return shape;
}

/// Strides of extents of 1 do not matter: xtensor says 0 there.
template <class Strides, std::size_t Rank>
[[nodiscard]] bool row_major(Strides const& strides, extents<Rank> const& shape)
{
    index_t expected = 1;
    for (std::size_t d = Rank; d-- > 0; expected *= shape[d]) {
        if (shape[d] != 1 && static_cast<index_t>(strides[d]) != expected) { return false; }
    }
    return true;
}

}  // namespace detail

/// An xtensor container or adaptor, or a contiguous part of one, as scorecam sees it: scorecam::xtensor::view(image). Say
/// the full name: the arguments' own namespace has an xt::view. The number of dimensions is said where the type does not:
/// scorecam::xtensor::view<3>(an_xarray). Throws shape_error if it has other dimensions, or if its elements are not
/// contiguous and row-major.
template <std::size_t Dimensions = 0, class Array>
[[nodiscard]] auto view(Array& array)
{
    static_assert(xt::has_data_interface<Array>::value,
                  "scorecam: view takes an xtensor array that holds its elements; keep an expression's values first: "
                  "xt::xtensor<float, 3> image = expression;");
    if constexpr (xt::has_data_interface<Array>::value) {
        constexpr std::size_t told = detail::rank_of<Array>();
        constexpr std::size_t rank = Dimensions == 0 ? told : Dimensions;
        static_assert(rank != detail::known_at_run_time,
                      "scorecam: this type of array does not tell its number of dimensions, so name it: "
                      "scorecam::xtensor::view<3>(image)");
        static_assert(rank == told || told == detail::known_at_run_time,
                      "scorecam: view was asked for a number of dimensions that this array does not have");
        static_assert(Array::static_layout != xt::layout_type::column_major,
                      "scorecam: view takes row-major arrays; copy this one: xt::xtensor<float, 3> image = other;");
        if constexpr (rank != detail::known_at_run_time) {
            auto const shape = detail::extents_of<rank>(array, "the xtensor array");
            if (!detail::row_major(array.strides(), shape)) {
                throw shape_error{"the xtensor array of the shape " + to_string(shape) + " has the strides " +
                                  detail::text_of(array.strides()) +
                                  ", so it is not contiguous and row-major; copy it: xt::xtensor<float, 3> image = array;"};
            }
            using element = std::remove_reference_t<decltype(*array.data())>;
            return tensor_view<element, rank>{array.data() + array.data_offset(), shape};
        }
    }
}
template <std::size_t Dimensions = 0, class Array>
auto view(Array const&& temporary) = delete;  // the elements would be gone when the view is used

/// A view as an xtensor adaptor, with which xtensor calculates.
template <class T, std::size_t Rank>
[[nodiscard]] auto adapt(tensor_view<T, Rank> elements)
{
    std::array<std::size_t, Rank> shape{};
    for (std::size_t d = 0; d < Rank; ++d) { shape[d] = static_cast<std::size_t>(elements.extent(d)); }
    return xt::adapt(elements.data(), static_cast<std::size_t>(elements.size()), xt::no_ownership(), shape);
}

/// The type of such an adaptor: what the callables of make_model are given.
template <class T, std::size_t Rank>
using adaptor = decltype(adapt(std::declval<tensor_view<T, Rank>>()));

/// A copy in an xtensor container: to_xtensor(found.map()), to_xtensor(found.maps).
template <class T, std::size_t Rank>
[[nodiscard]] auto to_xtensor(tensor_view<T, Rank> elements)
{
    return xt::xtensor<std::remove_const_t<T>, Rank>{adapt(elements)};
}
template <class T, std::size_t Rank>
[[nodiscard]] auto to_xtensor(tensor<T, Rank> const& elements)
{
    return to_xtensor(elements.view());
}

}  // namespace scorecam::xtensor
