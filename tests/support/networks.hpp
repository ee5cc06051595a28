#pragma once
// Small networks whose answers are known, or at least repeatable.
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <scorecam/model.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/testing/drawn.hpp>

namespace networks {

namespace sc = scorecam;

using sc::testing::drawn;
using sc::testing::drawn_tensor;

/// A linear network whose activations are given: outputs(n, c) = Σ_p weights(c, p)·image(n, p). Its scores, and with them
/// its maps, can be worked out by hand.
template <class T>
class linear {
public:
    using value_type = T;
    using space_type = sc::host_space;

    linear(sc::image_shape input, sc::tensor<T, 2> weights, sc::tensor<T, 3> activations)
        : input_{input}, weights_{std::move(weights)}, activations_{std::move(activations)}
    {
    }
    [[nodiscard]] sc::image_shape input_shape() const { return input_; }

    sc::tensor_view<T const, 2> forward(sc::tensor_view<T const, 4> batch)
    {
        largest_batch = std::max(largest_batch, batch.extent(0));
        outputs_      = sc::tensor<T, 2>{{{batch.extent(0), weights_.extent(0)}}};
        for (sc::index_t n = 0; n < batch.extent(0); ++n) {
            for (sc::index_t c = 0; c < weights_.extent(0); ++c) {
                double sum = 0;
                for (sc::index_t p = 0; p < weights_.extent(1); ++p) {
                    sum += static_cast<double>(weights_(c, p)) * static_cast<double>(batch[n].data()[p]);
                }
                outputs_(n, c) = static_cast<T>(sum);
            }
        }
        return outputs_;
    }
    sc::captured<T> capture(sc::tensor_view<T const, 4> batch)
    {
        repeated_ = sc::tensor<T, 4>{prepend(activations_.shape(), batch.extent(0))};
        for (sc::index_t n = 0; n < batch.extent(0); ++n) {
            std::copy(activations_.begin(), activations_.end(), repeated_.data() + n * activations_.size());
        }
        return {forward(batch), repeated_};
    }

    sc::index_t largest_batch = 0;

private:
    sc::image_shape input_;
    sc::tensor<T, 2> weights_;
    sc::tensor<T, 3> activations_;
    sc::tensor<T, 2> outputs_;
    sc::tensor<T, 4> repeated_;
};

/// A network with seeded weights for inputs of any spatial rank: every channel of the activations is ReLU of a mix of the
/// input's block means, and the outputs are linear in the activations' means and peaks. Deterministic to the last bit.
template <class T, std::size_t SpatialRank = 2>
class seeded {
public:
    using value_type = T;
    using space_type = sc::host_space;
    using batch_type = sc::tensor_view<T const, SpatialRank + 2>;

    seeded(sc::extents<SpatialRank + 1> input, sc::extents<SpatialRank + 1> activation, sc::index_t classes,
           std::uint64_t seed)
        : input_{input}, activation_{activation}, classes_{classes}, seed_{seed}
    {
    }
    [[nodiscard]] sc::extents<SpatialRank + 1> input_shape() const { return input_; }

    sc::tensor_view<T const, 2> forward(batch_type batch)
    {
        run(batch);
        return outputs_;
    }
    sc::captured<T, sc::host_space, SpatialRank> capture(batch_type batch)
    {
        run(batch);
        return {outputs_, activations_};
    }

    std::function<sc::index_t(sc::index_t)> channel_order = [](sc::index_t k) { return k; };  ///< the k-th channel shown
    T activation_scale                                    = 1;                                ///< of the channels shown

private:
    void run(batch_type batch)
    {
        sc::index_t const n = batch.extent(0);
        sc::index_t const K = activation_[0];
        auto const low      = sc::trailing<SpatialRank>(activation_);
        outputs_            = sc::tensor<T, 2>{{{n, classes_}}};
        activations_        = sc::tensor<T, SpatialRank + 2>{prepend(activation_, n)};
        for (sc::index_t i = 0; i < n; ++i) {
            for (sc::index_t k = 0; k < K; ++k) {
                sc::index_t const source = channel_order(k);
                double mean              = 0;
                double peak              = 0;
                for (sc::index_t p = 0; p < low.size(); ++p) {
                    double const value = std::max(mixed(batch[i].data(), source, p), 0.0);  // NaN stays NaN
                    mean += value / static_cast<double>(low.size());
                    peak                                              = std::max(peak, value);
                    activations_.data()[(i * K + k) * low.size() + p] = static_cast<T>(value) * activation_scale;
                }
                for (sc::index_t c = 0; c < classes_; ++c) {
                    outputs_(i, c) +=
                        static_cast<T>(drawn(seed_ + 7, c * K + source) * mean + drawn(seed_ + 8, c * K + source) * peak);
                }
            }
        }
    }

    /// A mix of the input's channels around low-resolution position p.
    [[nodiscard]] double mixed(T const* image, sc::index_t k, sc::index_t p) const
    {
        auto const high  = sc::trailing<SpatialRank>(input_);
        auto const low   = sc::trailing<SpatialRank>(activation_);
        sc::index_t at   = 0;
        sc::index_t rest = p;
        sc::index_t step = 1;
        for (std::size_t d = SpatialRank; d-- > 0;) {
            at += (rest % low[d]) * high[d] / low[d] * step;
            rest /= low[d];
            step *= high[d];
        }
        double sum = 0.1 * drawn(seed_, 100 + k);
        for (sc::index_t c = 0; c < input_[0]; ++c) {
            for (sc::index_t offset = 0; offset < 3; ++offset) {
                auto const there = (at + offset * (1 + k % 3)) % high.size();
                sum +=
                    drawn(seed_ + 1, (k * input_[0] + c) * 3 + offset) * static_cast<double>(image[c * high.size() + there]);
            }
        }
        return sum;
    }

