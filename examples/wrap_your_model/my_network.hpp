#pragma once
// Somebody's own inference code, on plain arrays: 12×12 grey pictures, three 3×3 feature maps, two classes.
#include <cstddef>
#include <vector>

class my_network {
public:
    std::vector<float> features;  // (n, 3, 3, 3): how bright each 4×4 block is, anywhere, on the left, on the right
    std::vector<float> logits;    // (n, 2): a spot on the left, a spot on the right

    void run(float const* pictures, std::size_t n)
    {
        features.assign(n * 27, 0.0F);
        logits.assign(n * 2, 0.0F);
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t block = 0; block < 9; ++block) {
                std::size_t const row    = block / 3;
                std::size_t const column = block % 3;
                float const brightness   = mean(pictures + i * 144 + row * 48 + column * 4);
                float* const maps        = &features[i * 27 + block];
                maps[0]                  = brightness;
                if (column == 0) { maps[9] = brightness; }
                if (column == 2) { maps[18] = brightness; }
                if (column != 1) { logits[i * 2 + column / 2] += 4 * brightness; }
            }
        }
    }

private:
    static float mean(float const* corner)
    {
        float sum = 0;
        for (std::size_t p = 0; p < 16; ++p) { sum += corner[p / 4 * 12 + p % 4]; }
        return sum / 16;
    }
};

/// A dark picture with a bright spot at the lower left and a fainter one at the upper right.
inline std::vector<float> two_spots()
{
    std::vector<float> picture(144, 0.05F);
    for (std::size_t y = 0; y < 4; ++y) {
        for (std::size_t x = 0; x < 4; ++x) {
            picture[(8 + y) * 12 + x] = 1.0F;
            picture[y * 12 + 8 + x]   = 0.7F;
        }
    }
    return picture;
}
