#pragma once
// An embedding's score: how alike it is to others.
#include <cmath>
#include <cstddef>
#include <type_traits>

#include <scorecam/error.hpp>
#include <scorecam/model_outputs.hpp>
#include <scorecam/ops/rows.hpp>
#include <scorecam/policies/kinds.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam {

/// The cosine of the angle between the outputs (D), taken as one vector, and an embedding: from -1 to 1. What makes this
/// picture like that one, or like that text (CLIP). Of embeddings (Q, D), in the backend's memory, number q is target q;
/// where no target is named, all are asked. Vectors of length 0 are like nothing: 0.
template <class T, class Space = host_space>
struct cosine_to {
    using kind = kinds::score;
    tensor_view<T const, 2, Space> embeddings;

    [[nodiscard]] index_t questions() const { return embeddings.extent(0); }

    struct reading {
        ops::row<T> outputs;
        T const* embeddings;
        [[nodiscard]] SCORECAM_HD T operator()(index_t q) const
        {
            using std::sqrt;
            T const* other  = embeddings + q * outputs.size();
            double together = 0, own = 0, its = 0;
            for (index_t d = 0; d < outputs.size(); ++d) {
                auto const a = static_cast<double>(outputs[d]), b = static_cast<double>(other[d]);
                together += a * b;
                own += a * a;
                its += b * b;
            }
            double const lengths = sqrt(own) * sqrt(its);
            return static_cast<T>(lengths == 0 ? 0 : together / lengths);
        }
    };
    [[nodiscard]] SCORECAM_HD reading operator()(ops::row<T> outputs) const
    {
#if !defined(__CUDA_ARCH__)
        if (outputs.size() != embeddings.extent(1)) {
            throw shape_error{"embeddings of " + std::to_string(embeddings.extent(1)) + " numbers were given for outputs " +
                              to_string(outputs.shape) + " of one image; give as many numbers as the model's outputs have"};
        }
#endif
        return {outputs, embeddings.data()};
    }
};
template <class T, class Space>
cosine_to(tensor_view<T, 2, Space>) -> cosine_to<std::remove_const_t<T>, Space>;

}  // namespace scorecam
