#pragma once
// What an error says.
#include <string>

#include <scorecam/error.hpp>

/// Of the Error that f() throws; "no error" if it throws none.
template <class Error = scorecam::shape_error, class F>
[[nodiscard]] std::string message_of(F const& f)
{
    try {
        f();
    } catch (Error const& e) {
        return e.what();
    }
    return "no error";
}
