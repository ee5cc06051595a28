#pragma once
// What every model promises that a compiler cannot see, checked with drawn images: five lines test an adapter of your own.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <future>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/backend.hpp>
#include <scorecam/batch_view.hpp>
#include <scorecam/policies/concurrency.hpp>
#include <scorecam/error.hpp>
#include <scorecam/model.hpp>
#include <scorecam/detail/scorer.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/testing/checks.hpp>
#include <scorecam/testing/drawn.hpp>

namespace scorecam::testing {

/// What is asked of a model, and how strictly: check_model_conformance(on, model, {.tolerance = 1e-3}).
struct model_options {
    std::uint64_t seed    = 1;  ///< of the images
    double input_scale    = 1;  ///< they are drawn in [-input_scale, input_scale)
    index_t largest_batch = 9;  ///< the largest batch tried, as far as max_batch() allows
    std::optional<double>
        tolerance{};                   ///< between batches, relative to the largest value; else 1e-4 (float), 1e-10 (double)
    bool same_bits            = true;  ///< the same call twice gives the same bits
    bool nan_stays_visible    = true;  ///< off for engines whose ReLU or pooling loses NaN
    bool refuses_wrong_shapes = false;  ///< a batch with one more channel is answered with a scorecam::error
    bool tap_is_signed        = false;  ///< the layer explained has negative values: it lies before its ReLU
};

namespace detail {

/// The largest difference of two rows; infinite if one has a NaN that the other has not.
template <class View>
[[nodiscard]] double apart(View a, View b)
{
    double worst = 0;
    for (index_t p = 0; p < a.size(); ++p) {
        auto const x = a.data()[p], y = b.data()[p];
        if (x == y || (std::isnan(x) && std::isnan(y))) { continue; }  // infinities, too
        auto const off = std::abs(static_cast<double>(x) - static_cast<double>(y));
        worst          = std::isnan(off) ? std::numeric_limits<double>::infinity() : std::max(worst, off);
    }
    return worst;
}
template <class View>
[[nodiscard]] bool has_nan(View row)
{
    return std::any_of(row.data(), row.data() + row.size(), [](auto v) { return std::isnan(v); });
}
template <class T, std::size_t Rank>
[[nodiscard]] bool same_bits(tensor<T, Rank> const& a, tensor<T, Rank> const& b)
{
    return a.shape() == b.shape() && std::memcmp(a.data(), b.data(), sizeof(T) * static_cast<std::size_t>(a.size())) == 0;
}

/// Images as a model takes them, in memory of their own.
template <class Backend, class Model>
class held_batch {
    using T                           = typename Model::value_type;
    using U                           = batch_value_of<Model>;
    static constexpr std::size_t rank = spatial_rank_of<Model> + 2;

public:
    held_batch(Backend& on, tensor<T, rank> const& images)
        : on_{on}, shape_{images.shape()}, memory_{on, extents_in_memory(images.shape(), layout_of<Model>)}
    {
        fill(images);
    }
    void fill(tensor<T, rank> const& images) const { write(on_, images, {memory_.view().data(), shape_}); }
    [[nodiscard]] batch_of<Model> in() const { return memory_.in(); }
    /// What is in memory; waits.
    [[nodiscard]] tensor<U, rank> host() const { return memory_.host(); }

    /// The same in memory of somebody else's.
    static void write(Backend& on, tensor<T, rank> const& images,
                      typename scorecam::detail::model_calls<Backend, Model>::input_type const& batch)
    {
        if constexpr (takes_images<Model>) {
            on.from_host(images.data(), batch);
        } else {
            on.copy(held<Backend, T, rank>{on, images}.in(), batch);
        }
    }

private:
    Backend& on_;
    extents<rank> shape_;
    held<Backend, U, rank> memory_;
};

template <class Backend, class Model>
class model_checks {
    using T                           = typename Model::value_type;
    static constexpr std::size_t rank = spatial_rank_of<Model> + 2;
    using images_type                 = tensor<T, rank>;
    using held_images                 = held_batch<Backend, Model>;
    using numbers                     = std::vector<index_t>;  // of images: each always stands for the same one
    struct answers {
        tensor<T, 2> outputs;
        images_type activations;
    };

public:
    model_checks(Backend& on, Model& model, model_options const& options)
        : on_{on}, model_{model}, calls_{on, model}, options_{options},
          tolerance_{options.tolerance.value_or(std::is_same_v<T, float> ? 1e-4 : 1e-10)},
          largest_{std::clamp<index_t>(options.largest_batch, 1, calls_.max_batch())}
    {
    }

