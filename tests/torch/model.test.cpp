// A module written in C++ (torch::nn), behind two callables.
#include <utility>
#include <vector>

#include <scorecam/torch/model.hpp>

#include <torch/torch.h>

#include <doctest/doctest.h>  // after Torch: glog, which that may include, has a CHECK of its own

#include <scorecam/scorecam.hpp>
#include <scorecam/testing/model_conformance.hpp>

namespace sc = scorecam;
namespace st = scorecam::torch;

namespace {

constexpr sc::image_shape input{3, 12, 10};

/// Convolution, in-place ReLU, the mean of each channel, linear.
struct small {
    ::torch::nn::Conv2d conv{::torch::nn::Conv2dOptions(3, 6, 3)};
    ::torch::nn::ReLU relu{::torch::nn::ReLUOptions(true)};
    ::torch::nn::Linear head{6, 4};

    at::Tensor classes(at::Tensor const& maps) { return head(relu(maps).mean({2, 3})); }
};

}  // namespace

TEST_CASE("a torch::nn module behind two callables keeps a model's promises")
{
    ::torch::manual_seed(1);
    small net;
    auto const forward = [&](at::Tensor const& x) { return net.classes(net.conv(x)); };
    auto const capture = [&](at::Tensor const& x) {
        auto const maps   = net.conv(x);
        auto const before = maps.clone();  // the ReLU works in place
        return std::pair{net.classes(maps), before};
    };
    auto model = st::make_model(input, forward, capture);
    sc::reference_backend on;
    sc::testing::check_model_conformance(on, model, {.refuses_wrong_shapes = true, .tap_is_signed = true});

    auto const picture = ::torch::rand({3, 12, 10});
    sc::tensor_view<float const, 3> const image{picture.data_ptr<float>(), input};
    auto const found = sc::explain(on, model, image, sc::target{1});
    CHECK(found.channels() == 6);
    CHECK(found.status(0, 0) == sc::map_status::meaningful);
}

TEST_CASE("activations of several layers are a vector, in whatever type and layout")
{
    ::torch::manual_seed(2);
    small net;
    auto const forward = [&](at::Tensor x) { return net.classes(net.conv(x)).to(at::kDouble); };
    auto const capture = [&](at::Tensor x) {
        auto const maps = net.conv(x);
        std::vector<at::Tensor> const layers{maps.clone(at::MemoryFormat::ChannelsLast), x};
        return std::pair{net.classes(maps), layers};
    };
    auto model = st::make_model(input, forward, capture);
    static_assert(sc::layered_model<decltype(model)>);
    sc::reference_backend on;
    sc::testing::check_model_conformance(on, model);  // among the rest, that the second layer is not the caller's memory
    auto const found = sc::explain_layers(on, model, sc::tensor<float, 3>{input}.view(), {}, sc::target{0});
    CHECK(found.layers.size() == 2);
}

TEST_CASE("what a callable returns or throws is said in words")
{
    auto const flat  = [](at::Tensor const& x) { return x.flatten(1); };
    auto const maps  = [](at::Tensor const& x) { return std::pair{x.flatten(1), x.flatten(1)}; };
    auto const fails = [](at::Tensor const& x) { return x.reshape({7, 7}); };
    sc::tensor<float, 4> const batch{prepend(input, 1)};
    auto wrong = st::make_model(input, flat, maps);
    CHECK_THROWS_WITH_AS(static_cast<void>(wrong.capture(batch)), doctest::Contains("activations of the shape (1, 360)"),
                         sc::shape_error);
    auto broken = st::make_model(input, fails, maps);
    CHECK_THROWS_WITH_AS(static_cast<void>(broken.forward(batch)), doctest::Contains("shape '[7, 7]' is invalid"),
                         sc::model_error);
}