    sc::extents<SpatialRank + 1> input_;
    sc::extents<SpatialRank + 1> activation_;
    sc::index_t classes_;
    std::uint64_t seed_;
    sc::tensor<T, 2> outputs_;
    sc::tensor<T, SpatialRank + 2> activations_;
};

/// Answers with the logits of `classes` classes at each cell of 2 x 2 pixels, (n, classes, h, w), and shows the cells' means, of the
/// first channel of the input and its negative, (n, 2, h, w).
template <class T>
class segmenter {
public:
    using value_type = T;
    using space_type = sc::host_space;

    explicit segmenter(sc::extents<2> cells, sc::index_t classes = 3) : cells_{cells}, classes_{classes} {}
    [[nodiscard]] sc::image_shape input_shape() const { return {{1, 2 * cells_[0], 2 * cells_[1]}}; }

    sc::model_outputs<T> forward(sc::tensor_view<T const, 4> batch)
    {
        run(batch);
        return logits_;
    }
    sc::captured<T> capture(sc::tensor_view<T const, 4> batch)
    {
        run(batch);
        return {logits_, means_};
    }
    /// The logit of class c where the mean is m.
    [[nodiscard]] static T logit(sc::index_t c, T m) { return (T(1) + static_cast<T>(c)) * m - static_cast<T>(c); }

    sc::model_outputs<T> resume(sc::tensor_view<T const, 4> activations)
    {
        fill_logits(activations);
        return logits_;
    }

private:
    void run(sc::tensor_view<T const, 4> batch)
    {
        means_ = sc::tensor<T, 4>{{{batch.extent(0), 2, cells_[0], cells_[1]}}};
        for (sc::index_t n = 0; n < batch.extent(0); ++n) {
            for (sc::index_t y = 0; y < 2 * cells_[0]; ++y) {
                for (sc::index_t x = 0; x < 2 * cells_[1]; ++x) {
                    means_(n, 0, y / 2, x / 2) += batch(n, 0, y, x) / 4;
                    means_(n, 1, y / 2, x / 2) -= batch(n, 0, y, x) / 4;
                }
            }
        }
        fill_logits(means_.view());
    }
    void fill_logits(sc::tensor_view<T const, 4> means)
    {
        logits_ = sc::tensor<T, 4>{{{means.extent(0), classes_, cells_[0], cells_[1]}}};
        for (sc::index_t n = 0; n < means.extent(0); ++n) {
            for (sc::index_t c = 0; c < classes_; ++c) {
                for (sc::index_t p = 0; p < cells_.size(); ++p) { logits_.view()[n][c].data()[p] = logit(c, means[n][0].data()[p]); }
            }
        }
    }

    sc::extents<2> cells_;
    sc::index_t classes_;
    sc::tensor<T, 4> logits_;
    sc::tensor<T, 4> means_;
};

/// Answers with two outputs, as detectors do: "boxes" (n, 4, 2), which are 0 1 2 ... 7 plus the image's sum, and "scores" (n, 4),
/// the means of the four quarters of a (1, 4, 4) image. It shows the quarters (n, 1, 2, 2).
template <class T>
class two_outputs {
public:
    using value_type = T;
    using space_type = sc::host_space;

    [[nodiscard]] sc::image_shape input_shape() const { return {{1, 4, 4}}; }
    sc::model_outputs<T> forward(sc::tensor_view<T const, 4> batch)
    {
        sc::index_t const n = batch.extent(0);
        boxes_              = sc::tensor<T, 3>{{{n, 4, 2}}};
        scores_             = sc::tensor<T, 2>{{{n, 4}}};
        quarters_           = sc::tensor<T, 4>{{{n, 1, 2, 2}}};
        for (sc::index_t i = 0; i < n; ++i) {
            T sum = 0;
            for (sc::index_t p = 0; p < 16; ++p) {
                T const value = batch[i].data()[p];
                sum += value;
                scores_(i, p / 8 * 2 + p % 4 / 2) += value / 4;
            }
            for (sc::index_t b = 0; b < 8; ++b) { boxes_.view()[i].data()[b] = static_cast<T>(b) + sum; }
            for (sc::index_t q = 0; q < 4; ++q) { quarters_.view()[i].data()[q] = scores_(i, q); }
        }
        return {{"boxes", boxes_.view()}, {"scores", scores_.view()}};
    }
    sc::captured<T> capture(sc::tensor_view<T const, 4> batch)
    {
        auto const outputs = forward(batch);
        return {outputs, quarters_};
    }

private:
    sc::tensor<T, 3> boxes_;
    sc::tensor<T, 2> scores_;
    sc::tensor<T, 4> quarters_;
};

static_assert(sc::resumable_model<segmenter<float>> && sc::model<two_outputs<double>> &&
              !sc::resumable_model<two_outputs<float>>);
static_assert(sc::model<linear<float>> && sc::model<seeded<double, 1>> && sc::model<seeded<float, 3>>);

}  // namespace networks
