// The kit can fail: models and backends that break one promise each, and the check that has to say so.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/scorecam.hpp>
#include <scorecam/testing/backend_conformance.hpp>
#include <scorecam/testing/model_conformance.hpp>

#include "support/deferred_backend.hpp"
#include "support/networks.hpp"

namespace sc = scorecam;

namespace {

// ---- which check fails

/// The test case fails, and among the checks that do is the one about this promise.
struct breaks {
    char const* promise;
    void fill(doctest::detail::TestCase& one) const { one.m_should_fail = true, one.m_description = promise; }
};

std::string& wrongly_blamed()
{
    static std::string names;
    return names;
}

/// Hears of every failure; compares, at the end of a test case, with the promise that it breaks.
class listener : public doctest::IReporter {
public:
    explicit listener(doctest::ContextOptions const&) {}
    void test_case_start(doctest::TestCaseData const& started) override { case_ = &started, heard_ = {}; }
    void log_assert(doctest::AssertData const& made) override
    {
        if (made.m_failed) { hear(); }
    }
    void log_message(doctest::MessageData const&) override { hear(); }
    void test_case_end(doctest::CurrentTestCaseStats const&) override
    {
        bool const as_described =
            case_->m_description == nullptr || heard_.str().find(case_->m_description) != std::string::npos;
        if (!as_described) { wrongly_blamed() += std::string{"\n"} + case_->m_name; }
    }
    void report_query(doctest::QueryData const&) override {}
    void test_run_start() override {}
    void test_run_end(doctest::TestRunStats const&) override {}
    void test_case_reenter(doctest::TestCaseData const&) override {}
    void test_case_exception(doctest::TestCaseException const&) override {}
    void subcase_start(doctest::SubcaseSignature const&) override {}
    void subcase_end() override {}
    void test_case_skipped(doctest::TestCaseData const&) override {}

private:
    void hear()
    {
        for (int i = 0; i < get_num_active_contexts(); ++i) { get_active_contexts()[i]->stringify(&heard_); }
    }
    doctest::TestCaseData const* case_ = nullptr;
    std::ostringstream heard_;
};
REGISTER_LISTENER("breaks", 1, listener);

// ---- models

constexpr sc::image_shape input{3, 16, 20};
constexpr sc::image_shape activation{6, 4, 5};
using batch_type    = sc::tensor_view<float const, 4>;
using outputs_type  = sc::tensor_view<float const, 2>;
using captured_type = sc::captured<float>;

/// Keeps every promise, and keeps its results where those who break one can reach them.
struct sound {
    using value_type = float;
    using space_type = sc::host_space;

    networks::seeded<float> network{input, activation, 4, 21};
    sc::tensor<float, 2> outputs;
    sc::tensor<float, 4> activations;

    [[nodiscard]] sc::image_shape input_shape() const { return input; }
    outputs_type forward(batch_type batch)
    {
        auto const y = network.forward(batch);
        outputs      = {y.shape(), {y.begin(), y.end()}};
        return outputs;
    }
    captured_type capture(batch_type batch)
    {
        forward(batch);
        auto const a = network.capture(batch).activations;
        activations  = {a.shape(), {a.begin(), a.end()}};
        return {outputs, activations};
    }
};

template <class Model>
void check(sc::testing::model_options const& options = {})
{
    Model model;
    sc::reference_backend on;
    sc::testing::check_model_conformance(on, model, options);
}

bool has_nan(batch_type batch)
{
    return std::any_of(batch.begin(), batch.end(), [](float v) { return std::isnan(v); });
}

}  // namespace

TEST_CASE("the sound model fails nothing") { check<sound>(); }

TEST_CASE("outputs shifted by the batch's size" * breaks{"a row of the outputs depends on its image alone"})
{
    struct broken : sound {
        outputs_type forward(batch_type batch)
        {
            sound::forward(batch);
            for (auto& y : outputs.view()) { y += 0.01F * static_cast<float>(batch.extent(0)); }
            return outputs;
        }
    };
    check<broken>();
}

TEST_CASE("outputs in another order in large batches" * breaks{"a row of the outputs depends on its image alone"})
{
    struct broken : sound {
        outputs_type forward(batch_type batch)
        {
            sound::forward(batch);
            if (batch.extent(0) > 4) { std::swap_ranges(outputs.data(), outputs.data() + 4, outputs.data() + 4); }
            return outputs;
        }
    };
    check<broken>();
}

