// expected-error: scorecam: the model has a batch_value_type or a batch_layout, and the backend's mask and copy do not take
#include "program.hpp"

struct channels_last_model : working_model {
    static constexpr auto batch_layout = scorecam::layout::channels_last;
};
struct masks_images : working_backend {
    template <class T>
    using images = scorecam::tensor_view<T, 4>;
    template <class T>
    void mask(images<T const>, images<T const>, images<T const>, scorecam::tensor_view<scorecam::ops::range<T> const, 2>,
              scorecam::tensor_view<scorecam::ops::pick const, 1>, scorecam::mask_rule, images<T>)
    {
    }
};

int main() { try_to_explain<channels_last_model, masks_images>(); }
