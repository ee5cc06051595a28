// A network that takes half with the channels last, and holds its features so.
#include <cstdio>
#include <vector>

#include <scorecam/cuda/backend.hpp>
#include <scorecam/cuda/convert.hpp>
#include <scorecam/cuda/stream.hpp>
#include <scorecam/scorecam.hpp>

#include "my_half_network.hpp"

namespace sc = scorecam;

/// Masks are written as it takes them. What the library reads is float, channels first.
class half_adapter {
public:
    using value_type       = float;
    using space_type       = sc::cuda_space;
    using batch_value_type = __half;
    using batch_type       = sc::tensor_view<__half const, 4, sc::cuda_space>;  // (n, H, W, C)

    static constexpr auto batch_layout = sc::layout::channels_last;
    static constexpr bool capturable   = true;

    explicit half_adapter(my_half_network& network, cudaStream_t stream)
        : network_{network}, shown_{my_half_network::batch * my_half_network::features, stream}
    {
    }

    [[nodiscard]] sc::image_shape input_shape() const  // (C, H, W) all the same
    {
        return {my_half_network::channels, my_half_network::side, my_half_network::side};
    }
    [[nodiscard]] sc::index_t max_batch() const { return my_half_network::batch; }

    sc::tensor_view<float const, 2, sc::cuda_space> forward(batch_type batch, cudaStream_t stream)
    {
        network_.run(batch.data(), static_cast<int>(batch.extent(0)), stream);
        return {network_.logits, batch.extent(0), my_half_network::classes};
    }
    sc::captured<float, sc::cuda_space> capture(batch_type batch, cudaStream_t stream)
    {
        auto const logits = forward(batch, stream);
        sc::extents<4> const shape{batch.extent(0), 2, 3, 3};
        sc::tensor_view<float, 4, sc::cuda_space> const shown{shown_.data(), shape};
        sc::batch_view<__half const, 4, batch_layout, sc::cuda_space> const held{network_.activations, shape};
        sc::cuda::convert(held, shown, stream);
        return {logits, as_const(shown)};
    }

private:
    my_half_network& network_;
    sc::cuda::buffer<float> shown_;  // activations as they are read
};

int main()
try {
    sc::cuda::stream const stream;
    sc::cuda::backend on{stream.get()};
    my_half_network network;
    half_adapter model{network, stream.get()};

    std::vector<float> picture(3 * 12 * 12);
    picture[5 * 12 + 6] = 1;  // a red spot
    auto const memory   = on.allocate<float>(3 * 12 * 12);
    sc::tensor_view<float, 3, sc::cuda_space> const image{memory.data(), 3, 12, 12};
    on.from_host(picture.data(), image);

    auto const found = sc::explain(on, model, image, sc::target{0}, sc::logit{});
    std::printf("%td forwards, and the spot has %.2f\n", found.forwards, static_cast<double>(found.map()(5, 6)));
} catch (sc::error const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
}
