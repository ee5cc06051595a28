// Engines save memory: the ReLU behind the explained layer writes over that layer's values.
#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include <scorecam/conventions.hpp>
#include <scorecam/explain.hpp>

#include <golden/recorded.hpp>

using scorecam::index_t;
namespace conventions = scorecam::conventions;

namespace {

/// The recorded case whose explained layer has negative values, and a ReLU behind it.
std::string const before_relu = "signed_40x24_k8";

/// What is handed out as the activations: a copy made at the tap point, or the buffer that the ReLU writes over.
enum class tap { copied, aliased };

/// A tiny network that has room for one batch of activations, and uses it again in every call. What it captured is gone with
/// the next call, as `model` has it.
template <class T>
class in_place_network {
public:
    using value_type = T;
    using space_type = scorecam::host_space;

    in_place_network(std::string const& folder, tap how) : layers_{folder}, how_{how} {}

    [[nodiscard]] scorecam::image_shape input_shape() const { return layers_.input; }
    [[nodiscard]] index_t max_batch() const { return room; }

    scorecam::tensor_view<T const, 2> forward(scorecam::tensor_view<T const, 4> batch)
    {
        auto const outputs = capture(batch).outputs;
        std::fill_n(copy_.data(), copy_.size(), std::numeric_limits<T>::quiet_NaN());
        return outputs;
    }
    scorecam::captured<T> capture(scorecam::tensor_view<T const, 4> batch)
    {
        auto const values = layers_.conv2(scorecam::testing::relu(layers_.conv1(batch)));
        auto const buffer = buffer_.view().slice(0, batch.extent(0));
        auto const copy   = copy_.view().slice(0, batch.extent(0));
        std::copy(values.begin(), values.end(), buffer.begin());
        std::copy(values.begin(), values.end(), copy.begin());
        for (auto& value : buffer) { value = std::max(value, T(0)); }
        logits_ = scorecam::testing::classify<T>(buffer, layers_.linear_weight, layers_.linear_bias);
        return {logits_, how_ == tap::copied ? copy : buffer};
    }

private:
    static constexpr index_t room = 3;  // channels are scored in several batches

    scorecam::testing::tiny_layers<T> layers_;
    tap how_;
    scorecam::tensor<T, 4> buffer_{scorecam::prepend(layers_.activation, room)};
    scorecam::tensor<T, 4> copy_{buffer_.shape()};
    scorecam::tensor<T, 2> logits_;
};

static_assert(scorecam::model<in_place_network<float>>);

}  // namespace

TEST_CASE_TEMPLATE("values copied at the tap point give the maps of a network that writes over nothing", Calculation,
                   golden::on_reference<float>, golden::on_reference<double>, golden::on_cpu<float>, golden::on_cpu<double>)
{
    using T = typename Calculation::value_type;
    typename Calculation::backend on;
    golden::example<T> example{before_relu};
    in_place_network<T> network{golden::folder(before_relu), tap::copied};

    auto const plain = example.explained_on(on);
    auto const found = scorecam::explain(on, network, example.images, example.targets());
    CHECK(golden::deviation(found.weights, plain.weights) == 0);
    CHECK(golden::deviation(found.activation_maps, plain.activation_maps) == 0);
    CHECK(golden::deviation(found.maps, plain.maps) == 0);

    auto const recorded = [](std::string const& array) { return golden::recorded<float, 3>(before_relu + "/" + array); };
    CHECK(golden::deviation(found.maps, recorded("official_map")) < golden::single_precision);
    auto const other = scorecam::explain(on, network, example.images, example.targets(), conventions::pytorch_grad_cam{});
    CHECK(golden::deviation(other.activation_maps, recorded("pgc_map_raw")) < golden::single_precision);
    CHECK(golden::deviation(other.maps, recorded("pgc_map")) < golden::single_precision);
}

TEST_CASE_TEMPLATE("the buffer itself would give another layer's maps", Calculation, golden::on_reference<float>,
                   golden::on_reference<double>, golden::on_cpu<float>, golden::on_cpu<double>)
{
    using T = typename Calculation::value_type;
    typename Calculation::backend on;
    golden::example<T> example{before_relu};
    in_place_network<T> network{golden::folder(before_relu), tap::aliased};
    auto const found = scorecam::explain(on, network, example.images, example.targets());
    CHECK(golden::deviation(found.maps, golden::recorded<float, 3>(before_relu + "/official_map")) > 0.01);
}