    void run()
    {
        named("preferred_batch() and max_batch() are 1 or more", [&] { check_limits(); });
        named("one image has outputs (1, classes) and activations (1, K, ...) without NaN", [&] { answer_each_alone(); });
        if (alone_.size() < images_) { return; }
        named("each image has outputs and activations of its own", [&] { check_differences(); });
        named("the same call gives the same bits, whatever was run in between", [&] { check_repetition(); });
        named("a row of the outputs depends on its image alone, not on its batch", [&] { check_outputs_in_batches(); });
        named("a row of the activations depends on its image alone, not on its batch",
              [&] { check_activations_in_batches(); });
        named("capture's outputs are forward's", [&] { check_captured_outputs(); });
        named("the batch is only read, and views returned do not change with it", [&] { check_memory(); });
        named("calls are enqueued: nobody waits between from_host, forward and to_host", [&] { check_order(); });
        named("NaN in an image is visible in its row, and in no other", [&] { check_nan(); });
        if constexpr (requires { model_.input_buffer(index_t{1}); }) {
            named("input_buffer(n) is (n, C, H, W) and as good as other memory", [&] { check_input_buffer(); });
        }
        if constexpr (layered_model<Model>) {
            named("capture_layers begins with capture's layer, has as many in every call and keeps them",
                  [&] { check_layers(); });
        }
        if constexpr (scorecam::detail::replicable<Backend, Model>) {
            named("a replica answers as the model does, and neither disturbs the other", [&] { check_replica(); });
        }
        if (options_.refuses_wrong_shapes) {
            named("a batch of another shape is refused with a scorecam::error", [&] { check_refusal(); });
        }
        if (options_.tap_is_signed) {
            named("the activations have negative values, as before a ReLU", [&] { check_sign(); });
        }
        named("an image gives at last what it gave at first", [&] { check_again(); });
    }

private:
    // ---- the promises, in order

    void check_limits()
    {
        if constexpr (requires { model_.preferred_batch(); }) { DOCTEST_CHECK(model_.preferred_batch() >= 1); }
        if constexpr (requires { model_.max_batch(); }) { DOCTEST_CHECK(model_.max_batch() >= 1); }
    }

    /// What all other answers are compared with. The only calls with a wait after each step.
    void answer_each_alone()
    {
        std::vector<answers> found;
        for (index_t i = 0; i < static_cast<index_t>(images_); ++i) {
            held_images const x{on_, images({i})};
            on_.wait();
            auto const outputs = calls_.forward(x.in());
            on_.wait();
            auto y          = on_host(outputs);
            auto const seen = calls_.capture(x.in());
            on_.wait();
            found.push_back({std::move(y), on_host(seen.activations)});
            DOCTEST_CHECK_FALSE(has_nan(found.back().outputs.view()));
            DOCTEST_CHECK_FALSE(has_nan(found.back().activations.view()));
        }
        alone_ = std::move(found);
    }

    void check_differences()
    {
        double outputs = 0, activations = 0;
        for (auto const& one : alone_) {
            outputs     = std::max(outputs, apart(one.outputs[0], alone_[0].outputs[0]));
            activations = std::max(activations, apart(one.activations[0], alone_[0].activations[0]));
        }
        DOCTEST_CHECK_MESSAGE(outputs > tolerance_ * largest(&answers::outputs), "all images have the same outputs");
        DOCTEST_CHECK_MESSAGE(activations > tolerance_ * largest(&answers::activations),
                              "all images have the same activations");
    }

    void check_repetition()
    {
        auto const batch   = images(first({0, 1, 2}));
        auto const outputs = forward(batch);
        auto const seen    = capture(batch);
        for (bool const between : {false, true}) {
            if (between) { static_cast<void>(forward(images({3}))), static_cast<void>(capture(images(first({4, 5})))); }
            auto const again      = forward(batch);
            auto const seen_again = capture(batch);
            DOCTEST_CAPTURE(between);
            if (options_.same_bits) {
                DOCTEST_CHECK_MESSAGE(same_bits(again, outputs), "forward");
                DOCTEST_CHECK_MESSAGE(same_bits(seen_again.outputs, seen.outputs), "the outputs of capture");
                DOCTEST_CHECK_MESSAGE(same_bits(seen_again.activations, seen.activations), "the activations");
            }
        }
    }

