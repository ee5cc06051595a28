#pragma once
// What every model promises that a compiler cannot see, checked with drawn images: as a list of findings.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <future>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <scorecam/backend.hpp>
#include <scorecam/batch_view.hpp>
#include <scorecam/detail/model_calls.hpp>
#include <scorecam/detail/scorer.hpp>
#include <scorecam/error.hpp>
#include <scorecam/model.hpp>
#include <scorecam/policies/concurrency.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/testing/drawn.hpp>
#include <scorecam/testing/findings.hpp>
#include <scorecam/testing/held.hpp>
#include <scorecam/testing/places.hpp>

namespace scorecam::testing {

/// What is asked of a model, and how strictly: model_findings(on, model, {.tolerance = 1e-3}).
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
    bool tap_is_local =
        true;  ///< off for layers whose positions see the whole image: of a transformer, behind a global mean
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
    using T                                   = typename Model::value_type;
    static constexpr std::size_t spatial_rank = spatial_rank_of<Model>;
    static constexpr std::size_t rank         = spatial_rank + 2;
    using images_type                         = tensor<T, rank>;
    using outputs_type                        = tensor<T, 2>;
    using held_images                         = held_batch<Backend, Model>;
    using numbers                             = std::vector<index_t>;  // of images: each always stands for the same one
    struct answers {
        outputs_type outputs;
        images_type activations;
    };

public:
    model_checks(recorder& log, Backend& on, Model& model, model_options const& options)
        : log_{log}, on_{on}, model_{model}, calls_{on, model}, options_{options},
          tolerance_{options.tolerance.value_or(std::is_same_v<T, float> ? 1e-4 : 1e-10)},
          largest_{std::clamp<index_t>(options.largest_batch, 1, calls_.max_batch())}
    {
    }

    void run()
    {
        log_.check("preferred_batch() and max_batch() are 1 or more", [&] { check_limits(); });
        log_.check("one image has outputs (1, classes) and activations (1, K, ...) without NaN",
                   [&] { answer_each_alone(); });
        if (alone_.size() < images_) { return; }
        log_.check("each image has outputs and activations of its own", [&] { check_differences(); });
        if (options_.tap_is_local) {
            log_.check("a change at one place of the image shows near that place in the activations",
                       [&] { check_places(); });
        }
        log_.check("the same call gives the same bits, whatever was run in between", [&] { check_repetition(); });
        log_.check("a row of the outputs depends on its image alone, not on its batch", [&] { check_outputs_in_batches(); });
        log_.check("a row of the activations depends on its image alone, not on its batch",
                   [&] { check_activations_in_batches(); });
        log_.check("capture's outputs are forward's", [&] { check_captured_outputs(); });
        log_.check("outputs beside the first one depend on their image alone, too, and are the same in capture",
                   [&] { check_further_outputs(); });
        if constexpr (resumable_model<Model>) {
            log_.check("resume gives for the activations of an image what forward gives for the image",
                       [&] { check_resume(); });
        }
        log_.check("the batch is only read, and views returned do not change with it", [&] { check_memory(); });
        log_.check("calls are enqueued: nobody waits between from_host, forward and to_host", [&] { check_order(); });
        log_.check("NaN in an image is visible in its row, and in no other", [&] { check_nan(); });
        if constexpr (requires { model_.input_buffer(index_t{1}); }) {
            log_.check("input_buffer(n) is (n, C, H, W) and as good as other memory", [&] { check_input_buffer(); });
        }
        if constexpr (layered_model<Model>) {
            log_.check("capture_layers begins with capture's layer, has as many in every call and keeps them",
                       [&] { check_layers(); });
        }
        if constexpr (scorecam::detail::replicable<Backend, Model>) {
            log_.check("a replica answers as the model does, and neither disturbs the other", [&] { check_replica(); });
        }
        if (options_.refuses_wrong_shapes) {
            log_.check("a batch of another shape is refused with a scorecam::error", [&] { check_refusal(); });
        }
        if (options_.tap_is_signed) {
            log_.check("the activations have negative values, as before a ReLU", [&] { check_sign(); });
        }
        log_.check("an image gives at last what it gave at first", [&] { check_again(); });
    }

private:
    // ---- the promises, in order

