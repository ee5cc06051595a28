#pragma once
// X_b of Eq. 1, and what a mask lets through where it is 0.
#include <variant>

#include <scorecam/policies/picture.hpp>
#include <scorecam/policies/kinds.hpp>

namespace scorecam {

/// Eq. 1: the score of this picture is subtracted from every channel's. It is scored once: baseline{black{}}.
template <class Picture>
struct baseline {
    using kind = kinds::baseline;
    Picture picture;
};
template <class Picture>
baseline(Picture) -> baseline<Picture>;

/// Eq. 2: nothing is subtracted. The default, and what the authors' code does.
struct no_baseline {
    using kind = kinds::baseline;
};

/// What a mask lets through where it is 0: X∘H + B∘(1 - H). The default is black: X∘H.
/// Any other background keeps one more picture in memory (one per image, if it is made from the image).
template <class Picture>
struct background {
    using kind = kinds::background;
    Picture picture;
};
template <class Picture>
background(Picture) -> background<Picture>;

}  // namespace scorecam
