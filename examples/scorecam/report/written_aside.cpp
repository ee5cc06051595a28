#include "report/written_aside.hpp"

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include <scorecam/error.hpp>

namespace cli {

void written_aside(std::filesystem::path const& file, std::function<void(std::filesystem::path const&)> const& write)
{
    namespace fs = std::filesystem;
    std::error_code failure;
    if (fs::exists(file, failure) && !fs::is_regular_file(file, failure)) { return write(file); }
    auto const place = fs::is_symlink(file, failure) ? fs::canonical(file, failure) : file;
    auto const aside = place.parent_path() / (".part-" + std::to_string(getpid()) + "-" + place.filename().string());
    try {
        write(aside);
        int const there = open(aside.c_str(), O_RDONLY | O_CLOEXEC);
        bool const kept = there >= 0 && fsync(there) == 0;
        if (there >= 0) { close(there); }
        if (!kept || std::rename(aside.c_str(), place.c_str()) != 0) {
            throw scorecam::error{"cannot write " + file.string() + ": " + std::strerror(errno)};
        }
    } catch (...) {
        fs::remove(aside, failure);
        throw;
    }
}

}  // namespace cli