    void check_limits()
    {
        auto const expect_1_or_more = [this](std::string const& name, index_t found) {
            log_.expect(found >= 1, name, "1 or more", [&] { return std::to_string(found); });
        };
        if constexpr (requires { model_.preferred_batch(); }) {
            expect_1_or_more("preferred_batch", model_.preferred_batch());
        }
        if constexpr (requires { model_.max_batch(); }) { expect_1_or_more("max_batch", model_.max_batch()); }
    }

    /// What all other answers are compared with. The only calls with a wait after each step.
    void answer_each_alone()
    {
        std::vector<answers> found;
        for (index_t i = 0; i < static_cast<index_t>(images_); ++i) {
            log_.calls("from_host");
            held_images const x{on_, images({i})};
            on_.wait();
            log_.calls("forward");
            auto const outputs = calls_.forward(x.in());
            on_.wait();
            auto y = on_host(rows(outputs));
            log_.calls("capture");
            auto const seen = calls_.capture(x.in());
            on_.wait();
            found.push_back({std::move(y), on_host(seen.activations)});
            log_.expect(!has_nan(found.back().outputs.view()), "forward", "outputs without NaN", "NaN");
            log_.expect(!has_nan(found.back().activations.view()), "capture", "activations without NaN", "NaN");
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
        log_.expect(outputs > tolerance_ * largest(&answers::outputs), "forward", "outputs that differ between images",
                    "all images have the same outputs");
        log_.expect(activations > tolerance_ * largest(&answers::activations), "capture",
                    "activations that differ between images", "all images have the same activations");
    }

    void check_places()
    {
        expect_near("capture", [this](images_type const& batch) { return std::vector{capture(batch).activations}; });
        if constexpr (layered_model<Model>) {
            expect_near("capture_layers", [this](images_type const& batch) {
                held_images const x{on_, batch};
                return on_host(capture_layers(x.in()).activations);
            });
        }
    }

    void check_repetition()
    {
        auto const batch   = images(first({0, 1, 2}));
        auto const outputs = forward(batch);
        auto const seen    = capture(batch);
        for (bool const between : {false, true}) {
            auto const here = log_.at(between ? "after other images" : "at once");
            if (between) { static_cast<void>(forward(images({3}))), static_cast<void>(capture(images(first({4, 5})))); }
            auto const again      = forward(batch);
            auto const seen_again = capture(batch);
            if (options_.same_bits) {
                expect_same_bits("forward", "the outputs of the first call", again, outputs);
                expect_same_bits("capture", "the outputs of the first call", seen_again.outputs, seen.outputs);
                expect_same_bits("capture", "the activations of the first call", seen_again.activations, seen.activations);
            }
        }
    }

    void check_outputs_in_batches()
    {
        for (auto const& which : batches()) { check_rows("forward", forward(images(which)), &answers::outputs, which); }
    }
    void check_activations_in_batches()
    {
        for (auto const& which : batches()) {
            check_rows("capture", capture(images(which)).activations, &answers::activations, which);
        }
    }
    void check_further_outputs()
    {
        auto const which = first({0, 1, 2});
        auto const seen  = [&](numbers const& of, bool capturing) {
            held_images const x{on_, images(of)};
            auto const outputs = capturing ? calls_.capture(x.in()).outputs : calls_.forward(x.in());
            std::vector<outputs_type> all;
            for (int k = 1; k < outputs.count(); ++k) { all.push_back(on_host(outputs.flat(k))); }
            return all;
        };
        std::vector<std::vector<outputs_type>> alone;
        for (auto const i : which) { alone.push_back(seen({i}, false)); }
        for (bool const capturing : {false, true}) {
            auto const together = seen(which, capturing);
            for (std::size_t k = 0; k < together.size(); ++k) {
                for (std::size_t r = 0; r < which.size(); ++r) {
                    auto const row  = static_cast<index_t>(r);
                    auto const far_ = apart(together[k][row], alone[r][k][0]);
                    log_.expect(far_ <= tolerance_ * (1 + static_cast<double>(std::abs(largest_of(alone[r][k])))),
                                capturing ? "capture" : "forward",
                                "output number " + std::to_string(k + 1) + " as of the image alone",
                                [&] { return "off by " + std::to_string(far_) + " for row " + std::to_string(row); });
                }
            }
        }
    }
    [[nodiscard]] static T largest_of(outputs_type const& values)
    {
        T most(0);
        for (auto const v : values.view()) { most = std::max(most, std::abs(v)); }
        return most;
    }
    void check_resume()
    {
        for (auto const& which : batches()) {
            held_images const x{on_, images(which)};
            auto const seen = calls_.capture(x.in()).activations;
            held<Backend, T, rank> const activations{on_, seen.shape()};
            on_.copy(seen, activations.view());
            check_rows("resume", on_host(rows(calls_.resume(activations.in()))), &answers::outputs, which);
        }
    }
    void check_captured_outputs()
    {
        for (auto const& which : batches()) {
            check_rows("capture", capture(images(which)).outputs, &answers::outputs, which);
        }
    }

    void check_memory()
    {
        auto const batch = images(first({0, 1, 2}));
        auto const other = images(first({3, 4, 5}));
        held_images const x{on_, batch};
        auto const as_given = x.host();
        log_.calls("forward");
        auto const outputs = calls_.forward(x.in());
        auto const before  = on_host(rows(outputs));
        expect_same_bits("forward", "the batch as it was given", x.host(), as_given);
        x.fill(other);
        expect_same_bits("forward", "outputs that stay when the batch's memory is filled again", on_host(rows(outputs)),
                         before);

        x.fill(batch);
        log_.calls("capture");
        auto const seen                 = calls_.capture(x.in());
        auto const captured_outputs     = on_host(rows(seen.outputs));
        auto const captured_activations = on_host(seen.activations);
        expect_same_bits("capture", "the batch as it was given", x.host(), as_given);
        x.fill(other);
        expect_same_bits("capture", "outputs that stay when the batch's memory is filled again", on_host(rows(seen.outputs)),
                         captured_outputs);
        expect_same_bits("capture", "activations that stay when the batch's memory is filled again",
                         on_host(seen.activations), captured_activations);
    }

    /// The same memory is filled, read and filled again before anything needs to have happened.
    void check_order()
    {
        held_images const x{on_, images({0})};
        held<Backend, T, 2> const of_0{on_, alone_[0].outputs.shape()}, of_2{on_, alone_[0].outputs.shape()};
        held<Backend, T, rank> const of_1{on_, alone_[1].activations.shape()};
        log_.calls("forward");
        on_.copy(rows(calls_.forward(x.in())), of_0.view());
        x.fill(images({1}));
        log_.calls("capture");
        on_.copy(calls_.capture(x.in()).activations, of_1.view());
        x.fill(images({2}));
        log_.calls("forward");
        on_.copy(rows(calls_.forward(x.in())), of_2.view());
        check_rows("forward", of_0.host(), &answers::outputs, {0});
        check_rows("capture", of_1.host(), &answers::activations, {1});
        check_rows("forward", of_2.host(), &answers::outputs, {2});
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
            log_.expect(has_nan(outputs[bad]) || has_nan(seen.outputs[bad]) || has_nan(seen.activations[bad]),
                        "forward and capture", "a NaN in the outputs or the activations of an image of NaN", "none");
        }
        check_rows("forward", outputs, &answers::outputs, which, bad);
        check_rows("capture", seen.outputs, &answers::outputs, which, bad);
        check_rows("capture", seen.activations, &answers::activations, which, bad);
        check_batch({0});  // and it is gone
    }