TEST_CASE("activations divided by the batch's largest" * breaks{"a row of the activations depends on its image alone"})
{
    struct broken : sound {
        captured_type capture(batch_type batch)
        {
            sound::capture(batch);
            float const largest = *std::max_element(activations.begin(), activations.end());
            for (auto& a : activations.view()) { a /= largest; }
            return {outputs, activations};
        }
    };
    check<broken>();
}

TEST_CASE("capture's outputs are probabilities, forward's are logits" * breaks{"capture's outputs are forward's"})
{
    struct broken : sound {
        captured_type capture(batch_type batch)
        {
            sound::capture(batch);
            for (auto& y : outputs.view()) { y = 1 / (1 + std::exp(-y)); }
            return {outputs, activations};
        }
    };
    check<broken>();
}

TEST_CASE("activations that lie in the batch's memory" * breaks{"the batch is only read, and views returned do not change"})
{
    struct broken : sound {
        captured_type capture(batch_type batch) { return {forward(batch), batch}; }
    };
    check<broken>();
}

TEST_CASE("an input normalised in place" * breaks{"the batch is only read"})
{
    struct broken : sound {
        outputs_type forward(batch_type batch)
        {
            sound::forward(batch);
            for (auto const& x : batch) { const_cast<float&>(x) /= 255; }
            return outputs;
        }
    };
    check<broken>();
}

TEST_CASE("a buffer that never shrinks" * breaks{"a row of the outputs depends on its image alone"})
{
    struct broken : sound {
        std::vector<float> rows;
        outputs_type forward(batch_type batch)
        {
            auto const y = sound::forward(batch);
            rows.resize(std::max(rows.size(), static_cast<std::size_t>(y.size())));
            std::copy(y.begin(), y.end(), rows.begin());
            return {rows.data(), static_cast<sc::index_t>(rows.size() / 4), 4};
        }
    };
    check<broken>();
}

TEST_CASE("a max_batch() that is not true" * breaks{"a row of the outputs depends on its image alone"})
{
    struct broken : sound {
        [[nodiscard]] sc::index_t max_batch() const { return 8; }
        outputs_type forward(batch_type batch)
        {
            if (batch.extent(0) > 4) { throw std::runtime_error{"too large"}; }
            return sound::forward(batch);
        }
    };
    check<broken>();
}

TEST_CASE("a preferred_batch() of 0" * breaks{"preferred_batch() and max_batch() are 1 or more"})
{
    struct broken : sound {
        [[nodiscard]] sc::index_t preferred_batch() const { return 0; }
    };
    check<broken>();
}

TEST_CASE("NaN taken for 0" * breaks{"NaN in an image is visible"})
{
    struct broken : sound {
        sc::tensor<float, 4> clean;
        batch_type without_nan(batch_type batch)
        {
            clean = {batch.shape(), {batch.begin(), batch.end()}};
            for (auto& x : clean.view()) { x = std::isnan(x) ? 0 : x; }
            return clean;
        }
        outputs_type forward(batch_type batch) { return sound::forward(without_nan(batch)); }
        captured_type capture(batch_type batch) { return sound::capture(without_nan(batch)); }
    };
    check<broken>();
}

TEST_CASE("NaN that spreads to other rows" * breaks{"NaN in an image is visible in its row, and in no other"})
{
    struct broken : sound {
        outputs_type forward(batch_type batch)
        {
            sound::forward(batch);
            if (has_nan(batch)) { std::fill_n(outputs.data(), outputs.size(), std::numeric_limits<float>::quiet_NaN()); }
            return outputs;
        }
    };
    check<broken>();
}

TEST_CASE("NaN that stays for ever" * breaks{"NaN in an image is visible in its row, and in no other"})
{
    struct broken : sound {
        float ill = 0;
        outputs_type forward(batch_type batch)
        {
            sound::forward(batch);
            if (batch.extent(0) == 1) { outputs(0, 0) += ill; }
            if (has_nan(batch)) { ill = std::numeric_limits<float>::quiet_NaN(); }
            return outputs;
        }
    };
    check<broken>();
}

