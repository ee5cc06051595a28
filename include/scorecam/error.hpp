#pragma once
// Every error the library throws. The text says what was wrong, with the shapes, and what to pass instead.
#include <stdexcept>

namespace scorecam {

/// The base of all errors thrown by scorecam: catch this one to catch them all.
class error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// An image, an activation or an output does not have the shape it must have.
class shape_error : public error {
public:
    using error::error;
};

/// A target class that the model does not have, or lists of targets that do not fit the images.
class target_error : public error {
public:
    using error::error;
};

/// An option outside its range, for example a batch of 0 images.
class option_error : public error {
public:
    using error::error;
};

/// NaN or infinity came out of the model.
class non_finite_error : public error {
public:
    using error::error;
};

/// The model or its engine failed: a file that cannot be read, a layer that does not exist.
class model_error : public error {
public:
    using error::error;
};

/// A stop was requested before the explanation was complete.
class cancelled : public error {
public:
    using error::error;
};

/// Memory ran out, on the host or on a device. Its own type, so that a smaller batch can answer it.
class out_of_memory : public error {
public:
    using error::error;
};

}  // namespace scorecam