    void check_input_buffer()
    {
        for (auto const& which : batches()) {
            auto const n = static_cast<index_t>(which.size());
            log_.calls("input_buffer");
            auto const buffer = calls_.input(n, {});  // throws if it has another shape
            held_images::write(on_, images(which), buffer);
            log_.calls("forward of input_buffer's memory");
            check_rows("forward of input_buffer's memory", on_host(rows(calls_.forward(calls_.as_taken(buffer)))),
                       &answers::outputs, which);
            numbers const others(which.rbegin(), which.rend());
            held_images::write(on_, images(which), calls_.input(n, {}));
            check_rows("forward of other memory", forward(images(others)), &answers::outputs, others);
        }
    }

    void check_layers()
    {
        std::vector<images_type> of_0;
        for (auto const& which : batches()) {
            auto const here = log_.at(shown(which));
            held_images const x{on_, images(which)};
            auto const seen = capture_layers(x.in());
            check_rows("capture_layers", on_host(rows(seen.outputs)), &answers::outputs, which);
            auto const layers = on_host(seen.activations);
            x.fill(images(numbers(which.size(), 5)));
            for (std::size_t l = 0; l < layers.size(); ++l) {
                expect_same_bits("capture_layers", "a layer that stays when the batch's memory is filled again",
                                 on_host(seen.activations[l]), layers[l]);
            }
            if (of_0.empty()) { of_0 = layers; }  // the first batch is the image 0 alone
            bool const as_many = !layers.empty() && layers.size() == of_0.size();
            log_.expect(
                as_many, "capture_layers", [&] { return "the layers of the first call, " + std::to_string(of_0.size()); },
                [&] { return std::to_string(layers.size()); });
            if (!as_many) { return; }
            check_rows("capture_layers, its first layer", layers[0], &answers::activations, which);
            auto const at = static_cast<index_t>(std::find(which.begin(), which.end(), 0) - which.begin());
            auto const n  = static_cast<index_t>(which.size());
            for (std::size_t l = 0; l < layers.size(); ++l) {
                auto const name   = "capture_layers, its layer " + std::to_string(l);
                auto const wanted = prepend(trailing<rank - 1>(of_0[l].shape()), n);
                bool const fits   = log_.expect(
                    layers[l].shape() == wanted, name, [&] { return to_string(wanted); },
                    [&] { return to_string(layers[l].shape()); });
                if (!fits || at == n) { continue; }
                double const off = apart(layers[l][at], of_0[l][0]);
                log_.expect(off <= tolerance_ * largest_in(of_0[l]), name, "for image 0 what it gives alone", [&] {
                    return std::to_string(off) + " apart, with values up to " + std::to_string(largest_in(of_0[l]));
                });
            }
        }
    }