TEST_CASE("a stub with the same outputs for all images" * breaks{"each image has outputs and activations of its own"})
{
    struct broken : sound {
        outputs_type forward(batch_type batch)
        {
            outputs = sc::tensor<float, 2>{{{batch.extent(0), 4}}};
            for (auto& y : outputs.view()) { y = 1; }
            return outputs;
        }
        captured_type capture(batch_type batch) { return {forward(batch), network.capture(batch).activations}; }
    };
    check<broken>();
}

TEST_CASE("a stub with the same activations for all images" * breaks{"each image has outputs and activations of its own"})
{
    struct broken : sound {
        captured_type capture(batch_type batch)
        {
            sound::capture(batch);
            for (auto& a : activations.view()) { a = 1; }
            return {outputs, activations};
        }
    };
    check<broken>();
}

TEST_CASE("statistics that go on running" * breaks{"the same call gives the same bits"})
{
    struct broken : sound {
        float calls = 0;
        outputs_type forward(batch_type batch)
        {
            sound::forward(batch);
            outputs(0, 0) += 1e-7F * ++calls;
            return outputs;
        }
    };
    check<broken>();
}

TEST_CASE("the activations of the image before" * breaks{"a row of the activations depends on its image alone"})
{
    struct broken : sound {
        captured_type capture(batch_type batch)
        {
            auto const before = activations;
            sound::capture(batch);
            if (before.shape() == activations.shape() && batch.extent(0) == 3) { activations = before; }
            return {outputs, activations};
        }
    };
    check<broken>();
}

TEST_CASE("an input_buffer of another shape" * breaks{"input_buffer(n) is (n, C, H, W)"})
{
    struct broken : sound {
        sc::tensor<float, 4> own{prepend(input, 9)};
        sc::tensor_view<float, 4> input_buffer(sc::index_t) { return own.view(); }
    };
    check<broken>();
}

TEST_CASE("an input_buffer that is read too early" * breaks{"input_buffer(n) is (n, C, H, W) and as good as other memory"})
{
    struct broken : sound {
        sc::tensor<float, 4> own{prepend(input, 9)}, early = own;
        sc::tensor_view<float, 4> input_buffer(sc::index_t n)
        {
            early = own;
            return {own.data(), prepend(input, n)};
        }
        outputs_type forward(batch_type batch)
        {
            return sound::forward(batch.data() == own.data() ? batch_type{early.data(), batch.shape()} : batch);
        }
    };
    check<broken>();
}

TEST_CASE("layers in another order" * breaks{"capture_layers begins with capture's layer"})
{
    struct broken : sound {
        networks::seeded<float> early{input, {6, 8, 10}, 4, 22};
        sc::captured_layers<float> capture_layers(batch_type batch)
        {
            auto const seen = capture(batch);
            return {seen.outputs, {early.capture(batch).activations, seen.activations}};
        }
    };
    check<broken>();
}

TEST_CASE("layers that come and go" *
          breaks{"capture_layers begins with capture's layer, has as many in every call and keeps them"})
{
    struct broken : sound {
        sc::captured_layers<float> capture_layers(batch_type batch)
        {
            auto const seen = capture(batch);
            return {seen.outputs, {static_cast<std::size_t>(batch.extent(0)), seen.activations}};
        }
    };
    check<broken>();
}

TEST_CASE("a second layer that lies in the batch's memory" * breaks{"capture_layers begins with capture's layer"})
{
    struct broken : sound {
        sc::captured_layers<float> capture_layers(batch_type batch)
        {
            auto const seen = capture(batch);
            return {seen.outputs, {seen.activations, batch}};
        }
    };
    check<broken>();
}

struct shares_its_results : sound {
    std::shared_ptr<std::array<float, 64>> rows = std::make_shared<std::array<float, 64>>();

    [[nodiscard]] shares_its_results replica() const { return *this; }
    outputs_type forward(batch_type batch)
    {
        auto const y = sound::forward(batch);
        std::copy(y.begin(), y.end(), rows->begin());
        return {rows->data(), y.shape()};
    }
    captured_type capture(batch_type batch) { return {forward(batch), sound::capture(batch).activations}; }
};
TEST_CASE("a replica with the same memory for its results" * breaks{"a replica answers as the model does"})
{
    check<shares_its_results>();
}

