#pragma once
// A network whose inputs have other elements than its outputs, or their channels last.
#include <cstdint>
#include <cstring>

#include <scorecam/batch_view.hpp>
#include <scorecam/model.hpp>
#include <scorecam/tensor.hpp>

namespace networks {

namespace sc = scorecam;

/// The first 16 bits of a float, rounded to the nearest, to even between two.
class bfloat16 {
public:
    bfloat16() = default;
    explicit bfloat16(float value)
    {
        std::uint32_t bits = 0;
        std::memcpy(&bits, &value, sizeof bits);
        bits_ = static_cast<std::uint16_t>((bits + 0x7fffU + (bits >> 16U & 1U)) >> 16U);
    }
    explicit operator float() const
    {
        std::uint32_t const bits = std::uint32_t{bits_} << 16U;
        float value              = 0;
        std::memcpy(&value, &bits, sizeof value);
        return value;
    }

private:
    std::uint16_t bits_ = 0;
};

/// `Inner` with inputs of elements U in the order Layout. It computes what Inner does with the values as U has them.
template <class Inner, class U, sc::layout Layout>
class with_inputs {
    using T                           = typename Inner::value_type;
    static constexpr std::size_t rank = sc::spatial_rank_of<Inner> + 2;

public:
    using value_type                         = T;
    using space_type                         = sc::host_space;
    using batch_value_type                   = U;
    static constexpr sc::layout batch_layout = Layout;
    using batch_type                         = sc::tensor_view<U const, rank>;

    explicit with_inputs(Inner& inner) : inner_{inner} {}
    [[nodiscard]] auto input_shape() const { return inner_.input_shape(); }

    auto forward(batch_type batch) { return inner_.forward(values_of(batch)); }
    auto capture(batch_type batch) { return inner_.capture(values_of(batch)); }
    auto capture_layers(batch_type batch)
        requires sc::layered_model<Inner>
    {
        return inner_.capture_layers(values_of(batch));
    }

private:
    sc::tensor_view<T const, rank> values_of(batch_type batch)
    {
        auto const shape = prepend(inner_.input_shape(), batch.extent(0));
        if (!(batch.shape() == extents_in_memory(shape, Layout))) { throw sc::shape_error{"a batch of another shape"}; }
        auto const at = strides_of(shape, Layout);
        values_       = sc::tensor<T, rank>{shape};
        auto* value   = values_.data();
        for (sc::index_t b = 0; b < shape[0]; ++b) {
            for (sc::index_t c = 0; c < shape[1]; ++c) {
                for (sc::index_t p = 0; p < sc::trailing<rank - 2>(shape).size(); ++p) {
                    *value++ = static_cast<T>(batch.data()[at(b, c, p)]);
                }
            }
        }
        return values_;
    }

    Inner& inner_;
    sc::tensor<T, rank> values_;
};

}  // namespace networks
