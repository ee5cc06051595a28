#pragma once
// The program that every case here gets wrong in one place; works.pass.cpp gets it right.
#include <scorecam/scorecam.hpp>

struct elsewhere {  // memory of a device
    static constexpr bool host_accessible = false;
    using queue_type                      = int;
};

struct working_model {
    using value_type = float;
    using space_type = scorecam::host_space;
    using batch_type = scorecam::tensor_view<float const, 4>;

    scorecam::image_shape input_shape() const { return {{3, 4, 4}}; }
    scorecam::tensor_view<float const, 2> forward(batch_type) { return {}; }
    scorecam::captured<float> capture(batch_type) { return {}; }
};
using working_backend = scorecam::reference_backend;
using image_view      = scorecam::tensor_view<float const, 3>;

/// Explains an image with what is to be tried.
template <class Model = working_model, class Backend = working_backend, class Image = image_view, class... Policies>
void try_to_explain(Policies... policies)
{
    Model model;
    Backend on;
    auto const found = scorecam::explain(on, model, Image{}, policies...);
    static_cast<void>(found);
}
