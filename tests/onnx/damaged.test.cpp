// Files that are cut off or changed anywhere, and files that lie: a network, or a model_error with a sentence. What else
// would go wrong, a sanitizer sees.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/engines/onnx/file.hpp>
#include <scorecam/engines/onnx/wire.hpp>
#include <scorecam/error.hpp>
#include <scorecam/onnx/channels_last.hpp>
#include <scorecam/onnx/fuse.hpp>
#include <scorecam/onnx/lower.hpp>
#include <scorecam/onnx/places.hpp>

#include "onnx/written.hpp"
#include "support/data.hpp"
#include "support/sanitizers.hpp"

namespace sc = scorecam;
namespace so = scorecam::onnx;
using sc::index_t;

using namespace onnx_written;

namespace {

namespace fs = std::filesystem;

constexpr bool sanitized = SCORECAM_TEST_NEW_THROWS == 0;  // where everything takes longer

struct network {
    char const* file;
    sc::image_shape input;
};
constexpr network networks[] = {{"tests/engines/networks/plain", {2, 12, 10}},
                                {"tests/engines/networks/residual", {3, 8, 8}},
                                {"tests/engines/networks/folded", {2, 12, 10}},
                                {"tests/engines/networks/weights_apart", {2, 12, 10}},
                                {"tests/engines/networks/transformer", {3, 12, 16}},
                                {"tests/onnx/networks/mobile", {3, 15, 14}},
                                {"tests/onnx/networks/fire", {2, 14, 17}},
                                {"tests/onnx/networks/normal", {3, 12, 11}},
                                {"tests/onnx/networks/means", {2, 10, 9}}};

/// Goes the whole way of a network for cuDNN. Returns what is said if it cannot be used; anything but a model_error is a
/// failure.
std::string used(std::string_view bytes, sc::image_shape input, std::string const& beside = "")
{
    try {
        auto graph = so::graph_of(bytes);
        so::find_weights(graph, beside);
        for (auto const& [name, one] : graph.constants) {
            if (one.of_floats()) { static_cast<void>(one.floats()); }
            if (one.of_integers()) { static_cast<void>(one.integers()); }
        }
        auto plan = so::fused(so::lowered(graph, input), {});
        static_cast<void>(so::placed(plan, {}));
        static_cast<void>(so::for_channels_last(std::move(plan), input));
    } catch (sc::model_error const& e) {
        return e.what();
    }
    return "";
}

constexpr sc::image_shape of_file{3, 8, 8};
std::int64_t const largest = std::int64_t{1} << 62U;

}  // namespace

TEST_CASE("a network that is cut off is refused, wherever that is")
{
    for (auto const& one : networks) {
        CAPTURE(std::string{one.file});
        auto const name     = files::own(std::string{one.file} + ".onnx");
        auto const bytes    = so::read_bytes(name);
        auto const step     = bytes.size() / (sanitized ? 200 : 1000) + 1;
        std::size_t refused = 0, tried = 0;
        for (std::size_t size = 0; size < bytes.size(); size += step, ++tried) {
            std::string const part{bytes, 0, size};  // of its own, so that what is read behind it is seen
            refused += used(part, one.input, name).empty() ? 0 : 1;
        }
        CHECK(refused + 2 >= tried);  // between two of the last fields, nothing is missing
    }
}

TEST_CASE("a network with other bits is a network, or is refused")
{
    std::mt19937 drawn{1};
    for (auto const& one : networks) {
        CAPTURE(std::string{one.file});
        auto const name  = files::own(std::string{one.file} + ".onnx");
        auto const bytes = so::read_bytes(name);
        // Weights are most of a file, and any bits will do there: change what is around them.
        std::vector<std::size_t> places;
        for (std::size_t at = 0, run = 0; at < bytes.size(); ++at) {
            bool const text = static_cast<unsigned char>(bytes[at]) < 128;
            run             = text ? run + 1 : 0;
            if (run > 3 || at % 37 == 0) { places.push_back(at); }
        }
        for (int time = 0; time < (sanitized ? 400 : 2000); ++time) {
            auto changed = bytes;
            for (auto flips = drawn() % 3 + 1; flips > 0; --flips) {
                auto const at = places[drawn() % places.size()];
                changed[at]   = static_cast<char>(
                    drawn() % 2 == 0 ? static_cast<unsigned char>(changed[at]) ^ 1U << drawn() % 8 : drawn() % 256);
            }
            auto const said = used(changed, one.input, name);
            CHECK(said.find('\n') == std::string::npos);
        }
    }
}