TEST_CASE("any shape is taken" * breaks{"a batch of another shape is refused"})
{
    check<sound>({.refuses_wrong_shapes = true});
}

TEST_CASE("an error of another kind" * breaks{"a batch of another shape is refused with a scorecam::error"})
{
    struct broken : sound {
        outputs_type forward(batch_type batch)
        {
            if (batch.extent(1) != 3) { throw std::runtime_error{"shape"}; }
            return sound::forward(batch);
        }
    };
    check<broken>({.refuses_wrong_shapes = true});
}

TEST_CASE("a tap that a ReLU has overwritten" * breaks{"the activations have negative values"})
{
    check<sound>({.tap_is_signed = true});
}

// ---- models on a device

namespace {

using device_batch = sc::tensor_view<float const, 4, deferred::space>;
using device_model = deferred::model<networks::seeded<float>>;

template <class Model>
void check_on_device()
{
    networks::seeded<float> host{input, activation, 4, 21};
    deferred::queue queue;
    deferred::backend on{queue};
    Model model{host, 4, activation, 16, queue};
    sc::testing::check_model_conformance(on, model);
}

}  // namespace

TEST_CASE("a device model that reads its input at once" * breaks{"calls are enqueued"})
{
    struct broken : device_model {
        using device_model::device_model;
        sc::tensor_view<float const, 2, deferred::space> forward(device_batch batch, deferred::queue*)
        {
            deferred::queue own;
            auto const y = device_model::forward(batch, &own);
            own.wait();
            return y;
        }
    };
    check_on_device<broken>();
}

TEST_CASE("a device model that captures on a queue of its own" * breaks{"calls are enqueued"})
{
    struct broken : device_model {
        using device_model::device_model;
        sc::captured<float, deferred::space> capture(device_batch batch, deferred::queue*)
        {
            deferred::queue own;
            auto const seen = device_model::capture(batch, &own);
            own.wait();
            return seen;
        }
    };
    check_on_device<broken>();
}

// ---- backends: one on the host and one on a device, with a fault to choose, because each is compiled with the whole suite

namespace {

enum class fault {
    none,
    last_of_equals_wins,
    nan_is_0,
    volumes_not_resized,
    divides_by_0,
    channels_always_first,
    one_staging_buffer,
    frees_at_once
};

class host_backend : public sc::reference_backend {
    template <class T, std::size_t Rank>
    using view = sc::tensor_view<T, Rank>;

public:
    explicit host_backend(fault has) : has_{has} {}

    template <class T>
    void top(view<T const, 2> outputs, view<sc::index_t, 2> targets)
    {
        if (has_ != fault::last_of_equals_wins) { return sc::reference_backend::top(outputs, targets); }
        sc::tensor<T, 2> backwards{outputs.shape()};
        for (sc::index_t n = 0; n < outputs.extent(0); ++n) {
            std::reverse_copy(outputs[n].begin(), outputs[n].end(), backwards.view()[n].data());
        }
        sc::reference_backend::top(as_const(backwards.view()), targets);
        for (auto& target : targets) { target = outputs.extent(1) - 1 - target; }
    }
    template <class T, class Score>
    void score(view<T const, 2> outputs, Score const& f, view<sc::ops::pick const, 1> picks,
               view<sc::index_t const, 2> targets, view<T, 3> scores)
    {
        sc::reference_backend::score(outputs, f, picks, targets, scores);
        for (auto& score : scores) { score = has_ == fault::nan_is_0 && std::isnan(score) ? 0 : score; }
    }
    template <class T, std::size_t Rank>
    void extrema(view<T const, Rank> maps, sc::extents<Rank - 1> size, sc::ops::mask_rule rule,
                 view<sc::ops::range<T>, 1> out)
    {
        if (has_ == fault::volumes_not_resized && Rank == 4) { rule.extrema = sc::extrema_of::activation; }
        sc::reference_backend::extrema(maps, size, rule, out);
    }
    template <class T, std::size_t Rank>
    void normalise(view<T, Rank> maps, view<sc::ops::range<T> const, 1> ranges, sc::ops::mask_rule rule)
    {
        if (has_ != fault::divides_by_0) { return sc::reference_backend::normalise(maps, ranges, rule); }
        for (sc::index_t n = 0; n < maps.extent(0); ++n) {
            for (auto& v : maps.slice(n, 1)) { v = (v - ranges(n).lo) / (ranges(n).hi - ranges(n).lo); }
        }
    }

