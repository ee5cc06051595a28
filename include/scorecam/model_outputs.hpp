#pragma once
// What a model answers: one or several named outputs, each with a row of a known shape for every image.
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

#include <scorecam/error.hpp>
#include <scorecam/ops/rows.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam {

/// "(1000)", "(21, 65, 65)"
[[nodiscard]] inline std::string to_string(ops::row_shape const& shape)
{
    return detail::shape_text(shape.extent, static_cast<std::size_t>(shape.axes));
}

/// The outputs for n images. A view (n, classes), or (n, ...) with up to four axes after the images, is all of them where
/// there is one output; several are listed by name, and the first one is what a score of classes reads:
///
///     model_outputs<float>{{"boxes", boxes}, {"scores", scores}}
///
/// A view: what it shows stays valid as long as the model says, its names as long as their owner.
template <class T, space Space = host_space>
class model_outputs {
public:
    using value_type = T;
    using space_type = Space;

    /// One output under its name.
    struct named {
        std::string_view name;
        typename ops::outputs<T>::one rows;
        index_t images;

        template <std::size_t Rank>
        named(std::string_view called, tensor_view<T const, Rank, Space> view)
            : name{called}, rows{rows_of(view)}, images{view.extent(0)}
        {
        }
        template <std::size_t Rank>
        named(std::string_view called, tensor_view<T, Rank, Space> view) : named{called, as_const(view)}
        {
        }
    };

    model_outputs() = default;
    template <std::size_t Rank>
        requires(Rank >= 2 && Rank <= 1 + ops::row_shape::most_axes)
    model_outputs(tensor_view<T const, Rank, Space> only) noexcept
    {
        rows_.each[0] = rows_of(only);
        rows_.count   = 1;
        rows_.images  = only.extent(0);
    }
    template <std::size_t Rank>
        requires(Rank >= 2 && Rank <= 1 + ops::row_shape::most_axes)
    model_outputs(tensor_view<T, Rank, Space> only) noexcept : model_outputs{as_const(only)}
    {
    }
    template <std::size_t Rank>
        requires(Space::host_accessible && Rank >= 2 && Rank <= 1 + ops::row_shape::most_axes)
    model_outputs(tensor<T, Rank> const& only) noexcept : model_outputs{only.view()}
    {
    }
    /// (n, numbers) at `data`.
    model_outputs(T const* data, index_t images, index_t numbers) noexcept
        : model_outputs{tensor_view<T const, 2, Space>{data, images, numbers}}
    {
    }
    /// Throws shape_error if there are none, too many, or not as many images in each.
    model_outputs(std::initializer_list<named> all)
    {
        for (auto const& one : all) { add(one); }
        if (rows_.count == 0) { throw shape_error{"a model's outputs are one or more; none was listed"}; }
    }

    /// From rows that are there already, and their names.
    template <class Names>
    model_outputs(ops::outputs<T> const& rows, Names const& names) noexcept : rows_{rows}
    {
        int k = 0;
        for (auto const& name : names) { names_[k++] = name; }
    }

    void add(named const& one)
    {
        if (rows_.count == ops::outputs<T>::most) {
            throw shape_error{"a model has at most " + std::to_string(ops::outputs<T>::most) +
                              " outputs that scores can read; list those that matter"};
        }
        if (rows_.count > 0 && one.images != rows_.images) {
            throw shape_error{"the outputs '" + std::string{names_[0]} + "' and '" + std::string{one.name} + "' are for " +
                              std::to_string(rows_.images) + " and " + std::to_string(one.images) +
                              " images; every output has one row for each image"};
        }
        names_[rows_.count]     = one.name;
        rows_.each[rows_.count] = one.rows;
        rows_.images            = one.images;
        ++rows_.count;
    }

