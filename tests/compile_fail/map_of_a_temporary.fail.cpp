// expected-error: deleted.*map
#include "program.hpp"

int main()
{
    working_model model;
    working_backend on;
    auto const map = scorecam::explain(on, model, image_view{}).map();  // a view into what is gone after this line
    return static_cast<int>(map.size());
}
