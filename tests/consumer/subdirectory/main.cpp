// The core, taken in as a folder of another project.
#include <scorecam/scorecam.hpp>

int main()
{
    scorecam::reference_backend reference;
    return reference.allocate<float>(3).size() == 3 ? 0 : 1;
}