    void check_replica()
    {
        log_.calls("replica");
        scorecam::detail::replica<Backend, Model> other{on_, model_};
        held_images const x{on_, images({0})}, y{other.on, images({1})};
        log_.calls("forward");
        auto const of_0 = calls_.forward(x.in());
        log_.calls("capture of the replica");
        auto const of_1 = other.calls.capture(y.in());
        bool const kept =
            check_rows("forward, when the replica captured after it", on_host(rows(of_0)), &answers::outputs, {0});
        if (!check_rows("capture of the replica", on_host(of_1.activations), &answers::activations, {1}) || !kept) {
            return;
        }
        log_.calls("forward by two threads");
        auto const worst_of = [this](auto& on, auto& calls, index_t image) {
            double worst        = 0;
            auto const expected = alone_[static_cast<std::size_t>(image)].outputs[0];
            for (int round = 0; round < 8; ++round) {
                held_images const batch{on, images({image})};
                worst = std::max(worst, apart(rows(calls.forward(batch.in()))[0], expected));
            }
            return worst;
        };
        auto there         = std::async(std::launch::async, [&] { return worst_of(other.on, other.calls, 1); });
        double const here  = worst_of(on_, calls_, 0);
        double const worst = std::max(here, there.get());
        log_.expect(worst <= tolerance_ * largest(&answers::outputs), "forward by two threads, one on the replica",
                    "the outputs that each image has alone", [&] { return std::to_string(worst) + " apart"; });
    }

