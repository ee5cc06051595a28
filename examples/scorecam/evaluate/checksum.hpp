#pragma once
// Whether two files are the same: CRC-64, the one of the xz format.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <boost/crc.hpp>

#include <scorecam/error.hpp>

namespace cli {

[[nodiscard]] inline std::string bytes_of(std::filesystem::path const& file)
{
    std::ifstream in{file, std::ios::binary};
    std::ostringstream bytes;
    bytes << in.rdbuf();
    if (!in || std::filesystem::is_directory(file)) { throw scorecam::error{"cannot read " + file.string()}; }
    return std::move(bytes).str();
}

[[nodiscard]] inline std::uint64_t checksum_of(std::string const& bytes)
{
    boost::crc_optimal<64, 0x42F0E1EBA9EA3693, 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF, true, true> sum;
    sum.process_bytes(bytes.data(), bytes.size());
    return sum.checksum();
}

}  // namespace cli
