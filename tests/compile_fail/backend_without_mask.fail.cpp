// expected-error: scorecam: a backend has mask\(images, background, masks, picks, batch\)
#include "program.hpp"

struct masks_nothing : working_backend {
    void mask() = delete;
};

int main() { try_to_explain<working_model, masks_nothing>(); }
