// The CUDA backend on the machine's GPU: what its memory can do, each operation, and whole maps of a network that costs
// nothing. Prints a result that bench/compare.py reads, with gigabytes per second beside the time where memory is what
// limits.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime_api.h>

#include <scorecam/cuda/backend.hpp>
#include <scorecam/cuda/stream.hpp>
#include <scorecam/scorecam.hpp>
#include <scorecam/testing/cases.hpp>
#include <scorecam/testing/drawn.hpp>

#include "cuda/report.hpp"

namespace sc   = scorecam;
namespace cuda = scorecam::cuda;

namespace {

using device_view = sc::tensor_view<float, 4, sc::cuda_space>;
template <class T, sc::layout Layout>
using batch_of = sc::batch_view<T, 4, Layout, sc::cuda_space>;

/// A network that is not there: the same activations and outputs whatever it is shown, so that what is timed is the library.
class no_network {
public:
    using value_type = float;
    using space_type = sc::cuda_space;
    using batch_type = sc::tensor_view<float const, 4, sc::cuda_space>;

    no_network(cuda::backend& on, sc::testing::cases::shape_case const& shape, sc::index_t largest_batch,
               bool can_be_recorded)
        : capturable{can_be_recorded}, shape_{shape}, activations_{on.allocate<float>(shape.activation.size())},
          outputs_{on.allocate<float>(largest_batch * classes)}
    {
        auto const maps   = sc::testing::drawn_tensor<float>(shape.activation, 1);
        auto const logits = sc::testing::drawn_tensor<float>(sc::extents<2>{largest_batch, classes}, 2);
        on.from_host(maps.data(), sc::tensor_view<float, 3, sc::cuda_space>{activations_.data(), shape.activation});
        on.from_host(logits.data(), sc::tensor_view<float, 2, sc::cuda_space>{outputs_.data(), logits.shape()});
    }
    [[nodiscard]] sc::image_shape input_shape() const { return shape_.image; }
    sc::tensor_view<float const, 2, sc::cuda_space> forward(batch_type batch, cudaStream_t)
    {
        return {outputs_.data(), batch.extent(0), classes};
    }
    sc::captured<float, sc::cuda_space> capture(batch_type batch, cudaStream_t stream)
    {
        return {forward(batch, stream), {activations_.data(), prepend(shape_.activation, 1)}};
    }