    template <class T, std::size_t Rank, class Batch>
    void mask(view<T const, Rank> images, view<T const, Rank> background, view<T const, Rank> maps,
              view<sc::ops::range<T> const, 2> ranges, view<sc::ops::pick const, 1> picks, sc::ops::mask_rule rule,
              Batch const& batch)
    {
        using memory       = view<typename Batch::element_type, Rank>;
        bool const instead = has_ == fault::channels_always_first;
        if (!instead) { return sc::reference_backend::mask(images, background, maps, ranges, picks, rule, batch); }
        sc::reference_backend::mask(images, background, maps, ranges, picks, rule, memory{batch.data(), batch.shape()});
    }

private:
    fault has_;
};

/// Its faults are mistakes with memory, which only work that is done later shows.
class device_backend : deferred::queue, public deferred::backend {
public:
    explicit device_backend(fault has) : deferred::backend{*static_cast<deferred::queue*>(this)}, has_{has} {}
    using deferred::backend::queue;
    using deferred::backend::wait;

    /// May be emptied as soon as nobody owns it, though work on it is still to be done.
    template <class T>
    class buffer : public deferred::buffer<T> {
    public:
        buffer(sc::index_t n, deferred::queue& on, bool emptied)
            : deferred::buffer<T>{n, on}, elements_{this->data(), emptied ? this->size() : 0}
        {
        }
        buffer(buffer&& other) noexcept
            : deferred::buffer<T>{std::move(other)}, elements_{std::exchange(other.elements_, {})}
        {
        }
        buffer& operator=(buffer&&) = delete;
        ~buffer() { std::fill(elements_.begin(), elements_.end(), T{}); }

    private:
        std::span<T> elements_;
    };
    template <class T>
    buffer<T> allocate(sc::index_t n)
    {
        return {n, *queue(), has_ == fault::frees_at_once};
    }
    template <class T, std::size_t Rank>
    void from_host(T const* host, sc::tensor_view<T, Rank, deferred::space> view)
    {
        bool const shared = has_ == fault::one_staging_buffer && std::is_same_v<T, float>;  // indices stay what they are
        if (!shared) { return backend::from_host(host, view); }
        std::memcpy(staging_->data(), host, sizeof(T) * static_cast<std::size_t>(view.size()));
        queue()->add([view, staging = staging_] {
            std::memcpy(static_cast<void*>(view.data()), staging->data(), sizeof(T) * static_cast<std::size_t>(view.size()));
        });
    }

private:
    using memory = std::array<char, 1 << 20>;
    fault has_;
    std::shared_ptr<memory> staging_ = std::make_shared<memory>();
};

template <class Backend>
void check(fault has)
{
    Backend on{has};
    sc::testing::detail::check_operations<float>(on);  // one type is enough here
}

}  // namespace

TEST_CASE("without a fault the backends fail nothing")
{
    check<host_backend>(fault::none);
    check<device_backend>(fault::none);
}
TEST_CASE("of equal outputs the last is taken" * breaks{"of equal outputs the first is the top one"})
{
    check<host_backend>(fault::last_of_equals_wins);
}
TEST_CASE("scores that take NaN for 0" * breaks{"NaN in outputs stays visible in the scores"})
{
    check<host_backend>(fault::nan_is_0);
}
TEST_CASE("extrema of volumes before resizing" * breaks{"masks and maps of volumes are the reference's"})
{
    check<host_backend>(fault::volumes_not_resized);
}
TEST_CASE("flat maps divided by 0" * breaks{"flat maps mask everything"}) { check<host_backend>(fault::divides_by_0); }
TEST_CASE("channels that are always first" * breaks{"batches with channels last are the reference's"})
{
    check<host_backend>(fault::channels_always_first);
}
TEST_CASE("one staging buffer for all transfers" * breaks{"memory is copied, reused and freed in order"})
{
    check<device_backend>(fault::one_staging_buffer);
}
TEST_CASE("memory freed before its work is done" * breaks{"memory is copied, reused and freed in order"})
{
    check<device_backend>(fault::frees_at_once);
}

// ---- at last

TEST_CASE("each of the above failed the check of what it breaks") { CHECK(wrongly_blamed() == ""); }