    void check_outputs_in_batches()
    {
        for (auto const& which : batches()) { check_rows("outputs", forward(images(which)), &answers::outputs, which); }
    }
    void check_activations_in_batches()
    {
        for (auto const& which : batches()) {
            check_rows("activations", capture(images(which)).activations, &answers::activations, which);
        }
    }
    void check_captured_outputs()
    {
        for (auto const& which : batches()) {
            check_rows("outputs of capture", capture(images(which)).outputs, &answers::outputs, which);
        }
    }

    void check_memory()
    {
        auto const batch = images(first({0, 1, 2}));
        auto const other = images(first({3, 4, 5}));
        held_images const x{on_, batch};
        auto const as_given = x.host();
        auto const outputs  = calls_.forward(x.in());
        auto const before   = on_host(outputs);
        DOCTEST_CHECK_MESSAGE(same_bits(x.host(), as_given), "forward wrote to its batch");
        x.fill(other);
        DOCTEST_CHECK_MESSAGE(same_bits(on_host(outputs), before), "the outputs of forward changed with the batch");

        x.fill(batch);
        auto const seen                 = calls_.capture(x.in());
        auto const captured_outputs     = on_host(seen.outputs);
        auto const captured_activations = on_host(seen.activations);
        DOCTEST_CHECK_MESSAGE(same_bits(x.host(), as_given), "capture wrote to its batch");
        x.fill(other);
        DOCTEST_CHECK_MESSAGE(same_bits(on_host(seen.outputs), captured_outputs),
                              "the outputs of capture changed with the batch");
        DOCTEST_CHECK_MESSAGE(same_bits(on_host(seen.activations), captured_activations),
                              "the activations changed with the batch");
    }

    /// The same memory is filled, read and filled again before anything needs to have happened.
    void check_order()
    {
        held_images const x{on_, images({0})};
        held<Backend, T, 2> const of_0{on_, alone_[0].outputs.shape()}, of_2{on_, alone_[0].outputs.shape()};
        held<Backend, T, rank> const of_1{on_, alone_[1].activations.shape()};
        on_.copy(calls_.forward(x.in()).flat(), of_0.view());
        x.fill(images({1}));
        on_.copy(calls_.capture(x.in()).activations, of_1.view());
        x.fill(images({2}));
        on_.copy(calls_.forward(x.in()).flat(), of_2.view());
        check_rows("outputs", of_0.host(), &answers::outputs, {0});
        check_rows("activations", of_1.host(), &answers::activations, {1});
        check_rows("outputs", of_2.host(), &answers::outputs, {2});
    }

    void check_nan()
    {
        auto const which = first({0, 1, 2});
        auto const bad   = static_cast<index_t>(which.size() / 2);
        auto batch       = images(which);
        std::fill_n(batch.view()[bad].data(), batch.view()[bad].size(), std::numeric_limits<T>::quiet_NaN());
        auto const outputs = forward(batch);
        auto const seen    = capture(batch);
        if (options_.nan_stays_visible) {
            DOCTEST_CHECK_MESSAGE((has_nan(outputs[bad]) || has_nan(seen.outputs[bad]) || has_nan(seen.activations[bad])),
                                  "an image of NaN has outputs and activations without NaN");
        }
        check_rows("outputs", outputs, &answers::outputs, which, bad);
        check_rows("outputs of capture", seen.outputs, &answers::outputs, which, bad);
        check_rows("activations", seen.activations, &answers::activations, which, bad);
        check_batch({0});  // and it is gone
    }

    void check_input_buffer()
    {
        for (auto const& which : batches()) {
            auto const n      = static_cast<index_t>(which.size());
            auto const buffer = calls_.input(n, {});  // throws if it has another shape
            held_images::write(on_, images(which), buffer);
            check_rows("outputs", on_host(calls_.forward(calls_.as_taken(buffer))), &answers::outputs, which);
            numbers const others(which.rbegin(), which.rend());
            held_images::write(on_, images(which), calls_.input(n, {}));
            check_rows("outputs of other memory", forward(images(others)), &answers::outputs, others);
        }
    }

