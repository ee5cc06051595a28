// The concepts, from both sides: types that satisfy one and nothing more are explained, and types that miss one requirement
// are refused.
#include <doctest/doctest.h>

#include "support/archetypes.hpp"

namespace {

using namespace archetypes;
using scorecam::backend;
using scorecam::batching;
using scorecam::model;
using scorecam::policy;
using scorecam::score;
using scorecam::weighting;

// ---- what is accepted

static_assert(model<minimal_model> && scorecam::check_model<minimal_model>());
static_assert(model<minimal_device_model> && scorecam::check_model<minimal_device_model>());
static_assert(backend<minimal_backend, float> && scorecam::check_backend<minimal_backend, float>());
static_assert(backend<minimal_backend, double> && scorecam::check_backend<minimal_backend, double>());
static_assert(backend<minimal_device_backend, float> && scorecam::check_backend<minimal_device_backend, float>());
static_assert(score<minimal_score, float>);
static_assert(weighting<minimal_weighting, float>);
static_assert(batching<minimal_batching>);
static_assert(policy<minimal_target> && policy<minimal_score> && policy<minimal_baseline> && policy<minimal_background>);
static_assert(policy<minimal_weighting> && policy<minimal_masking> && policy<minimal_heatmap> && policy<minimal_flat>);
static_assert(policy<minimal_batching> && policy<minimal_progress> && policy<minimal_stop>);

// ---- models that miss one requirement: each hides a member of the minimal model

struct without_value_type {
    using space_type = host_space;
    scorecam::image_shape input_shape() const;
    tensor_view<float const, 2> forward(tensor_view<float const, 4>);
    scorecam::captured<float> capture(tensor_view<float const, 4>);
};
struct of_integers : minimal_model {
    using value_type = int;
};
struct without_model_space {
    using value_type = float;
    scorecam::image_shape input_shape() const;
    tensor_view<float const, 2> forward(tensor_view<float const, 4>);
    scorecam::captured<float> capture(tensor_view<float const, 4>);
};
struct space_is_no_tag : minimal_model {
    using space_type = int;
};
struct without_input_shape : minimal_model {
    void input_shape() = delete;
};
struct input_shape_not_const : minimal_model {
    scorecam::image_shape input_shape();
};
struct input_shape_is_a_vector : minimal_model {
    std::vector<index_t> input_shape() const;
};
struct input_has_no_channels : minimal_model {
    scorecam::extents<1> input_shape() const;
};
struct without_forward : minimal_model {
    void forward() = delete;
};
struct forward_returns_rank_1 : minimal_model {
    tensor_view<float const, 1> forward(batch_type);
};
struct forward_returns_double : minimal_model {
    tensor_view<double const, 2> forward(batch_type);
};
struct forward_returns_device_memory : minimal_model {
    tensor_view<float const, 2, device_space> forward(batch_type);
};
struct forward_writes_the_batch : minimal_model {
    tensor_view<float const, 2> forward(tensor_view<float, 4>);
};
struct forward_takes_one_image : minimal_model {
    tensor_view<float const, 2> forward(tensor_view<float const, 3>);
};
struct forward_wants_a_queue_on_the_host : minimal_model {
    tensor_view<float const, 2> forward(batch_type, int queue);
};
struct without_capture : minimal_model {
    void capture() = delete;
};
struct capture_returns_activations_alone : minimal_model {
    tensor_view<float const, 4> capture(batch_type);
};
struct capture_returns_flat_activations : minimal_model {
    scorecam::captured<float, host_space, 1> capture(batch_type);
};

static_assert(!model<int>);
static_assert(!model<without_value_type>);
static_assert(!model<of_integers>);
static_assert(!model<without_model_space>);
static_assert(!model<space_is_no_tag>);
static_assert(!model<without_input_shape>);
static_assert(!model<input_shape_not_const>);
static_assert(!model<input_shape_is_a_vector>);
static_assert(!model<input_has_no_channels>);
static_assert(!model<without_forward>);
static_assert(!model<forward_returns_rank_1>);
static_assert(!model<forward_returns_double>);
static_assert(!model<forward_returns_device_memory>);
static_assert(!model<forward_writes_the_batch>);
static_assert(!model<forward_takes_one_image>);
static_assert(!model<forward_wants_a_queue_on_the_host>);
static_assert(!model<without_capture>);
static_assert(!model<capture_returns_activations_alone>);
static_assert(!model<capture_returns_flat_activations>);

struct device_forward_wants_another_queue : minimal_device_model {
    tensor_view<float const, 2, device_space> forward(batch_type, int* queue);
};
struct device_capture_returns_host_memory : minimal_device_model {
    scorecam::captured<float> capture(batch_type, queue_type);
};

static_assert(!model<device_forward_wants_another_queue>);
static_assert(!model<device_capture_returns_host_memory>);

// ---- backends that miss one requirement

class without_backend_space : public minimal_backend {
    using space_type = host_space;  // private
};
struct without_queue : minimal_device_backend {
    void queue() = delete;
};
struct with_another_queue : minimal_device_backend {
    int* queue();
};
struct without_allocate : minimal_backend {
    void allocate() = delete;
};
struct allocates_bytes : minimal_backend {
    template <class T>
    owner<unsigned char> allocate(index_t);
};
struct owner_without_size : minimal_backend {
    template <class T>
    std::unique_ptr<T> allocate(index_t);
};
struct without_from_host : minimal_backend {
    void from_host() = delete;
};
struct without_to_host : minimal_backend {
    void to_host() = delete;
};
struct without_wait : minimal_backend {
    void wait() = delete;
};
struct without_copy : minimal_backend {
    void copy() = delete;
};
struct without_paint : minimal_backend {
    void paint() = delete;
};
struct without_extrema : minimal_backend {
    void extrema() = delete;
};
struct without_mask : minimal_backend {
    void mask() = delete;
};
struct without_top : minimal_backend {
    void top() = delete;
};
struct without_score : minimal_backend {
    void score() = delete;
};
struct without_weigh : minimal_backend {
    void weigh() = delete;
};
struct without_moments : minimal_backend {
    void moments() = delete;
};
struct without_normalise : minimal_backend {
    void normalise() = delete;
};
struct without_combine : minimal_backend {
    void combine() = delete;
};
struct without_heatmap : minimal_backend {
    void heatmap() = delete;
};

static_assert(!backend<int, float>);
static_assert(!backend<without_backend_space, float>);
static_assert(!backend<without_queue, float>);
static_assert(!backend<with_another_queue, float>);
static_assert(!backend<without_allocate, float>);
static_assert(!backend<allocates_bytes, float>);
static_assert(!backend<owner_without_size, float>);
static_assert(!backend<without_from_host, float>);
static_assert(!backend<without_to_host, float>);
static_assert(!backend<without_wait, float>);
static_assert(!backend<without_copy, float>);
static_assert(!backend<without_paint, float>);
static_assert(!backend<without_extrema, float>);
static_assert(!backend<without_mask, float>);
static_assert(!backend<without_top, float>);
static_assert(!backend<without_score, float>);
static_assert(!backend<without_weigh, float>);
static_assert(!backend<without_moments, float>);
static_assert(!backend<without_normalise, float>);
static_assert(!backend<without_combine, float>);
static_assert(!backend<without_heatmap, float>);

// ---- policies that miss one requirement

struct score_of_the_class_alone {
    float operator()(index_t) const;
};
struct score_that_reads_text {
    char const* (*operator()(scorecam::ops::row<float>) const)(index_t);
};
struct score_not_const {
    minimal_reading<scorecam::ops::row<float>> operator()(scorecam::ops::row<float>);
};
static_assert(!score<score_of_the_class_alone, float>);
static_assert(!score<score_that_reads_text, float>);
static_assert(!score<score_not_const, float>);
static_assert(!score<minimal_score, double>);

struct weighting_that_does_not_say_if_it_shifts {
    minimal_reading<scorecam::ops::contributions<float>> operator()(scorecam::ops::contributions<float>) const;
};
struct weighting_of_one_value : minimal_weighting {
    float operator()(float) const;
};
static_assert(!weighting<weighting_that_does_not_say_if_it_shifts, float>);
static_assert(!weighting<weighting_of_one_value, float>);

struct batching_without_next {};
struct batching_that_takes_a_number {
    index_t next(index_t remaining);
};
struct batching_that_answers_nothing {
    void next(scorecam::batch_request);
};
static_assert(!batching<batching_without_next>);
static_assert(!batching<batching_that_takes_a_number>);
static_assert(!batching<batching_that_answers_nothing>);

struct of_no_kind {};
static_assert(!policy<of_no_kind> && !policy<int> && !policy<scorecam::black>);

// ---- what is accepted can be used: the left half of this image is bright, and class 0 is the left half

scorecam::tensor<float, 3> const image{scorecam::image_shape{{1, 4, 4}},
                                       {.9F, .8F, .1F, .2F, .9F, .7F, .2F, .1F,  //
                                        .8F, .9F, .1F, .1F, .7F, .9F, .3F, .2F}};

template <class Space>
tensor_view<float const, 3, Space> image_in()
{
    return {image.data(), image.shape()};
}

/// The same with everything that the library ships.
scorecam::explanation<float> expected()
{
    minimal_model network;
    scorecam::reference_backend reference;
    return scorecam::explain(reference, network, image.view(), scorecam::target{0}, scorecam::logit{},
                             scorecam::baseline{scorecam::constant{0.5}}, scorecam::background{scorecam::constant{0.5}},
                             scorecam::raw_weights{}, scorecam::flat_channels::scored, scorecam::fixed_batch{1});
}

template <class Backend, class Model>
scorecam::explanation<float> with_minimal_policies(Backend& on, Model& network)
{
    return scorecam::explain(on, network, image_in<typename Backend::space_type>(), minimal_target{}, minimal_score{},
                             minimal_baseline{}, minimal_background{}, minimal_weighting{}, minimal_masking{},
                             minimal_heatmap{}, minimal_flat{}, minimal_batching{}, minimal_progress{}, minimal_stop{});
}

std::vector<float> values(scorecam::explanation<float> const& found) { return {found.maps.begin(), found.maps.end()}; }

}  // namespace

TEST_CASE("the model of these tests is explained by where it looks")
{
    auto const found = expected();
    CHECK(found.map()(0, 0) > 0.9F);
    CHECK(found.map()(0, 3) < 0.1F);
}

TEST_CASE("a minimal model, a minimal backend and minimal policies explain as the shipped ones do")
{
    minimal_model network;
    minimal_backend on;
    CHECK(values(with_minimal_policies(on, network)) == values(expected()));
}

TEST_CASE("a minimal backend explains with the default policies")
{
    minimal_model network;
    minimal_backend on;
    scorecam::reference_backend reference;
    CHECK(values(scorecam::explain(on, network, image.view())) ==
          values(scorecam::explain(reference, network, image.view())));
}

TEST_CASE("on a device no element is touched by the host, and every call of the model gets the backend's queue")
{
    std::vector<int> queues;
    minimal_device_model network{queues};
    minimal_device_backend on;
    auto const found = with_minimal_policies(on, network);
    CHECK(values(found) == values(expected()));
    CHECK(queues == std::vector<int>(static_cast<std::size_t>(found.batches), minimal_device_backend::queue_id));
}
