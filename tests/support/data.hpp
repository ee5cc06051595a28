#pragma once
// Where the tests find files: the repository's own, and the data folder that may be absent.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace files {

/// In the repository that the tests were built in, or in the one that the environment names.
[[nodiscard]] inline std::string own(std::string const& file)
{
    auto const* const other = std::getenv("SCORECAM_SOURCE_DIR");
    return std::string{other != nullptr ? other : SCORECAM_SOURCE_DIR} + "/" + file;
}
[[nodiscard]] inline std::string from_folder(std::string const& file) { return std::string{SCORECAM_DATA_DIR} + "/" + file; }

/// Ends the program as a skipped test, with the reason, if the file is not in the data folder.
inline void require(std::string const& file)
{
    if (!std::filesystem::exists(from_folder(file)) || std::string{SCORECAM_DATA_DIR}.empty()) {
        std::printf("skipped: there is no %s in SCORECAM_DATA_DIR \"%s\"\n", file.c_str(), SCORECAM_DATA_DIR);
        std::exit(77);
    }
}

}  // namespace files
