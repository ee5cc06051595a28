#pragma once
// Which classes are explained. All targets of a call are read from the same forward passes.
#include <concepts>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/policies/kinds.hpp>
#include <scorecam/tensor.hpp>

namespace scorecam {

/// The given classes, the same ones for every image: targets{243, 282}.
class targets {
public:
    using kind = kinds::target;

    template <class... Index>
    explicit targets(index_t first, Index... more) : classes_{first, static_cast<index_t>(more)...}
    {
    }
    explicit targets(std::vector<index_t> classes) : classes_{std::move(classes)} {}

    /// (images, M), each checked against the number of classes.
    [[nodiscard]] tensor<index_t, 2> list(index_t images, index_t classes) const
    {
        return list_of(std::vector<std::vector<index_t>>(static_cast<std::size_t>(images), classes_), images, classes);
    }

    static tensor<index_t, 2> list_of(std::vector<std::vector<index_t>> const& rows, index_t images, index_t classes)
    {
        if (static_cast<index_t>(rows.size()) != images) {
            throw target_error{"there are target lists for " + std::to_string(rows.size()) + " images, and there are " +
                               std::to_string(images) + "; give one list per image: targets_per_image{{{1, 2}, {5, 0}}}"};
        }
        auto const count = static_cast<index_t>(rows.front().size());
        if (count == 0) { throw target_error{"the list of targets is empty; name at least one class, or use top{}"}; }
        tensor<index_t, 2> all{extents<2>{images, count}};
        for (index_t i = 0; i < images; ++i) {
            auto const& row = rows[static_cast<std::size_t>(i)];
            if (static_cast<index_t>(row.size()) != count) {
                throw target_error{"image 0 has " + std::to_string(count) + " targets and image " + std::to_string(i) +
                                   " has " + std::to_string(row.size()) + "; give every image the same number"};
            }
            for (index_t m = 0; m < count; ++m) {
                auto const target = row[static_cast<std::size_t>(m)];
                if (target < 0 || target >= classes) {
                    throw target_error{"target class " + std::to_string(target) + " does not exist: the model has " +
                                       std::to_string(classes) + " outputs, so targets run from 0 to " +
                                       std::to_string(classes - 1)};
                }
                all(i, m) = target;
            }
        }
        return all;
    }

private:
    std::vector<index_t> classes_;
};

/// One class: target{243}.
struct target {
    using kind = kinds::target;
    index_t class_index;

    [[nodiscard]] tensor<index_t, 2> list(index_t images, index_t classes) const
    {
        return targets{class_index}.list(images, classes);
    }
};

/// Each image's own classes: targets_per_image{{{243, 282}, {281, 285}}}; the same number for every image.
struct targets_per_image {
    using kind = kinds::target;
    std::vector<std::vector<index_t>> classes_of_image;

    [[nodiscard]] tensor<index_t, 2> list(index_t images, index_t classes) const
    {
        return targets::list_of(classes_of_image, images, classes);
    }
};

/// The `number` classes with the largest outputs for each image, largest first. The backend finds them; on a device the
/// host learns them only with the result.
struct top {
    using kind     = kinds::target;
    index_t number = 1;
};

/// A target that can list its classes, (images, M), each checked against the number of classes.
template <class A>
concept lists_targets = requires(A const a, index_t n) {
    { a.list(n, n) } -> std::same_as<tensor<index_t, 2>>;
};

template <>
struct choice<kinds::target> {
    using standard = top;
    template <class P, class T>
    static consteval void check()
    {
        static_assert(std::is_same_v<P, top> || lists_targets<P>,
                      "scorecam: a target has list(images, classes) that returns a scorecam::tensor<scorecam::index_t, 2>");
    }
};

}  // namespace scorecam
