#pragma once
// Matrices as the surrogate uses them. Eigen multiplies and factorises them; what goes element by element are loops, for
// Eigen compiles a program of its own for each expression, which takes a compiler up to a second each.
#include <algorithm>
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

/// A part of a matrix that can be read: columns of `rows` numbers, `stride` apart.
struct matrix_view {
    float const* data;
    index_t rows, columns, stride;

    matrix_view(matrix const& of) : matrix_view{of.data(), of.rows(), of.cols(), of.rows()} {}
    matrix_view(vector const& of) : matrix_view{of.data(), of.size(), 1, of.size()} {}
    matrix_view(float const* at, index_t r, index_t c, index_t apart) : data{at}, rows{r}, columns{c}, stride{apart} {}

    [[nodiscard]] Eigen::Map<matrix const, 0, Eigen::OuterStride<>> mapped() const
    {
        return {data, rows, columns, Eigen::OuterStride<>{stride}};
    }
};

/// a·b. All products of matrices of float are this one.
[[nodiscard]] inline matrix product(matrix_view const& a, matrix_view const& b)
{
    matrix c(a.rows, b.columns);
    c.noalias() = a.mapped() * b.mapped();
    return c;
}
/// mᵀ.
[[nodiscard]] inline matrix transposed(matrix const& m)
{
    matrix t(m.cols(), m.rows());
    for (index_t j = 0; j < m.cols(); ++j) {
        for (index_t i = 0; i < m.rows(); ++i) { t(j, i) = m(i, j); }
    }
    return t;
}

/// aᵀ·b.
[[nodiscard]] inline matrix inner_products(matrix const& a, matrix_view const& b) { return product(transposed(a), b); }
/// l·b of a lower triangular l, of which nothing above the diagonal's blocks is multiplied.
[[nodiscard]] inline matrix lower_product(matrix const& l, matrix const& b)
{
    constexpr index_t block = 64;
    matrix c(l.rows(), b.cols());
    for (index_t first = 0; first < l.rows(); first += block) {
        index_t const rows = std::min(block, l.rows() - first), reach = first + rows;
        matrix const some = product({l.data() + first, rows, reach, l.rows()}, {b.data(), reach, b.cols(), b.rows()});
        for (index_t j = 0; j < c.cols(); ++j) { std::copy_n(&some(0, j), rows, &c(first, j)); }
    }
    return c;
}

[[nodiscard]] inline std::span<float> column(matrix& of, index_t j)
{
    return {of.data() + j * of.rows(), static_cast<std::size_t>(of.rows())};
}
[[nodiscard]] inline std::span<float const> column(matrix const& of, index_t j)
{
    return {of.data() + j * of.rows(), static_cast<std::size_t>(of.rows())};
}
[[nodiscard]] inline std::span<float const> numbers(vector const& of)
{
    return {of.data(), static_cast<std::size_t>(of.size())};
}
[[nodiscard]] inline vector vector_of(index_t size, float value)
{
    vector all(size);
    std::fill_n(all.data(), size, value);
    return all;
}

/// Some columns, or some rows.
[[nodiscard]] inline matrix columns_at(matrix const& of, std::span<index_t const> chosen)
{
    matrix some(of.rows(), static_cast<index_t>(chosen.size()));
    for (index_t j = 0; j < some.cols(); ++j) {
        auto const from = column(of, chosen[static_cast<std::size_t>(j)]);
        std::copy(from.begin(), from.end(), column(some, j).begin());
    }
    return some;
}
[[nodiscard]] inline matrix rows_at(matrix_view const& of, std::span<index_t const> chosen)
{
    matrix some(static_cast<index_t>(chosen.size()), of.columns);
    for (index_t j = 0; j < some.cols(); ++j) {
        for (index_t i = 0; i < some.rows(); ++i) {
            some(i, j) = of.data[j * of.stride + chosen[static_cast<std::size_t>(i)]];
        }
    }
    return some;
}
/// The maps (n, spatial...) as the columns of a matrix; of all of them, or of those chosen.
template <class T, std::size_t Rank>
[[nodiscard]] matrix columns_of(tensor_view<T const, Rank> maps, std::span<index_t const> chosen)
{
    auto const size = trailing<Rank - 1>(maps.shape()).size();
    matrix columns(size, static_cast<index_t>(chosen.size()));
    for (index_t j = 0; j < columns.cols(); ++j) {
        auto const* map = maps.data() + chosen[static_cast<std::size_t>(j)] * size;
        std::transform(map, map + size, column(columns, j).begin(), [](T value) { return static_cast<float>(value); });
    }
    return columns;
}
template <class T, std::size_t Rank>
[[nodiscard]] matrix columns_of(tensor_view<T const, Rank> maps)
{
    matrix columns(trailing<Rank - 1>(maps.shape()).size(), maps.extent(0));
    std::transform(maps.begin(), maps.end(), columns.data(), [](T value) { return static_cast<float>(value); });
    return columns;
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
