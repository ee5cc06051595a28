// expected-error: scorecam: a source of masks has make<T>\(extents of the image\) const that returns a scorecam::mask_list
#include "program.hpp"

struct my_masks {
    using kind = scorecam::kinds::masks;
};

int main() { try_to_explain(my_masks{}); }
