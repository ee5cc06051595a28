#pragma once
// X_b of Eq. 1, and what a mask lets through where it is 0.
#include <concepts>
#include <type_traits>
#include <utility>
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

/// A baseline or background whose picture, or every alternative of it, says whether it is made per image.
template <class A>
concept holds_picture = requires(A a) { a.picture; } &&
                        detail::every_alternative<std::remove_cvref_t<decltype(std::declval<A&>().picture)>>::holds(
                            []<class P>(std::type_identity<P>) {
                                return requires {
                                    { P::per_image } -> std::convertible_to<bool>;
                                };
                            });

template <>
struct choice<kinds::baseline> {
    using standard = no_baseline;
    template <class P, class T>
    static consteval void check()
    {
        static_assert(std::is_same_v<P, no_baseline> || holds_picture<P>,
                      "scorecam: a baseline and a background hold a picture: black{}, constant{0.5}, mean{}, blurred{}, noise{}, "
                      "given{view}, or a type with per_image and paint(backend, images, out)");
    }
};
template <>
struct choice<kinds::background> {
    using standard = background<black>;
    template <class P, class T>
    static consteval void check()
    {
        static_assert(holds_picture<P>,
                      "scorecam: a baseline and a background hold a picture: black{}, constant{0.5}, mean{}, blurred{}, noise{}, "
                      "given{view}, or a type with per_image and paint(backend, images, out)");
    }
};

}  // namespace scorecam