    bool capturable;

private:
    static constexpr sc::index_t classes = 1000;
    sc::testing::cases::shape_case shape_;
    cuda::buffer<float> activations_;
    cuda::buffer<float> outputs_;
};

/// What a copy and a filling of half a gigabyte get out of the memory: nothing here can be faster.
void time_memory(bench::report& to, cuda::backend& on)
{
    constexpr sc::index_t count = sc::index_t{1} << 27;
    auto const a                = on.allocate<float>(count);
    auto const b                = on.allocate<float>(count);
    sc::tensor_view<float, 1, sc::cuda_space> const from{a.data(), count}, into{b.data(), count};
    to.add_enqueued("memory/copy", 2.0 * 4 * count, [&](int) { on.copy(as_const(from), into); });
    to.add_enqueued("memory/fill", 4.0 * count, [&](int) {
        cuda::check(cudaMemsetAsync(b.data(), 0, std::size_t{4} * count, on.queue()), "filling memory");
    });
}

void time_shape(bench::report& to, cuda::backend& on, sc::testing::cases::shape_case const& shape)
{
    constexpr sc::index_t largest = 512;
    std::string const name        = shape.name;
    auto const images_on_host     = sc::testing::drawn_tensor<float>(prepend(shape.image, 1), 3);
    auto const maps_on_host       = sc::testing::drawn_tensor<float>(prepend(shape.activation, 1), 4);
    sc::index_t const K           = shape.activation[0];
    sc::index_t const low         = shape.activation[1] * shape.activation[2];
    auto const images             = on.allocate<float>(shape.image.size());
    auto const maps               = on.allocate<float>(shape.activation.size());
    auto const ranges             = on.allocate<sc::ops::range<float>>(K);
    auto const picks              = on.allocate<sc::ops::pick>(largest);
    auto const weights            = on.allocate<float>(K);
    auto const sums               = on.allocate<float>(low);
    auto const map                = on.allocate<float>(shape.image.size());
    auto const batch              = on.allocate<float>(largest * shape.image.size());
    device_view const images_view{images.data(), images_on_host.shape()}, maps_view{maps.data(), maps_on_host.shape()};
    on.from_host(images_on_host.data(), images_view);
    on.from_host(maps_on_host.data(), maps_view);
    on.from_host(maps_on_host.data(), sc::tensor_view<float, 1, sc::cuda_space>{weights.data(), K});
    std::vector<sc::ops::pick> list;
    for (std::int32_t n = 0; n < largest; ++n) { list.push_back({0, n % static_cast<std::int32_t>(K)}); }
    sc::tensor_view<sc::ops::pick, 1, sc::cuda_space> const picks_view{picks.data(), largest};
    on.from_host(list.data(), picks_view);

    auto const size = sc::trailing<2>(shape.image);
    sc::tensor_view<sc::ops::range<float>, 2, sc::cuda_space> const ranges_view{ranges.data(), 1, K};
    to.add_enqueued(name + "/extrema", 0, [&](int) {
        on.extrema(merge_leading(as_const(maps_view)), size, sc::mask_rule{}, merge_leading(ranges_view));
    });
    auto const time_masks = [&]<class Batch>(std::string const& kind, Batch const* /*which*/) {
        using U = typename Batch::element_type;
        for (sc::index_t const n : {16, 64, 256, 512}) {
            auto const into_shape   = prepend(shape.image, n);
            auto const bytes        = static_cast<double>(into_shape.size()) * sizeof(U);
            sc::index_t const there = largest / n;  // batches that there is memory for
            to.add_enqueued(name + "/mask" + kind + "/batch:" + std::to_string(n), bytes, [&](int i) {
                Batch const into{reinterpret_cast<U*>(batch.data()) + i % there * into_shape.size(), into_shape};
                on.mask(as_const(images_view), as_const(images_view.slice(0, 0)),
                        sc::masks_view<float, 4, sc::cuda_space>{as_const(maps_view), as_const(ranges_view)},
                        as_const(picks_view.slice(0, n)), into);
            });
        }
    };
    using sc::layout;
    time_masks("", static_cast<device_view*>(nullptr));
    time_masks(":channels_last", static_cast<batch_of<float, layout::channels_last>*>(nullptr));
    time_masks(":half", static_cast<batch_of<__half, layout::channels_first>*>(nullptr));
    time_masks(":bfloat16:channels_last", static_cast<batch_of<__nv_bfloat16, layout::channels_last>*>(nullptr));
    device_view const sums_view{sums.data(), prepend(sc::trailing<2>(shape.activation), 1, 1)};
    to.add_enqueued(name + "/combine", 0, [&](int) {
        on.combine(as_const(maps_view), sc::tensor_view<float const, 3, sc::cuda_space>{weights.data(), 1, K, 1}, sums_view);
    });
    sc::tensor_view<float, 3, sc::cuda_space> const map_view{map.data(), prepend(size, 1)};
    to.add_enqueued(name + "/heatmap", 0, [&](int) {
        on.heatmap(merge_leading(as_const(sums_view)), sc::heatmap_rule{}, map_view,
                   sc::tensor_view<sc::ops::range<float>, 1, sc::cuda_space>{ranges.data(), 1});
    });
    for (bool const recorded : {false, true}) {
        no_network model{on, shape, largest, recorded};
        for (sc::index_t const n : {16, 64, 256, 512}) {
            sc::explainer explain{on, model, sc::target{1}, sc::fixed_batch{n}};
            to.add(name + (recorded ? "/map_recorded/batch:" : "/map/batch:") + std::to_string(n),
                   [&] { static_cast<void>(explain(as_const(images_view))); });
        }
    }
}

}  // namespace

int main()
{
    if (!bench::has_gpu()) { return 77; }
    try {
        cuda::stream const stream;
        cuda::backend on{stream.get()};
        bench::report to{"bench.cuda", stream};
        time_memory(to, on);
        for (auto const& shape : sc::testing::cases::networks) { time_shape(to, on, shape); }
    } catch (std::exception const& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
