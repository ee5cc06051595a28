#pragma once
// What a .npy file says of its array. Format: NumPy, numpy/lib/format.py, versions 1.0, 2.0 and 3.0.
//
// A file may say anything: nothing is allocated for what it has not got. (xtensor's own reader multiplies extents without
// looking, takes a header's length on trust, and misreads lengths with a byte above 127.)
#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <istream>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <scorecam/error.hpp>

namespace scorecam::xtensor {

/// A file that does not exist, cannot be written, or is not the .npy file it should be.
class npy_error : public error {
public:
    using error::error;
};

struct npy_header {
    std::string descr;  ///< NumPy's name of the type of the elements: "<f4"
    bool fortran_order = false;
    std::vector<std::size_t> shape;
    std::size_t elements = 1;  ///< the product of the shape
};

namespace detail {

/// Reads a header's Python dictionary: three keys in any order, nothing else.
class npy_dictionary {
public:
    explicit npy_dictionary(std::string_view text) : left_{text} {}

    [[nodiscard]] npy_header read()
    {
        npy_header found;
        std::array<bool, 3> has{};
        expect('{');
        while (!take('}')) {
            auto const key = quoted();
            expect(':');
            auto const at = key == "descr" ? 0U : key == "fortran_order" ? 1U : key == "shape" ? 2U : 3U;
            if (at == has.size() || has[at]) { throw npy_error{"its header has the key '" + key.substr(0, 40) + "'"}; }
            has[at] = true;
            if (at == 0) { found.descr = quoted(); }
            if (at == 1) { found.fortran_order = truth(); }
            if (at == 2) { found.shape = tuple(); }
            if (!take(',')) {
                expect('}');
                break;
            }
        }
        if (!has[0] || !has[1] || !has[2]) { throw npy_error{"its header has not all of descr, fortran_order and shape"}; }
        return found;
    }

private:
    void skip_spaces() { left_.remove_prefix(std::min(left_.find_first_not_of(" \t\n"), left_.size())); }
    [[nodiscard]] bool take(char wanted)
    {
        skip_spaces();
        if (left_.empty() || left_.front() != wanted) { return false; }
        left_.remove_prefix(1);
        return true;
    }
    void expect(char wanted)
    {
        if (!take(wanted)) { throw npy_error{std::string{"its header lacks a '"} + wanted + "'"}; }
    }
    [[nodiscard]] std::string quoted()
    {
        char const quote = take('"') ? '"' : '\'';
        if (quote == '\'') { expect('\''); }
        auto const end = left_.find(quote);
        if (end == std::string_view::npos) { throw npy_error{"its header ends within a text"}; }
        std::string found{left_.substr(0, end)};
        if (std::any_of(found.begin(), found.end(), [](unsigned char c) { return c < ' ' || c > '~'; })) {
            throw npy_error{"its header has a text with characters that no type has"};
        }
        left_.remove_prefix(end + 1);
        return found;
    }
    [[nodiscard]] bool truth()
    {
        skip_spaces();
        for (std::string_view const word : {"True", "False"}) {
            if (left_.substr(0, word.size()) != word) { continue; }
            left_.remove_prefix(word.size());
            return word == "True";
        }
        throw npy_error{"its fortran_order is neither True nor False"};
    }
    [[nodiscard]] std::vector<std::size_t> tuple()
    {
        std::vector<std::size_t> all;
        expect('(');
        while (!take(')')) {
            skip_spaces();
            std::size_t extent      = 0;
            auto const [end, error] = std::from_chars(left_.data(), left_.data() + left_.size(), extent);
            if (error != std::errc{}) { throw npy_error{"its shape has an extent that is no size"}; }
            left_.remove_prefix(static_cast<std::size_t>(end - left_.data()));
            if (!left_.empty() && left_.front() == 'L') { left_.remove_prefix(1); }  // as Python 2 wrote it
            all.push_back(extent);
            if (!take(',')) {
                expect(')');
                break;
            }
        }
        return all;
    }

    std::string_view left_;
};

/// The product, if an array of it can be in memory. Throws npy_error.
[[nodiscard]] inline std::size_t elements_of(std::vector<std::size_t> const& shape, std::size_t bytes_each)
{
    std::size_t left = static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max()) / bytes_each;
    std::size_t all  = 1;
    bool empty       = false;
    for (auto const extent : shape) {
        if (extent == 0) {
            empty = true;
        } else if (extent > left) {
            throw npy_error{"its shape is larger than any memory"};
        } else {
            left /= extent;
            all *= extent;
        }
    }
    return empty ? 0 : all;
}

}  // namespace detail

/// What elements a reader takes.
struct npy_elements {
    std::string descr;  ///< "<f4"
    std::size_t bytes;  ///< of one
};

/// Reads up to the first element. `size` is the whole file's in bytes. Throws npy_error, with what is wrong with the file,
/// before anything is allocated that the file is too short for.
[[nodiscard]] inline npy_header read_npy_header(std::istream& file, std::uintmax_t size, npy_elements const& wanted)
{
    std::array<char, 12> begin{};  // magic, version and the longer of the two lengths
    constexpr std::string_view magic{"\x93NUMPY", 6};
    file.read(begin.data(), 8);
    if (!file || std::string_view{begin.data(), magic.size()} != magic) { throw npy_error{"it does not begin like one"}; }
    int const version = static_cast<unsigned char>(begin[6]);
    if (version < 1 || version > 3) {
        throw npy_error{"its version is " + std::to_string(version) + "; save it again with a NumPy of today"};
    }
    std::size_t const digits = version == 1 ? 2 : 4;
    file.read(begin.data() + 8, static_cast<std::streamsize>(digits));
    std::size_t length = 0;
    for (std::size_t d = digits; d-- > 0;) { length = length << 8U | static_cast<unsigned char>(begin[8 + d]); }
    std::uintmax_t const before = 8 + digits;
    if (!file || size < before || length > size - before) { throw npy_error{"it ends within its header; save it again"}; }
    std::string text(length, ' ');
    file.read(text.data(), static_cast<std::streamsize>(length));
    if (!file) { throw npy_error{"it ends within its header; save it again"}; }
    auto header = detail::npy_dictionary{text}.read();
    if (header.descr != wanted.descr) {
        throw npy_error{"its elements are '" + header.descr.substr(0, 40) + "' and not '" + wanted.descr + "'"};
    }
    header.elements = detail::elements_of(header.shape, wanted.bytes);
    if (header.elements > (size - before - length) / wanted.bytes) {
        throw npy_error{"it ends before the last of the " + std::to_string(header.elements) +
                        " elements that its header promises"};
    }
    return header;
}

}  // namespace scorecam::xtensor
