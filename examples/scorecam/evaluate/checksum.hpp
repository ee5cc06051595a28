#pragma once
// Whether two files are the same: CRC-64, the one of the xz format.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include <boost/crc.hpp>

#include <scorecam/error.hpp>

namespace cli {

/// What a file holds, piece by piece. Throws scorecam::error if it cannot be read.
template <class Take>
void for_each_piece(std::filesystem::path const& file, Take const& take)
{
    constexpr std::size_t piece = std::size_t{1} << 20U;
    std::ifstream in{file, std::ios::binary};
    if (!in || std::filesystem::is_directory(file)) { throw scorecam::error{"cannot read " + file.string()}; }
    std::vector<char> bytes(piece);
    while (in) {
        in.read(bytes.data(), static_cast<std::streamsize>(piece));
        take(bytes.data(), static_cast<std::size_t>(in.gcount()));
    }
    if (!in.eof()) { throw scorecam::error{"cannot read " + file.string() + " to its end"}; }
}

/// Throws scorecam::error if it is larger than `most` bytes, too; a pipe may have no end.
[[nodiscard]] inline std::string bytes_of(std::filesystem::path const& file,
                                          std::size_t most = std::numeric_limits<std::size_t>::max())
{
    std::string all;
    for_each_piece(file, [&](char const* bytes, std::size_t size) {
        if (size > most - all.size()) {
            throw scorecam::error{file.string() + " has more than " + std::to_string(most) +
                                  " bytes: it is not what it should be"};
        }
        all.append(bytes, size);
    });
    return all;
}

/// The size and the checksum of bytes that come in pieces.
class running_sum {
public:
    void add(char const* bytes, std::size_t size)
    {
        sum_.process_bytes(bytes, size);
        size_ += size;
    }
    [[nodiscard]] std::uint64_t checksum() const { return sum_.checksum(); }
    [[nodiscard]] std::uint64_t size() const { return size_; }

private:
    boost::crc_optimal<64, 0x42F0E1EBA9EA3693, 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF, true, true> sum_;
    std::uint64_t size_ = 0;
};

[[nodiscard]] inline std::uint64_t checksum_of(std::string const& bytes)
{
    running_sum sum;
    sum.add(bytes.data(), bytes.size());
    return sum.checksum();
}
[[nodiscard]] inline running_sum sum_of_file(std::filesystem::path const& file)
{
    running_sum sum;
    for_each_piece(file, [&](char const* bytes, std::size_t size) { sum.add(bytes, size); });
    return sum;
}

}  // namespace cli
