#pragma once
// What goes to the terminal, and whether it came there.
#include <ostream>
#include <string>
#include <string_view>

namespace cli {

/// The text with control characters written as \x1b: one line, whatever a file or a picture is called.
[[nodiscard]] std::string one_line(std::string_view text);

/// The standard streams while the program runs. Control characters but ends of lines and tabs are written as \x1b on both:
/// names come from files, and a terminal obeys them.
class standard_streams {
public:
    /// A standard descriptor that is closed would be the number of the next file that is opened, and what is said would be
    /// written into it: such a one leads nowhere from here on, and writing to a closed standard output fails.
    standard_streams();
    ~standard_streams();
    standard_streams(standard_streams const&)            = delete;
    standard_streams& operator=(standard_streams const&) = delete;

    /// `status`, or 1 with a message if something that was said on standard output did not come there.
    [[nodiscard]] int finish(int status) const;

private:
    std::streambuf *out_, *err_;
};

/// Standard error without the guard, for what moves the cursor.
[[nodiscard]] std::ostream& terminal();

}  // namespace cli