    void check_refusal()
    {
        auto shape = model_.input_shape();
        ++shape[0];
        held_images const x{on_, images_type{prepend(shape, 1)}};
        std::string seen = "an answer";
        try {
            if constexpr (requires { model_.forward(x.in(), on_.queue()); }) {
                static_cast<void>(model_.forward(x.in(), on_.queue()));
            } else {
                static_cast<void>(model_.forward(x.in()));
            }
        } catch (error const&) {
            seen.clear();
        } catch (std::exception const& other) {
            seen = std::string{"an exception of another type: "} + other.what();
        } catch (...) {
            seen = "something thrown that is no std::exception";
        }
        log_.expect(
            seen.empty(), "forward", [&] { return "a scorecam::error for a batch of " + to_string(prepend(shape, 1)); },
            seen);
        check_batch({0});  // and it works on
    }

    void check_sign()
    {
        bool const negative = std::any_of(alone_.begin(), alone_.end(), [](answers const& one) {
            return std::any_of(one.activations.begin(), one.activations.end(), [](T v) { return v < 0; });
        });
        log_.expect(negative, "capture", "negative activations", "none: a ReLU may have worked in place");
    }

    void check_again()
    {
        auto const outputs = forward(images({0}));
        if (options_.same_bits) { expect_same_bits("forward", "the first outputs of image 0", outputs, alone_[0].outputs); }
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
    [[nodiscard]] static std::string shown(numbers const& which)
    {
        std::string text = which.size() == 1 ? "the image" : "a batch of the images";
        for (auto const i : which) { text += " " + std::to_string(i); }
        return text;
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

    [[nodiscard]] outputs_type forward(images_type const& batch)
    {
        held_images const x{on_, batch};
        log_.calls("forward");
        return on_host(rows(calls_.forward(x.in())));
    }
    [[nodiscard]] answers capture(images_type const& batch)
    {
        held_images const x{on_, batch};
        log_.calls("capture");
        auto const seen = calls_.capture(x.in());
        return {on_host(rows(seen.outputs)), on_host(seen.activations)};
    }
    [[nodiscard]] captured_layers_of<Model> capture_layers(batch_of<Model> batch)
    {
        log_.calls("capture_layers");
        if constexpr (requires { model_.capture_layers(batch, on_.queue()); }) {
            return model_.capture_layers(batch, on_.queue());
        } else {
            return model_.capture_layers(batch);
        }
    }
    /// Outputs as (n, values).
    [[nodiscard]] static const_view_on<Backend, T, 2> rows(outputs_of<Model> const& outputs) { return outputs; }
    template <std::size_t Rank>
    [[nodiscard]] tensor<T, Rank> on_host(const_view_on<Backend, T, Rank> view)
    {
        tensor<T, Rank> host{view.shape()};
        on_.to_host(view, host.data());
        on_.wait();
        return host;
    }
    [[nodiscard]] std::vector<images_type> on_host(std::vector<const_view_on<Backend, T, rank>> const& views)
    {
        std::vector<images_type> all;
        for (auto const& one : views) { all.push_back(on_host(one)); }
        return all;
    }

    template <class U, std::size_t Rank>
    void expect_same_bits(std::string const& operation, std::string const& expected, tensor<U, Rank> const& found,
                          tensor<U, Rank> const& wanted)
    {
        log_.expect(same_bits(found, wanted), operation, expected, [&] {
            if (!(found.shape() == wanted.shape())) { return "the shape " + to_string(found.shape()); }
            auto const bytes = [](U const& one) { return reinterpret_cast<unsigned char const*>(&one); };
            auto const other = std::mismatch(found.begin(), found.end(), wanted.begin(), [&](U const& a, U const& b) {
                return std::equal(bytes(a), bytes(a) + sizeof(U), bytes(b));
            });
            return "others from element " + std::to_string(other.first - found.begin()) + " on";
        });
    }

    void check_batch(numbers const& which)
    {
        check_rows("forward", forward(images(which)), &answers::outputs, which);
        check_rows("capture", capture(images(which)).activations, &answers::activations, which);
    }

    /// Every row but `except` is what its image gives alone; true if so.
    template <std::size_t Rank>
    bool check_rows(std::string const& operation, tensor<T, Rank> const& found, tensor<T, Rank> answers::* member,
                    numbers const& which, index_t except = -1)
    {
        auto const here   = log_.at(shown(which));
        auto const wanted = prepend(trailing<Rank - 1>((alone_[0].*member).shape()), which.size());
        if (!log_.expect(
                found.shape() == wanted, operation, [&] { return "the shape " + to_string(wanted); },
                [&] { return to_string(found.shape()); })) {
            return false;
        }
        double worst = 0;
        for (index_t n = 0; n < found.extent(0); ++n) {
            auto const i = static_cast<std::size_t>(which[static_cast<std::size_t>(n)]);
            if (n != except) { worst = std::max(worst, apart(found[n], (alone_[i].*member)[0])); }
        }
        double const scale = largest(member);
        return log_.expect(worst <= tolerance_ * scale, operation,
                           std::string{Rank == 2 ? "outputs" : "activations"} + " that are those of each image alone",
                           [&] { return std::to_string(worst) + " apart, with values up to " + std::to_string(scale); });
    }

    /// The answer to a change lies near it, in each layer that layers_of(batch) has.
    template <class Layers>
    void expect_near(std::string const& operation, Layers const& layers_of)
    {
        std::vector<std::vector<images_type>> unchanged;
        for (index_t i = 0; i < static_cast<index_t>(images_); ++i) { unchanged.push_back(layers_of(images({i}))); }
        for (std::size_t l = 0; l < unchanged[0].size(); ++l) {
            auto const layer = [&, l](images_type const& batch) { return layers_of(batch)[l]; };
            std::vector<images_type> before;
            for (auto& one : unchanged) { before.push_back(std::move(one[l])); }
            expect_layer_near(operation == "capture" ? operation : operation + ", its layer " + std::to_string(l), layer,
                              before);
        }
    }
    template <class Layer>
    void expect_layer_near(std::string const& operation, Layer const& layer, std::vector<images_type> const& unchanged)
    {
        auto const activation = trailing<rank - 1>(unchanged[0].shape());
        std::array<bool, tap_orders.size()> fits{};
        fits.fill(true);
        std::vector<std::pair<std::string, nearness>> far;
        bool answered = false;
        for (auto const& some : places_in<spatial_rank>(model_.input_shape(), trailing<spatial_rank>(activation))) {
            auto const found = nearness_of(some.all, layer, unchanged);
            if (!found) { continue; }  // nothing answers there
            answered = true;
            for (std::size_t o = 0; o < fits.size(); ++o) {
                fits[o] = fits[o] && !((*found)[o].beyond_chance() < some.enough);  // NaN, a map of one cell, fits
            }
            if ((*found)[0].beyond_chance() < some.enough) { far.emplace_back(some.name, (*found)[0]); }
        }
        log_.expect(answered, operation, "activations that change with a part of the image", "they stay");
        std::string reason =
            "they lie in another order than " + to_string(prepend(activation, index_t{1})) +
            ", or the batch is read in another than (n, C, H, W) and batch_layout, or the layer sees the whole "
            "image, which .tap_is_local = false tells";
        for (std::size_t o = fits.size(); o-- > 1;) {
            if (fits[o]) { reason = std::string{"they would change there "} + to_string(tap_orders[o]); }
        }
        auto const percent = [](double share) { return std::to_string(std::lround(100 * share)) + " %"; };
        for (auto const& [name, found] : far) {
            auto const here = log_.at(name);
            log_.expect(false, operation, "activations (n, K, ...) that change within 3/8 of the map from there",
                        percent(found.share) + " of their change there, where " + percent(found.chance) +
                            " would be by chance; " + reason);
        }
    }

    /// For each order of the activations, how near the answers to changes at these places are: the mean of those that are
    /// answered; nothing if none is. An answer counts by its square, so that a faint one everywhere (of a normalisation over
    /// the image, say) does not hide a clear one.
    template <class Layer>
    [[nodiscard]] std::optional<std::array<nearness, tap_orders.size()>>
    nearness_of(std::vector<place<spatial_rank>> const& places, Layer const& layer,
                std::vector<images_type> const& unchanged)
    {
        auto const size       = trailing<spatial_rank>(model_.input_shape());
        auto const activation = trailing<rank - 1>(unchanged[0].shape());
        std::array<nearness, tap_orders.size()> sums{};
        double answered = 0;
        for (std::size_t done = 0; done < places.size();) {
            numbers which;
            for (auto i = done; i < places.size() && which.size() < static_cast<std::size_t>(largest_); ++i) {
                which.push_back(static_cast<index_t>(i % images_));
            }
            auto batch = images(which);
            for (std::size_t n = 0; n < which.size(); ++n) {
                auto const& changed = places[done + n];
                auto const value    = static_cast<T>((done + n) % 2 == 0 ? options_.input_scale : -options_.input_scale);
                T* const channel    = batch.view()[static_cast<index_t>(n)].data() + changed.channel * size.size();
                for (index_t p = 0; p < size.size(); ++p) { channel[p] = changed.has(p, size) ? value : channel[p]; }
            }
            auto const seen = layer(batch);
            for (std::size_t n = 0; n < which.size(); ++n) {
                auto const* const before = unchanged[static_cast<std::size_t>(which[n])].data();
                auto const* const after  = seen.view()[static_cast<index_t>(n)].data();
                std::vector<double> answer(static_cast<std::size_t>(activation.size()));
                for (std::size_t i = 0; i < answer.size(); ++i) {
                    auto const change = static_cast<double>(after[i]) - static_cast<double>(before[i]);
                    answer[i]         = std::isfinite(change) ? change * change : 0;
                }
                if (std::all_of(answer.begin(), answer.end(), [](double a) { return a == 0; })) { continue; }
                ++answered;
                for (std::size_t o = 0; o < sums.size(); ++o) {
                    auto const one = near_of<spatial_rank>(places[done + n], size, answer, activation, tap_orders[o]);
                    sums[o].share += one.share, sums[o].chance += one.chance;
                }
            }
            done += which.size();
        }
        if (answered == 0) { return std::nullopt; }
        for (auto& sum : sums) { sum.share /= answered, sum.chance /= answered; }
        return sums;
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

    recorder& log_;
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

/// Where a model breaks a promise of the concept `model` that a compiler cannot see; nowhere if it is right. Does not throw:
/// what the model throws is a finding of that check, and the others still run. It takes some 180 to 280 images. The model
/// and the backend live in the same memory, on the host or on a device.
template <class Backend, class Model>
[[nodiscard]] std::vector<finding> model_findings(Backend& on, Model& model, model_options const& options = {},
                                                  announcement const& announce = {})
{
    static_assert(check_model<Model>());
    static_assert(check_backend<Backend, typename Model::value_type>());
    static_assert(std::is_same_v<typename Model::space_type, typename Backend::space_type>,
                  "scorecam: the model and the backend live in different memory; use a backend with the model's space_type");
    detail::recorder log{announce};
    detail::model_checks<Backend, Model>{log, on, model, options}.run();
    return std::move(log).findings();
}

}  // namespace scorecam::testing
