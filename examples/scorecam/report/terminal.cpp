#include "report/terminal.hpp"

#include <cerrno>
#include <iostream>
#include <streambuf>

#include <fcntl.h>
#include <unistd.h>

namespace cli {
namespace {

/// Takes a text byte by byte, and passes it on without control characters. In UTF-8, 0x80 to 0x9f are control characters
/// where they are no part of a longer one, and so are U+0080 to U+009F.
class without_control {
public:
    explicit without_control(std::string_view allowed) : allowed_{allowed} {}

    template <class Put>
    void operator()(char c, Put const& put)
    {
        auto const byte    = static_cast<unsigned char>(c);
        bool const part    = byte >= 0x80 && byte < 0xC0;
        bool const control = byte < ' ' ? allowed_.find(c) == std::string_view::npos
                                        : byte == 0x7F || (byte >= 0x80 && byte < 0xA0 && (left_ == 0 || two_of_c2_));
        if (two_of_c2_ && control) {
            escaped(0xC2, put);
        } else if (two_of_c2_) {
            put('\xC2');
        }
        left_      = part ? (left_ > 0 ? left_ - 1 : 0) : byte >= 0xF0 ? 3 : byte >= 0xE0 ? 2 : byte >= 0xC0 ? 1 : 0;
        two_of_c2_ = byte == 0xC2;
        if (two_of_c2_) { return; }  // until the next byte is known
        control ? escaped(byte, put) : put(c);
    }

private:
    template <class Put>
    static void escaped(unsigned char byte, Put const& put)
    {
        static constexpr char const* digits = "0123456789abcdef";
        for (char const c : {'\\', 'x', digits[byte / 16], digits[byte % 16]}) { put(c); }
    }

    std::string_view allowed_;
    int left_       = 0;  // bytes of a character that has begun
    bool two_of_c2_ = false;
};

class guarded : public std::streambuf {
public:
    explicit guarded(std::streambuf* to) : to_{to} {}

protected:
    int_type overflow(int_type c) override
    {
        if (traits_type::eq_int_type(c, traits_type::eof())) { return traits_type::not_eof(c); }
        bool sound = true;
        clean_(traits_type::to_char_type(c),
               [&](char one) { sound = sound && !traits_type::eq_int_type(to_->sputc(one), traits_type::eof()); });
        return sound ? c : traits_type::eof();
    }
    int sync() override { return to_->pubsync(); }

private:
    std::streambuf* to_;
    without_control clean_{"\n\t"};
};

std::streambuf* unguarded_error = nullptr;

}  // namespace

std::string one_line(std::string_view text)
{
    std::string all;
    without_control clean{"\t"};
    for (char const c : text) {
        clean(c, [&](char one) { all += one; });
    }
    return all;
}

standard_streams::standard_streams()
{
    for (int const number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (fcntl(number, F_GETFD) < 0 && errno == EBADF) {
            static_cast<void>(open("/dev/null", number == STDERR_FILENO ? O_WRONLY : O_RDONLY));  // takes the lowest number
        }
    }
    out_            = std::cout.rdbuf(new guarded{std::cout.rdbuf()});
    err_            = std::cerr.rdbuf(new guarded{std::cerr.rdbuf()});
    unguarded_error = err_;
}

standard_streams::~standard_streams()
{
    std::cout.flush();
    delete std::cout.rdbuf(out_);
    delete std::cerr.rdbuf(err_);
    unguarded_error = nullptr;
}

int standard_streams::finish(int status) const
{
    std::cout.flush();
    if (std::cout) { return status; }
    std::cerr << "scorecam: what was to be said could not be written to standard output: it is full or closed\n";
    return 1;
}

std::ostream& terminal()
{
    static std::ostream to{nullptr};
    to.rdbuf(unguarded_error);
    return to;
}

}  // namespace cli
