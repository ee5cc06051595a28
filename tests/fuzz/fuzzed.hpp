#pragma once
// What the fuzz targets have in common: inputs to begin with, and files that exist in memory only.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include "support/data.hpp"

namespace fuzzed {

/// What a target begins with, made by the target itself.
std::vector<std::string> seeds();

/// A file with these bytes, for readers that take a path.
class file_in_memory {
public:
    explicit file_in_memory(std::string_view bytes) : descriptor_{memfd_create("fuzzed", 0)}
    {
        if (descriptor_ < 0 || write(descriptor_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
            throw std::runtime_error{"no file in memory"};
        }
    }
    ~file_in_memory() { close(descriptor_); }
    file_in_memory(file_in_memory const&)            = delete;
    file_in_memory& operator=(file_in_memory const&) = delete;
    [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

private:
    int descriptor_;
};

/// A promise that was broken: an input that does this is a finding.
inline void require(bool kept)
{
    if (!kept) { std::abort(); }
}
/// That a message is one sentence.
inline void require_sentence(std::string_view text) { require(!text.empty() && text.find('\n') == std::string_view::npos); }

}  // namespace fuzzed

/// Included by one file of a program. With SCORECAM_SEEDS=FOLDER, writes the seeds there and ends.
extern "C" int LLVMFuzzerInitialize(int*, char***)
{
    if (auto const* const folder = std::getenv("SCORECAM_SEEDS")) {
        std::filesystem::create_directories(folder);
        int number = 0;
        for (auto const& seed : fuzzed::seeds()) {
            std::ofstream{std::filesystem::path{folder} / ("seed" + std::to_string(number++)), std::ios::binary} << seed;
        }
        std::_Exit(0);
    }
    return 0;
}
