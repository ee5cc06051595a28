// expected-error: deleted.*view
#include "program.hpp"

int main()
{
    working_model model;
    working_backend on;
    auto const maps = scorecam::explain(on, model, image_view{}).maps.view();  // of what is gone after this line
    return static_cast<int>(maps.size());
}
