// The same as a type of one's own, for when the model has more to tell: here, its favourite batch size.
#include <cstddef>
#include <cstdio>

#include <scorecam/scorecam.hpp>

#include "my_network.hpp"

class my_adapter {
public:
    using value_type = float;
    using space_type = scorecam::host_space;

    explicit my_adapter(my_network& network) : network_{network} {}

    [[nodiscard]] scorecam::image_shape input_shape() const { return {1, 12, 12}; }
    [[nodiscard]] scorecam::index_t preferred_batch() const { return 2; }

    scorecam::tensor_view<float const, 2> forward(scorecam::tensor_view<float const, 4> batch)
    {
        network_.run(batch.data(), static_cast<std::size_t>(batch.extent(0)));
        return {network_.logits.data(), batch.extent(0), 2};
    }
    scorecam::captured<float> capture(scorecam::tensor_view<float const, 4> batch)
    {
        auto const logits = forward(batch);
        return {logits, {network_.features.data(), batch.extent(0), 3, 3, 3}};
    }

private:
    my_network& network_;
};
static_assert(scorecam::model<my_adapter>);

int main()
{
    my_network network;
    my_adapter model{network};
    auto const picture = two_spots();

    scorecam::reference_backend cpu;
    scorecam::explainer explain{cpu, model, scorecam::top{2}, scorecam::logit{}};  // keeps its memory between pictures
    auto const found = explain(scorecam::tensor_view<float const, 3>{picture.data(), 1, 12, 12});
    std::printf("classes %td and %td, %td forwards in %td batches\n", found.targets(0, 0), found.targets(0, 1),
                found.forwards, found.batches);
}