TEST_CASE("shapes that lie about their weights are refused")
{
    auto const conv = [](std::vector<std::int64_t> const& dims, std::size_t floats) {
        return file(weights("w", dims, floats) + node("Conv", {"x", "w"}, "c") + node("GlobalAveragePool", {"c"}, "y"));
    };
    CHECK(used(conv({4, 3, 1, 1}, 12), of_file) == "");
    for (auto const& dims : {std::vector<std::int64_t>{4, 3, 1, 2},
                             {-4, -3, 1, 1},
                             {4, 3, -1, 1},
                             {largest, 4, 3, 1},
                             {largest, 8, 1, 1},
                             {std::int64_t{1} << 32U, std::int64_t{1} << 32U, 3, 1},
                             {4, 3}}) {
        auto const said = used(conv(dims, 12), of_file);
        CHECK(said.find("w") != std::string::npos);
    }
    CHECK(used(conv({0, 3, 1, 1}, 0), of_file).find("do not fit") != std::string::npos);
    CHECK(used(conv({4, 0, 1, 1}, 0), of_file).find("do not fit") != std::string::npos);
    auto const gemm = [](std::vector<std::int64_t> const& dims) {
        return file(node("GlobalAveragePool", {"x"}, "m") + node("Flatten", {"m"}, "f") + weights("w", dims, 12) +
                    node("Gemm", {"f", "w"}, "y"));
    };
    CHECK(used(gemm({3, 4}), of_file) == "");
    CHECK(used(gemm({std::int64_t{1} << 32U, std::int64_t{1} << 32U}), of_file) != "");
    CHECK(used(gemm({3, (std::int64_t{1} << 62U) + 4}), of_file) != "");
}

TEST_CASE("parameters that would make sizes overflow are refused with the node")
{
    auto const with = [](std::string const& type, std::string const& attributes) {
        auto const inputs = type == "Conv" ? std::vector<std::string>{"x", "w"} : std::vector<std::string>{"x"};
        return file(weights("w", {3, 3, 2, 2}, 36) + node(type, inputs, "c", attributes) +
                    node("GlobalAveragePool", {"c"}, "y"));
    };
    auto const square = integers_attribute("kernel_shape", {2, 2});
    for (std::string const type : {"Conv", "MaxPool"}) {
        CAPTURE(type);
        CHECK(used(with(type, square), of_file) == "");
        for (std::string const name : {"strides", "dilations", "pads"}) {
            CAPTURE(name);
            for (auto const value :
                 {largest, -largest, std::int64_t{1} << 31U, std::int64_t{-1}, std::int64_t{2000000000}}) {
                auto values     = std::vector<std::int64_t>(name == "pads" ? 4 : 2, value);
                auto const said = used(with(type, square + integers_attribute(name, values)), of_file);
                if (name == "strides" && value == 2000000000) { continue; }  // one window is left
                CHECK(said.find(type + ", the node c") != std::string::npos);
            }
        }
    }
    auto const padded = with("Conv", integers_attribute("pads", {0, 0, 40000, 40000}));
    CHECK(used(padded, of_file).find("Conv, the node c") != std::string::npos);  // no gigabytes of zeros as weights
    CHECK(used(with("Pad", integers_attribute("pads", {0, 0, largest, 0, 0, 0, largest, 0})), of_file) != "");
}

