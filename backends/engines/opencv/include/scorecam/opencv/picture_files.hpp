#pragma once
// Pictures from files and into files.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <scorecam/error.hpp>

namespace scorecam::opencv {

namespace detail {

/// The bytes of a file, read where they may be missing.
class file_bytes {
public:
    explicit file_bytes(std::filesystem::path const& file)
    {
        std::ifstream in{file, std::ios::binary};
        bytes_.assign(std::istreambuf_iterator<char>{in}, {});
        if (in.bad() || !in.is_open()) { throw error{"the picture " + file.string() + " cannot be read"}; }
    }
    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    [[nodiscard]] bool has(std::size_t at, std::string_view text) const
    {
        return at <= size() && std::string_view{bytes_}.substr(at).starts_with(text);
    }
    /// `count` bytes from there as a number, 0 where there are none.
    [[nodiscard]] std::size_t number(std::size_t at, int count, bool little) const
    {
        std::size_t value = 0;
        for (int k = 0; k < count; ++k) {
            std::size_t const from = at + static_cast<std::size_t>(little ? count - 1 - k : k);
            value                  = value << 8U | (from < size() ? static_cast<unsigned char>(bytes_[from]) : 0U);
        }
        return value;
    }
    [[nodiscard]] std::size_t find(std::string_view text, std::size_t from) const { return bytes_.find(text, from); }

private:
    std::string bytes_;
};

/// The orientation, 1 to 8, in the EXIF data that begin with a TIFF header at `start`; 1 if they say nothing.
[[nodiscard]] inline int orientation_at(file_bytes const& in, std::size_t start)
{
    if (in.has(start, "Exif")) { start += 6; }
    bool const little = in.has(start, "II");
    if (!little && !in.has(start, "MM")) { return 1; }
    std::size_t const directory = start + in.number(start + 4, 4, little);
    std::size_t const entries   = in.number(directory, 2, little);
    for (std::size_t e = 0; e < entries; ++e) {
        std::size_t const entry = directory + 2 + 12 * e;
        if (in.number(entry, 2, little) == 0x112) {
            auto const value = static_cast<int>(in.number(entry + 8, 2, little));
            return value >= 1 && value <= 8 ? value : 1;
        }
    }
    return 1;
}

/// The orientation in a chunk of a WebP file, which OpenCV does not turn by itself.
[[nodiscard]] inline int orientation_of_webp(file_bytes const& in)
{
    for (std::size_t at = 12; at + 8 <= in.size();) {
        std::size_t const length = in.number(at + 4, 4, true);
        if (in.has(at, "EXIF")) { return orientation_at(in, at + 8); }
        at += 8 + length + length % 2;
    }
    return 1;
}
/// The same of a PNG file.
[[nodiscard]] inline int orientation_of_png(file_bytes const& in)
{
    for (std::size_t at = 8; at + 8 <= in.size();) {
        if (in.has(at + 4, "eXIf")) { return orientation_at(in, at + 8); }
        at += 12 + in.number(at, 4, false);
    }
    return 1;
}

/// Turns pixels as an orientation says.
[[nodiscard]] inline cv::Mat turned(cv::Mat pixels, int orientation)
{
    if (orientation >= 5) { cv::transpose(pixels, pixels); }
    if (orientation == 2 || orientation == 6 || orientation == 7 || orientation == 3) { cv::flip(pixels, pixels, 1); }
    if (orientation == 4 || orientation == 8 || orientation == 7 || orientation == 3) { cv::flip(pixels, pixels, 0); }
    return pixels;
}

/// Whether a JPEG file ends where it should: OpenCV fills up what is missing with grey.
[[nodiscard]] inline bool is_whole_jpeg(file_bytes const& in)
{
    for (std::size_t at = 2; at + 4 <= in.size();) {
        if (in.number(at, 1, false) != 0xff) { return true; }  // not as expected: OpenCV's to judge
        std::size_t const marker = in.number(at + 1, 1, false);
        if (marker == 0xda) { return in.find("\xff\xd9", at) != std::string::npos; }
        at += marker == 0xff ? 1 : 2 + in.number(at + 2, 2, false);
    }
    return false;
}

/// 8-bit from 16-bit pixels by as many bits as are used: cameras and microscopes write 10, 12 or 14 of them.
[[nodiscard]] inline cv::Mat in_8_bits(cv::Mat const& pixels, std::string const& file, std::vector<std::string>& notes)
{
    if (pixels.depth() == CV_8U) { return pixels; }
    double most = 0;
    cv::minMaxLoc(pixels.reshape(1), nullptr, &most);
    int bits = 16;
    for (int const fewer : {14, 12, 10, 8}) {
        if (pixels.depth() == CV_16U && most < (1 << fewer)) { bits = fewer; }
    }
    cv::Mat eight;
    if (pixels.depth() == CV_16U) {
        pixels.convertTo(eight, CV_8U, 255.0 / ((1 << bits) - 1));
        if (bits < 16) {
            notes.push_back(file + " uses " + std::to_string(bits) + " of its 16 bits, which were spread over all");
        }
    } else {
        throw error{"the picture " + file + " has pixels of floating point; save it with 8 or 16 bits"};
    }
    return eight;
}

}  // namespace detail

/// Reads a picture as 8-bit BGR, turned as its EXIF data say; what is transparent is laid on black. Throws scorecam::error
/// with the path where it is missing, cut off, too large or no picture. `notes` is told what was done to it that one may not
/// expect.
[[nodiscard]] inline cv::Mat read_image(std::filesystem::path const& file, std::vector<std::string>* notes = nullptr)
{
    std::string const name = file.string();
    if (!std::filesystem::is_regular_file(file)) { throw error{"there is no picture " + name}; }
    detail::file_bytes const bytes{file};
    bool const jpeg = bytes.has(0, "\xff\xd8"), png = bytes.has(0, "\x89PNG"),
               webp = bytes.has(0, "RIFF") && bytes.has(8, "WEBP");
    if (jpeg && !detail::is_whole_jpeg(bytes)) {
        throw error{"the picture " + name + " is cut off: its JPEG data do not end"};
    }
    if (std::size_t const wide = png ? bytes.number(16, 4, false) : 0, high = png ? bytes.number(20, 4, false) : 0;
        std::max(wide, high) > 1'000'000 || wide * high > std::size_t{1} << 30U) {
        throw error{"the picture " + name + " is said to have " + std::to_string(wide) + " x " + std::to_string(high) +
                    " pixels, more than can be read; make it smaller"};
    }
    cv::Mat picture, alpha;
    try {
        if (png || webp) {  // as it is stored: these have the transparent ones
            picture = cv::imread(name, cv::IMREAD_UNCHANGED);
            if (picture.channels() == 4) { cv::extractChannel(picture, alpha, 3); }
            if (picture.channels() != 4) {
                picture = cv::imread(name, cv::IMREAD_COLOR | cv::IMREAD_ANYDEPTH | cv::IMREAD_IGNORE_ORIENTATION);
            }
            if (picture.channels() == 4) { cv::cvtColor(picture, picture, cv::COLOR_BGRA2BGR); }
            picture = detail::turned(picture, webp ? detail::orientation_of_webp(bytes) : detail::orientation_of_png(bytes));
            if (!alpha.empty()) {
                alpha = detail::turned(alpha, webp ? detail::orientation_of_webp(bytes) : detail::orientation_of_png(bytes));
            }
        } else {
            picture = cv::imread(name, cv::IMREAD_COLOR | cv::IMREAD_ANYDEPTH);
        }
    } catch (cv::Exception const& e) {
        throw error{"the picture " + name + " cannot be read: OpenCV says '" + e.err + "'"};
    }
    if (picture.empty()) {
        throw error{name + " is not a picture that OpenCV can read (PNG, JPEG, BMP, TIFF, WebP), or it is cut off"};
    }

    std::vector<std::string> own;
    picture = detail::in_8_bits(picture, name, own);
    if (!alpha.empty()) {
        alpha = detail::in_8_bits(alpha, name, own);
        cv::Mat three;
        cv::merge(std::vector<cv::Mat>{alpha, alpha, alpha}, three);
        if (cv::countNonZero(alpha != 255) > 0) {
            cv::multiply(picture, three, picture, 1.0 / 255);
            own.push_back(name + " is transparent in places, which were laid on black");
        }
    }
    if (notes != nullptr) { notes->insert(notes->end(), own.begin(), own.end()); }
    return picture;
}

/// Writes a picture; the ending of the name says how. Throws scorecam::error with the path.
inline void write_image(std::filesystem::path const& file, cv::Mat const& picture)
{
    bool written = false;
    try {
        written = cv::imwrite(file.string(), picture);
    } catch (cv::Exception const&) {  // an unknown ending
    }
    if (!written) { throw error{"cannot write the picture " + file.string()}; }
}

}  // namespace scorecam::opencv
