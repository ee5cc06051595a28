#pragma once
// Eigen's matrices as the surrogate uses them, and the way into them.
#include <cstddef>
#include <span>
#include <string>

#include <Eigen/Core>

#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::budget {

/// Columns are contiguous.
using matrix = Eigen::MatrixXf;
using vector = Eigen::VectorXf;
/// A matrix that can be read; what is not contiguous by columns is copied for it.
using matrix_view = Eigen::Ref<matrix const>;

// Products of dense matrices of float are one of these two: Eigen compiles a program of its own for each kind of operand,
// which takes a compiler up to a second each.

/// a·b.
[[nodiscard]] inline matrix product(matrix_view const& a, matrix_view const& b)
{
    matrix c(a.rows(), b.cols());
    c.noalias() = a * b;
    return c;
}
/// aᵀ·b.
[[nodiscard]] inline matrix inner_products(matrix_view const& a, matrix_view const& b)
{
    matrix c(a.cols(), b.cols());
    c.noalias() = a.transpose() * b;
    return c;
}

/// The maps (n, spatial...) as the columns of a matrix; of all of them, or of those chosen.
template <class T, std::size_t Rank>
[[nodiscard]] matrix columns_of(tensor_view<T const, Rank> maps, std::span<index_t const> chosen)
{
    auto const size = trailing<Rank - 1>(maps.shape()).size();
    matrix columns(size, static_cast<index_t>(chosen.size()));
    for (index_t j = 0; j < columns.cols(); ++j) {
        auto const map = maps.slice(chosen[static_cast<std::size_t>(j)], 1);
        for (index_t i = 0; i < size; ++i) { columns(i, j) = static_cast<float>(map.data()[i]); }
    }
    return columns;
}
template <class T, std::size_t Rank>
[[nodiscard]] matrix columns_of(tensor_view<T const, Rank> maps)
{
    using given = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
    return Eigen::Map<given const>{maps.data(), trailing<Rank - 1>(maps.shape()).size(), maps.extent(0)}
        .template cast<float>();
}

/// Throws shape_error if a matrix of numbers does not have the extents it must have.
template <class T>
void check_extents(char const* what, tensor_view<T const, 2> given, index_t rows, index_t columns)
{
    if (given.extent(0) != rows || given.extent(1) != columns) {
        throw shape_error{std::string{what} + " have the shape " + to_string(given.shape()) + " instead of " +
                          to_string(extents<2>{{rows, columns}})};
    }
}

}  // namespace scorecam::budget