    void check_layers()
    {
        std::vector<images_type> of_0;
        for (auto const& which : batches()) {
            held_images const x{on_, images(which)};
            auto const seen = capture_layers(x.in());
            check_rows("outputs of capture_layers", on_host(seen.outputs), &answers::outputs, which);
            std::vector<images_type> layers;
            for (auto const& one : seen.activations) { layers.push_back(on_host(one)); }
            x.fill(images(numbers(which.size(), 5)));
            for (std::size_t l = 0; l < layers.size(); ++l) {
                DOCTEST_CHECK_MESSAGE(same_bits(on_host(seen.activations[l]), layers[l]),
                                      "layer " << l << " changed with the batch");
            }
            if (of_0.empty()) { of_0 = layers; }  // the first batch is the image 0 alone
            DOCTEST_CHECK(layers.size() == of_0.size());
            if (layers.empty() || layers.size() != of_0.size()) { return; }
            check_rows("activations of the first layer", layers[0], &answers::activations, which);
            auto const at = static_cast<index_t>(std::find(which.begin(), which.end(), 0) - which.begin());
            auto const n  = static_cast<index_t>(which.size());
            for (std::size_t l = 0; l < layers.size(); ++l) {
                bool const fits = layers[l].shape() == prepend(trailing<rank - 1>(of_0[l].shape()), n);
                DOCTEST_CHECK_MESSAGE(fits,
                                      "layer " << l << ": " << to_string(layers[l].shape()) << " for a batch of " << n);
                if (!fits || at == n) { continue; }
                DOCTEST_CHECK(apart(layers[l][at], of_0[l][0]) <= tolerance_ * largest_in(of_0[l]));
            }
        }
    }

    void check_replica()
    {
        scorecam::detail::replica<Backend, Model> other{on_, model_};
        held_images const x{on_, images({0})}, y{other.on, images({1})};
        auto const of_0 = calls_.forward(x.in());
        auto const of_1 = other.calls.capture(y.in());
        bool const kept = check_rows("outputs", on_host(of_0), &answers::outputs, {0});
        if (!check_rows("activations of the replica", on_host(of_1.activations), &answers::activations, {1}) || !kept) {
            return;
        }
        auto const worst_of = [this](auto& on, auto& calls, index_t image) {
            double worst        = 0;
            auto const expected = alone_[static_cast<std::size_t>(image)].outputs[0];
            for (int round = 0; round < 8; ++round) {
                held_images const batch{on, images({image})};
                worst = std::max(worst, apart(calls.forward(batch.in())[0], expected));
            }
            return worst;
        };
        auto there        = std::async(std::launch::async, [&] { return worst_of(other.on, other.calls, 1); });
        double const here = worst_of(on_, calls_, 0);
        DOCTEST_CHECK_MESSAGE(std::max(here, there.get()) <= tolerance_ * largest(&answers::outputs),
                              "outputs of two threads at the same time");
    }

    void check_refusal()
    {
        auto shape = model_.input_shape();
        ++shape[0];
        held_images const x{on_, images_type{prepend(shape, 1)}};
        auto const call = [&] {
            if constexpr (requires { model_.forward(x.in(), on_.queue()); }) {
                static_cast<void>(model_.forward(x.in(), on_.queue()));
            } else {
                static_cast<void>(model_.forward(x.in()));
            }
        };
        DOCTEST_CHECK_THROWS_AS(call(), error);
        check_batch({0});  // and it works on
    }

    void check_sign()
    {
        bool const negative = std::any_of(alone_.begin(), alone_.end(), [](answers const& one) {
            return std::any_of(one.activations.begin(), one.activations.end(), [](T v) { return v < 0; });
        });
        DOCTEST_CHECK_MESSAGE(negative, "no activation is negative: a ReLU may have worked in place");
    }

    void check_again()
    {
        auto const outputs = forward(images({0}));
        if (options_.same_bits) { DOCTEST_CHECK(same_bits(outputs, alone_[0].outputs)); }
        check_batch({0});
    }

    // ---- what they share

    /// One image, an odd number, many, few again, and in another order; as far as batches may be so large.
    [[nodiscard]] std::vector<numbers> batches() const
    {
        numbers many(static_cast<std::size_t>(largest_));
        for (std::size_t i = 0; i < many.size(); ++i) { many[i] = static_cast<index_t>(i % images_); }
        numbers const reversed(many.rbegin(), many.rend());
        return {{0}, first({1, 2, 0}), first({2, 0, 1}), many, first({2, 0}), reversed, first({1, 1, 0, 1})};
    }
    [[nodiscard]] numbers first(numbers which) const
    {
        which.resize(std::min(which.size(), static_cast<std::size_t>(largest_)));
        return which;
    }
    [[nodiscard]] images_type images(numbers const& which) const
    {
        images_type batch{prepend(model_.input_shape(), which.size())};
        for (std::size_t n = 0; n < which.size(); ++n) {
            auto const image = batch.view()[static_cast<index_t>(n)];
            auto const seed  = options_.seed + static_cast<std::uint64_t>(which[n]);
            for (index_t p = 0; p < image.size(); ++p) {
                image.data()[p] = static_cast<T>(options_.input_scale * drawn(seed, p));
            }
        }
        return batch;
    }

