#pragma once
#include <algorithm>
#include <cstddef>

#include <Eigen/Core>

#include <scorecam/tensor_view.hpp>

namespace scorecam::cpu {

/// Weighted sums of K maps of one image for M targets: sums(m, p) = Σ_k weights(k, m)·maps(k, p), k in order.
///
/// Every position is added up by the same instructions in the same order, wherever it lies, so that the sum of constant maps
/// is constant to the last bit. A general matrix product does not do that: the columns that do not fill its blocks are
/// rounded differently.
template <class T>
class weighted_sums {
public:
    weighted_sums(T const* maps, index_t channels, index_t plane, T const* weights, index_t targets, T* sums)
        : maps_{maps}, channels_{channels}, plane_{plane}, weights_{weights}, targets_{targets}, sums_{sums}
    {
    }

    void operator()() const
    {
        index_t m = 0;
        for (; m + 4 <= targets_; m += 4) { add_up<4, 1>(m); }
        for (; m < targets_; ++m) { add_up<1, 4>(m); }
    }

private:
    static constexpr index_t width = 64 / static_cast<index_t>(sizeof(T));  // positions at a time: some vectors
    using block                    = Eigen::Array<T, width, 1>;
    using positions                = Eigen::Array<T, Eigen::Dynamic, 1>;

    /// `Blocks` blocks at a time, and where few are left one: as many sums as there are registers.
    template <int Targets, int Blocks>
    void add_up(index_t m) const
    {
        if (plane_ < width) {
            for (index_t t = 0; t < Targets; ++t) { add_up_short(m + t); }
            return;
        }
        for (index_t p = 0; p < plane_;) {
            bool const many = p + Blocks / 2 * width < plane_;
            many ? add_up_at<Targets, Blocks>(m, p) : add_up_at<Targets, 1>(m, p);
            p += many ? Blocks * width : width;
        }
    }

    /// The blocks from p on; those that would end behind the plane begin earlier, and write what is there already again.
    template <int Targets, int Blocks>
    void add_up_at(index_t m, index_t p) const
    {
        index_t at[Blocks];
        for (index_t b = 0; b < Blocks; ++b) { at[b] = std::min(p + b * width, plane_ - width); }
        block sums[Targets][Blocks];
        for (auto& row : sums) {
            for (auto& sum : row) { sum.setZero(); }
        }
        for (index_t k = 0; k < channels_; ++k) {
            for (index_t b = 0; b < Blocks; ++b) {
                block const map = Eigen::Map<block const>{maps_ + k * plane_ + at[b]};
                for (index_t t = 0; t < Targets; ++t) { sums[t][b] += weight(k, m + t) * map; }
            }
        }
        for (index_t t = 0; t < Targets; ++t) {
            for (index_t b = 0; b < Blocks; ++b) { Eigen::Map<block>{sums_ + (m + t) * plane_ + at[b]} = sums[t][b]; }
        }
    }

    /// A plane smaller than a block, filled up.
    void add_up_short(index_t m) const
    {
        block sum = block::Zero(), map = block::Zero();
        for (index_t k = 0; k < channels_; ++k) {
            map.head(plane_) = Eigen::Map<positions const>{maps_ + k * plane_, plane_};
            sum += weight(k, m) * map;
        }
        Eigen::Map<positions>{sums_ + m * plane_, plane_} = sum.head(plane_);
    }

    [[nodiscard]] T weight(index_t k, index_t m) const { return weights_[k * targets_ + m]; }

    T const* maps_;
    index_t channels_, plane_;
    T const* weights_;
    index_t targets_;
    T* sums_;
};

}  // namespace scorecam::cpu
