// expected-error: scorecam: the order is explain\(backend, model, image, policies...\)
#include "program.hpp"

int main()
{
    working_model model;
    working_backend on;
    image_view image;
    static_cast<void>(scorecam::explain(image, on, model));
}