    [[nodiscard]] tensor<T, 2> forward(images_type const& batch)
    {
        held_images const x{on_, batch};
        return on_host(calls_.forward(x.in()));
    }
    [[nodiscard]] answers capture(images_type const& batch)
    {
        held_images const x{on_, batch};
        auto const seen = calls_.capture(x.in());
        return {on_host(seen.outputs), on_host(seen.activations)};
    }
    [[nodiscard]] captured_layers_of<Model> capture_layers(batch_of<Model> batch)
    {
        if constexpr (requires { model_.capture_layers(batch, on_.queue()); }) {
            return model_.capture_layers(batch, on_.queue());
        } else {
            return model_.capture_layers(batch);
        }
    }
    [[nodiscard]] tensor<T, 2> on_host(outputs_of<Model> const& outputs) { return on_host(outputs.flat()); }
    template <std::size_t Rank>
    [[nodiscard]] tensor<T, Rank> on_host(const_view_on<Backend, T, Rank> view)
    {
        tensor<T, Rank> host{view.shape()};
        on_.to_host(view, host.data());
        on_.wait();
        return host;
    }

    void check_batch(numbers const& which)
    {
        check_rows("outputs", forward(images(which)), &answers::outputs, which);
        check_rows("activations", capture(images(which)).activations, &answers::activations, which);
    }

    /// Every row but `except` is what its image gives alone; true if so.
    template <std::size_t Rank>
    bool check_rows(char const* what, tensor<T, Rank> const& found, tensor<T, Rank> answers::* member, numbers const& which,
                    index_t except = -1)
    {
        auto const wanted = prepend(trailing<Rank - 1>((alone_[0].*member).shape()), which.size());
        DOCTEST_CHECK_MESSAGE(found.shape() == wanted, std::string{what} << " of the shape " << to_string(found.shape()));
        if (!(found.shape() == wanted)) { return false; }
        double worst      = 0;
        std::string shown = "images";
        for (index_t n = 0; n < found.extent(0); ++n) {
            auto const i = static_cast<std::size_t>(which[static_cast<std::size_t>(n)]);
            shown += " " + std::to_string(i);
            if (n != except) { worst = std::max(worst, apart(found[n], (alone_[i].*member)[0])); }
        }
        double const scale = largest(member);
        bool const alike   = worst <= tolerance_ * scale;
        DOCTEST_CHECK_MESSAGE(alike, std::string{what} << " in a batch of the " << shown << " and alone: " << worst
                                                       << " apart, with values up to " << scale);
        return alike;
    }

    template <std::size_t Rank>
    [[nodiscard]] double largest(tensor<T, Rank> answers::* member) const
    {
        double found = 0;
        for (auto const& one : alone_) { found = std::max(found, largest_in(one.*member)); }
        return found;
    }
    template <std::size_t Rank>
    [[nodiscard]] static double largest_in(tensor<T, Rank> const& values)
    {
        double found = 0;
        for (T const v : values) {
            if (std::isfinite(v)) { found = std::max(found, std::abs(static_cast<double>(v))); }
        }
        return found;
    }

    Backend& on_;
    Model& model_;
    scorecam::detail::model_calls<Backend, Model> calls_;
    model_options options_;
    double tolerance_;
    index_t largest_;
    static constexpr std::size_t images_ = 6;
    std::vector<answers> alone_;  // of the image 0, 1, ...
};

}  // namespace detail

/// Checks, inside a doctest test case, that a model keeps the promises of the concept `model` that a compiler cannot see.
/// A failed check is named by its promise; what the model throws is a failure of that check, and the others still run. It
/// takes some 150 to 250 images. The model and the backend live in the same memory, on the host or on a device.
template <class Backend, class Model>
void check_model_conformance(Backend& on, Model& model, model_options const& options = {})
{
    static_assert(check_model<Model>());
    static_assert(check_backend<Backend, typename Model::value_type>());
    static_assert(std::is_same_v<typename Model::space_type, typename Backend::space_type>,
                  "scorecam: the model and the backend live in different memory; use a backend with the model's space_type");
    detail::model_checks<Backend, Model>{on, model, options}.run();
}

}  // namespace scorecam::testing
