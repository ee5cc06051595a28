#pragma once
// Weights that lie in files beside the network's: where those may be, and whether they are there.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include <scorecam/engines/onnx/graph.hpp>
#include <scorecam/engines/onnx/tensor.hpp>
#include <scorecam/error.hpp>

namespace scorecam::onnx {

namespace detail {

/// Whether `file` lies in `folder` or deeper, both without links.
[[nodiscard]] inline bool lies_in(std::filesystem::path const& file, std::filesystem::path const& folder)
{
    auto const at = std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
    return at.first == folder.end() && at.second != file.end();
}

/// The folders that may hold what belongs to a network: that of its name and, of a link, that of the file itself.
[[nodiscard]] inline std::vector<std::filesystem::path> folders_of(std::filesystem::path const& network)
{
    std::error_code none;
    std::vector<std::filesystem::path> found{std::filesystem::absolute(network, none).parent_path()};
    auto const itself = std::filesystem::weakly_canonical(network, none).parent_path();
    if (!none && itself != std::filesystem::weakly_canonical(found[0], none)) { found.push_back(itself); }
    return found;
}

/// The folder, of these, in which the tensor's values are.
[[nodiscard]] inline std::filesystem::path folder_with(tensor const& of, std::vector<std::filesystem::path> const& folders)
{
    std::filesystem::path const location{of.apart->location};
    auto const climbs = std::find(location.begin(), location.end(), "..") != location.end();
    bool away         = location.empty() || location.is_absolute() || climbs;
    for (auto const& folder : folders) {
        std::error_code none;
        if (away || !std::filesystem::is_regular_file(folder / location, none)) { continue; }
        auto const itself = std::filesystem::weakly_canonical(folder / location, none);
        for (auto const& allowed : folders) {
            if (lies_in(itself, std::filesystem::weakly_canonical(allowed, none))) { return folder; }
        }
        away = true;
    }
    if (away) {
        throw model_error{"the weights " + of.name + " are said to be in '" + of.apart->location +
                          "', which is not in the network's folder; export the network with its weights beside it"};
    }
    throw model_error{"the weights " + of.name + " are not in " + (folders[0] / location).string() +
                      "; pass the network with its weights beside it"};
}

}  // namespace detail

/// Finds the files of the weights that lie apart, and checks that they are large enough. They must be in the folder of
/// `network` when all links are resolved; if that is itself a link, they may also be beside the file that it names. Throws
/// model_error.
inline void find_weights(graph& in, std::filesystem::path const& network)
{
    std::vector<std::filesystem::path> folders;
    auto const find = [&](tensor& one) {
        if (!one.apart) { return; }
        if (folders.empty()) { folders = detail::folders_of(network); }
        auto& apart = *one.apart;
        apart.file  = detail::folder_with(one, folders) / apart.location;
        std::error_code none;
        std::uint64_t const size   = std::filesystem::file_size(apart.file, none);
        std::uint64_t const behind = none || apart.offset > size ? 0 : size - apart.offset;
        auto const length          = apart.length.value_or(behind);
        if (none || apart.offset > size || length > behind) {
            throw model_error{"the weights " + one.name + " are not in " + apart.file.string() +
                              ", which is too short; pass the network with its weights beside it"};
        }
        one.expect(length);
    };
    for (auto& [name, one] : in.constants) { find(one); }
    for (auto& node : in.nodes) {
        for (auto& given : node.attributes) { find(given.value); }
    }
}

/// The folder that holds all the weights that lie apart; empty if there are none, or if they are in several. After
/// find_weights().
[[nodiscard]] inline std::filesystem::path folder_of_weights(graph const& in)
{
    std::filesystem::path found;
    for (auto const& [name, one] : in.constants) {
        if (!one.apart) { continue; }
        auto folder = one.apart->file;
        for (auto const& part : std::filesystem::path{one.apart->location}) {
            static_cast<void>(part);
            folder = folder.parent_path();
        }
        if (!found.empty() && found != folder) { return {}; }
        found = folder;
    }
    return found;
}

}  // namespace scorecam::onnx
