#pragma once
// All that the library has to know about it.
#include <scorecam/scorecam.hpp>

#include "my_cuda_network.hpp"

class my_adapter {
public:
    using value_type = float;
    using space_type = scorecam::cuda_space;
    using batch_type = scorecam::tensor_view<float const, 4, scorecam::cuda_space>;

    /// Each run of n images enqueues the same work on the same memory: it is recorded once and replayed.
    static constexpr bool capturable = true;

    explicit my_adapter(my_cuda_network& network) : network_{network} {}

    [[nodiscard]] scorecam::image_shape input_shape() const { return {1, my_cuda_network::side, my_cuda_network::side}; }
    [[nodiscard]] scorecam::index_t max_batch() const { return my_cuda_network::batch; }

    scorecam::tensor_view<float const, 2, scorecam::cuda_space> forward(batch_type batch, cudaStream_t stream)
    {
        network_.run(batch.data(), static_cast<int>(batch.extent(0)), stream);
        return {network_.logits, batch.extent(0), my_cuda_network::classes};
    }
    scorecam::captured<float, scorecam::cuda_space> capture(batch_type batch, cudaStream_t stream)
    {
        auto const logits = forward(batch, stream);
        return {logits, {network_.activations, batch.extent(0), 2, 3, 3}};
    }

private:
    my_cuda_network& network_;
};