TEST_CASE("names that would break a message are refused")
{
    for (std::string const& name : {std::string{"a\nb"}, std::string{"a\0b", 3}, std::string{"\x1b[31m"}}) {
        auto const said = used(file(node("Relu", {"x"}, name)), of_file);
        CHECK(said.find("control character") != std::string::npos);
    }
}

TEST_CASE("a shape that is doubled again and again does not fill the memory")
{
    std::string nodes = node("Shape", {"x"}, "s0");
    for (int i = 0; i < 60; ++i) {
        auto const one = "s" + std::to_string(i);
        nodes += node("Concat", {one, one}, "s" + std::to_string(i + 1));
    }
    auto const said = used(file(nodes + node("Reshape", {"x", "s60"}, "y")), of_file);
    CHECK(said.find("Concat, the node s") != std::string::npos);
}

TEST_CASE("an extent of the image that is no extent is refused")
{
    auto const bytes = text(7, image({-1, 2, -1, -1}) + node("GlobalAveragePool", {"x"}, "y") + text(12, text(1, "y")));
    CHECK(used(bytes, {2, 12, 10}) == "");
    CHECK(used(bytes, {2, -12, -10}) != "");
    CHECK(used(bytes, {2, 0, 10}) != "");
    CHECK(used(bytes, {2, 1 << 20, 1 << 20}).find("2147483647") != std::string::npos);
}

// ---- weights in other files

namespace {

std::string with_location(std::string const& location, std::string const& offset = "0", std::string const& length = "48")
{
    auto const entry = [](std::string const& key, std::string const& value) {
        return text(13, text(1, key) + text(2, value));
    };
    std::string all = number(2, 1) + text(8, "w") + number(14, 1) + entry("location", location);
    if (!offset.empty()) { all += entry("offset", offset); }
    if (!length.empty()) { all += entry("length", length); }
    for (int const d : {4, 3, 1, 1}) { all += number(1, d); }
    return file(text(5, all) + node("Conv", {"x", "w"}, "c") + node("GlobalAveragePool", {"c"}, "y"));
}
void write(fs::path const& to, std::string const& bytes) { std::ofstream{to, std::ios::binary} << bytes; }
std::string read(fs::path const& name)
{
    try {
        auto const graph = so::read_file(name.string());
        CHECK(graph.constants.at("w").floats().size() == 12);
    } catch (sc::model_error const& e) {
        return e.what();
    }
    return "";
}

/// An empty folder of this test.
struct scratch {
    fs::path at = fs::temp_directory_path() / ("scorecam_onnx_" + std::to_string(std::random_device{}()));
    scratch()
    {
        fs::create_directories(at / "in");
        fs::create_directories(at / "out");
    }
    scratch(scratch const&)            = delete;
    scratch& operator=(scratch const&) = delete;
    ~scratch() { fs::remove_all(at); }
};

}  // namespace

