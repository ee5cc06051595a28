#include "maps/network_file.hpp"

#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string_view>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <scorecam/engines/onnx/file.hpp>
#include <scorecam/error.hpp>

namespace cli {
namespace {

namespace sc = scorecam;

/// The bytes of a file where they lie: of weights nothing is read.
class mapped_file {
public:
    explicit mapped_file(std::string const& name)
    {
        std::error_code none;
        if (!std::filesystem::is_regular_file(name, none)) { return; }
        int const file  = open(name.c_str(), O_RDONLY | O_CLOEXEC);
        auto const size = std::filesystem::file_size(name, none);
        if (file < 0 || none || size == 0) { return; }
        void* const at = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
        if (at != MAP_FAILED) { bytes_ = {static_cast<char const*>(at), size}; }
        close(file);
    }
    mapped_file(mapped_file const&)            = delete;
    mapped_file& operator=(mapped_file const&) = delete;
    ~mapped_file()
    {
        if (!bytes_.empty()) { munmap(const_cast<char*>(bytes_.data()), bytes_.size()); }
    }
    [[nodiscard]] std::string_view bytes() const { return bytes_; }

private:
    std::string_view bytes_;
};

}  // namespace

file_format format_of(std::string const& file)
{
    auto const ending = std::filesystem::path{file}.extension();
    if (ending == ".xml") { return file_format::openvino; }
    std::array<char, 4> start{};
    std::ifstream{file, std::ios::binary}.read(start.data(), start.size());
    if (std::string_view{start.data(), start.size()} == "PK\3\4") { return file_format::torchscript; }  // a zip archive
    return ending == ".onnx" ? file_format::onnx : file_format::other;
}

std::optional<image_input> image_input_of(std::string const& file, sc::engines::constants const& held)
{
    constexpr std::size_t rank = 4;
    if (format_of(file) != file_format::onnx) { return std::nullopt; }
    mapped_file const mapped{file};
    std::vector<sc::onnx::value> images;
    try {
        for (auto const& one : sc::onnx::graph_of(mapped.bytes()).inputs) {
            if (held.count(one.name) == 0 && one.shape.size() == rank) { images.push_back(one); }
        }
    } catch (sc::error const&) {  // the engine says it better
    }
    if (images.size() != 1) { return std::nullopt; }
    auto const& dims = images[0].shape;
    auto const known = [](sc::index_t channels) { return channels == 1 || channels == 3 || channels == 4; };
    if (!known(dims[1]) && known(dims[3])) { return image_input{dims[3], dims[1], dims[2], to_string(images[0].type)}; }
    return image_input{dims[1], dims[2], dims[3], to_string(images[0].type)};
}

}  // namespace cli