    [[nodiscard]] index_t images() const noexcept { return rows_.images; }
    [[nodiscard]] int count() const noexcept { return rows_.count; }
    [[nodiscard]] std::string_view name(int k) const noexcept { return names_[k]; }
    [[nodiscard]] ops::row_shape const& row_shape(int k = 0) const noexcept { return rows_.each[k].shape; }
    /// Output k as (n, numbers of a row).
    [[nodiscard]] tensor_view<T const, 2, Space> flat(int k = 0) const noexcept
    {
        return {rows_.each[k].data, rows_.images, rows_.each[k].shape.size()};
    }
    /// The number of the output with a name. Throws option_error with the names there are.
    [[nodiscard]] int number_of(std::string_view name) const
    {
        std::string known;
        for (int k = 0; k < rows_.count; ++k) {
            if (names_[k] == name) { return k; }
            known += (k == 0 ? "" : ", ") + std::string{names_[k]};
        }
        throw option_error{"the model has no output '" + std::string{name} + "'; its outputs are " + known};
    }
    /// For kernels and scores.
    [[nodiscard]] ops::outputs<T> const& rows() const noexcept { return rows_; }

    // ---- as the one view (n, classes) that a classifier answers with: the first output

    operator tensor_view<T const, 2, Space>() const noexcept { return flat(); }
    [[nodiscard]] T const* data() const noexcept { return rows_.each[0].data; }
    [[nodiscard]] extents<2> shape() const noexcept { return flat().shape(); }
    [[nodiscard]] index_t extent(std::size_t axis) const noexcept { return flat().extent(axis); }
    [[nodiscard]] index_t size() const noexcept { return flat().size(); }
    [[nodiscard]] T operator()(index_t image, index_t element) const noexcept
        requires(Space::host_accessible)
    {
        return flat()(image, element);
    }
    [[nodiscard]] tensor_view<T const, 1, Space> operator[](index_t image) const noexcept { return flat()[image]; }
    [[nodiscard]] T const* begin() const noexcept
        requires(Space::host_accessible)
    {
        return flat().begin();
    }
    [[nodiscard]] T const* end() const noexcept
        requires(Space::host_accessible)
    {
        return flat().end();
    }

private:
    template <std::size_t Rank>
    static typename ops::outputs<T>::one rows_of(tensor_view<T const, Rank, Space> view) noexcept
    {
        static_assert(Rank >= 2 && Rank <= 1 + ops::row_shape::most_axes,
                      "scorecam: an output is (n, ...) with one to four axes after the images");
        typename ops::outputs<T>::one rows{view.data(), {}};
        rows.shape.axes = static_cast<int>(Rank) - 1;
        for (std::size_t d = 1; d < Rank; ++d) { rows.shape.extent[d - 1] = view.extent(d); }
        return rows;
    }

    ops::outputs<T> rows_{};
    std::string_view names_[ops::outputs<T>::most]{};
};

/// What a callable of a user's may return for outputs: model_outputs, or one view or tensor (n, ...).
template <class R, class T, class Space>
concept answers = std::is_convertible_v<R, model_outputs<T, Space>> ||
                  std::is_convertible_v<R, tensor_view<T const, 2, Space>> ||
                  std::is_convertible_v<R, tensor_view<T const, 3, Space>> ||
                  std::is_convertible_v<R, tensor_view<T const, 4, Space>> ||
                  std::is_convertible_v<R, tensor_view<T const, 5, Space>>;

template <class T, class Space, class R>
    requires answers<R const&, T, Space>
[[nodiscard]] model_outputs<T, Space> as_outputs(R const& answer)
{
    if constexpr (std::is_convertible_v<R const&, model_outputs<T, Space>>) {
        return answer;
    } else if constexpr (std::is_convertible_v<R const&, tensor_view<T const, 2, Space>>) {
        return static_cast<tensor_view<T const, 2, Space>>(answer);
    } else if constexpr (std::is_convertible_v<R const&, tensor_view<T const, 3, Space>>) {
        return static_cast<tensor_view<T const, 3, Space>>(answer);
    } else if constexpr (std::is_convertible_v<R const&, tensor_view<T const, 4, Space>>) {
        return static_cast<tensor_view<T const, 4, Space>>(answer);
    } else {
        return static_cast<tensor_view<T const, 5, Space>>(answer);
    }
}

}  // namespace scorecam