TEST_CASE("weights are read from the network's folder, by whatever name, and from nowhere else")
{
    scratch const folder;
    auto const in = folder.at / "in", out = folder.at / "out";
    write(in / "w.bin", std::string(48, '\1'));
    write(out / "w.bin", std::string(48, '\1'));
    auto const net = in / "net.onnx";
    auto const of  = [&](auto const&... how) {
        write(net, with_location(how...));
        return read(net);
    };
    CHECK(of("w.bin") == "");
    CHECK(of("./w.bin") == "");
    CHECK(of("w.bin", "", "") == "");
    fs::create_directories(in / "deeper");
    write(in / "deeper" / "w.bin", std::string(48, '\1'));
    CHECK(of("deeper/w.bin") == "");
    for (std::string const& location : {std::string{"../out/w.bin"}, (out / "w.bin").string(), (in / "w.bin").string(),
                                        std::string{"deeper/../w.bin"}, std::string{"/etc/passwd"}, std::string{}}) {
        CAPTURE(location);
        CHECK(of(location).find("is not in the network's folder; export") != std::string::npos);
    }
    fs::create_symlink(out / "w.bin", in / "away.bin");
    CHECK(of("away.bin").find("is not in the network's folder; export") != std::string::npos);
    fs::create_symlink("w.bin", in / "near.bin");
    CHECK(of("near.bin") == "");
    CHECK(of("none.bin").find("none.bin; pass the network with its weights beside it") != std::string::npos);
    CHECK(of("deeper").find("; pass the network") != std::string::npos);  // a folder
    for (auto const& [where, length] : {std::pair{"4", "48"},
                                        {"0", "44"},
                                        {"18446744073709551615", "48"},
                                        {"48", "18446744073709551568"},
                                        {"-4", "48"},
                                        {"0x10", "32"},
                                        {"1", ""},
                                        {"99", "48"}}) {
        std::string const offset = where;  // a structured binding cannot be captured
        CAPTURE(offset);
        CHECK(of("w.bin", offset, length).find("the weights w ") != std::string::npos);
    }

    // A link to the network: the weights are beside what it names, or beside the link.
    write(net, with_location("w.bin"));
    fs::create_symlink(net, folder.at / "link.onnx");
    CHECK(read(folder.at / "link.onnx") == "");
    fs::remove(in / "w.bin");
    CHECK(read(folder.at / "link.onnx") != "");
    write(folder.at / "w.bin", std::string(48, '\1'));
    CHECK(read(folder.at / "link.onnx") == "");

    // By its bare name.
    auto const before = fs::current_path();
    fs::current_path(out);
    write("bare.onnx", with_location("w.bin"));
    auto const said = read("bare.onnx");
    fs::current_path(before);
    CHECK(said == "");
}

TEST_CASE("constants of other types are read as what they are")
{
    std::string bytes;  // which tensors refer to
    auto const tensor = [&](std::string const& fields) {
        bytes = file(text(5, text(8, "w") + fields) + node("Relu", {"x"}, "y"));
        return so::graph_of(bytes).constants.at("w");
    };
    auto const raw = [](auto... values) {
        std::string all;
        (all.append(reinterpret_cast<char const*>(&values), sizeof values), ...);
        return text(9, all);
    };
    using floats   = std::vector<float>;
    using integers = std::vector<index_t>;
    auto const two = number(1, 2);
    CHECK(tensor(number(2, 11) + two + raw(0.5, -2.0)).floats() == floats{0.5F, -2});
    std::uint16_t const one_half = 0x3800, minus_two = 0xc000, tiny = 1, most = 0x7bff;
    CHECK(tensor(number(2, 10) + number(1, 4) + raw(one_half, minus_two, tiny, most)).floats() ==
          floats{0.5F, -2, 0x1p-24F, 65504});
    CHECK(tensor(number(2, 10) + two + number(5, 0x3800) + number(5, 0xc000)).floats() == floats{0.5F, -2});
    CHECK(tensor(number(2, 16) + two + raw(std::uint16_t{0x3f00}, std::uint16_t{0xc000})).floats() == floats{0.5F, -2});
    CHECK(tensor(number(2, 3) + two + raw(std::int8_t{-3}, std::int8_t{7})).integers() == integers{-3, 7});
    CHECK(tensor(number(2, 2) + two + raw(std::uint8_t{253}, std::uint8_t{7})).integers() == integers{253, 7});
    CHECK(tensor(number(2, 6) + two + number(5, -3) + number(5, 7)).integers() == integers{-3, 7});
    CHECK(tensor(number(2, 7) + two + text(7, so::wire::number(~std::uint64_t{2}) + so::wire::number(7))).integers() ==
          integers{-3, 7});
    CHECK_THROWS_WITH_AS(static_cast<void>(tensor(number(2, 7) + two + raw(std::int64_t{1}, std::int64_t{2})).floats()),
                         doctest::Contains("the weights w are of int64 instead of float32"), sc::model_error);
    auto const scattered = std::string{"\x25\0\0\0\x3f\x25\0\0\0\xc0", 10};  // float_data, one by one
    CHECK(tensor(number(2, 1) + two + scattered).floats() == floats{0.5F, -2});
}
