#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include <xtensor/xnpy.hpp>
#include <xtensor/xtensor.hpp>

#include <scorecam/error.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/xtensor/npy.hpp>
#include <scorecam/xtensor/view.hpp>

#include "xtensor/message.hpp"

namespace sx = scorecam::xtensor;

namespace {

/// A folder that is gone when the test is over.
struct temporary_folder {
    std::filesystem::path path;

    explicit temporary_folder(std::string const& name) : path{std::filesystem::temp_directory_path() / name}
    {
        std::filesystem::create_directories(path);
    }
    temporary_folder(temporary_folder const&)            = delete;
    temporary_folder& operator=(temporary_folder const&) = delete;
    ~temporary_folder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    [[nodiscard]] std::filesystem::path operator/(std::string const& file) const { return path / file; }
};

std::string content_of(std::filesystem::path const& path)
{
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}
void write(std::filesystem::path const& path, std::string const& content)
{
    std::ofstream{path, std::ios::binary} << content;
}

bool contains(std::string const& text, std::string const& part) { return text.find(part) != std::string::npos; }

xt::xtensor<float, 2> const small{{1, 2, 3}, {4, 5, 6}};

}  // namespace

TEST_CASE_TEMPLATE("what was saved is loaded again", T, float, double, std::int64_t, std::uint8_t)
{
    temporary_folder const folder{"scorecam_npy_round_trip"};
    using limits = std::numeric_limits<T>;
    xt::xtensor<T, 3> const array{{{T(0), T(1), limits::max()}}, {{limits::lowest(), limits::min(), T(7)}}};
    sx::save_npy(folder / "array.npy", sx::view(array));
    CHECK(sx::load_npy<T, 3>(folder / "array.npy") == array);

    scorecam::tensor<T, 1> const row{{{2}}, {T(3), T(4)}};
    sx::save_npy(folder / "row.npy", row.view());
    CHECK(sx::load_npy<T, 1>(folder / "row.npy") == xt::xtensor<T, 1>{T(3), T(4)});

    xt::xtensor<T, 2> const nothing(std::array<std::size_t, 2>{0, 4});
    sx::save_npy(folder / "nothing.npy", sx::view(nothing));
    CHECK(sx::load_npy<T, 2>(folder / "nothing.npy").shape() == nothing.shape());
}

TEST_CASE("files are as NumPy writes them")
{
    temporary_folder const folder{"scorecam_npy_format"};
    sx::save_npy(folder / "small.npy", sx::view(small));
    auto const bytes = content_of(folder / "small.npy");
    CHECK(bytes.substr(0, 8) == std::string("\x93NUMPY\x01\x00", 8));
    CHECK(contains(bytes, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"));
    CHECK(bytes.size() % 64 == 24);  // a header of full lines of 64, and 6 floats
}

TEST_CASE("Fortran order is turned into C order")
{
    temporary_folder const folder{"scorecam_npy_fortran"};
    xt::dump_npy((folder / "fortran.npy").string(), xt::xtensor<float, 2, xt::layout_type::column_major>{small});
    REQUIRE(contains(content_of(folder / "fortran.npy"), "'fortran_order': True"));
    auto const array = sx::load_npy<float, 2>(folder / "fortran.npy");
    CHECK(array == small);
    CHECK(sx::view(array)(0, 1) == 2);
}

TEST_CASE("a file that is not what was asked for is refused, with its path, what it is and what it should be")
{
    temporary_folder const folder{"scorecam_npy_errors"};
    auto const path = folder / "small.npy";
    sx::save_npy(path, sx::view(small));

    auto const type = message_of<sx::npy_error>([&] { static_cast<void>(sx::load_npy<double, 2>(path)); });
    CHECK(contains(type, path.string()));
    CHECK(contains(type, "float64"));
    CHECK(contains(type, "<f4"));

    CHECK(message_of<scorecam::shape_error>([&] { static_cast<void>(sx::load_npy<float, 3>(path)); }) ==
          path.string() + " has the shape (2, 3), which is not one of 3 dimensions");

    auto const missing = folder / "missing.npy";
    CHECK(message_of<sx::npy_error>([&] { static_cast<void>(sx::load_npy<float, 2>(missing)); }) ==
          missing.string() + " cannot be opened for reading");

    CHECK(contains(message_of<sx::npy_error>([&] { static_cast<void>(sx::load_npy<float, 2>(folder.path)); }),
                   folder.path.string()));
}

TEST_CASE("a damaged file is refused")
{
    temporary_folder const folder{"scorecam_npy_damage"};
    auto const path = folder / "small.npy";
    sx::save_npy(path, sx::view(small));
    auto const whole = content_of(path);

    auto const refusal = [&](std::string const& content) {
        write(path, content);
        auto const text = message_of<sx::npy_error>([&] { static_cast<void>(sx::load_npy<float, 2>(path)); });
        CHECK(contains(text, path.string()));
        return text;
    };
    CHECK(contains(refusal(whole.substr(0, whole.size() - 4)), "ends before the last of the 6 elements"));
    CHECK(contains(refusal("P5 2 3 255\n123456"), "not a .npy file"));
    CHECK(contains(refusal(""), "not a .npy file"));
    CHECK(contains(refusal(whole.substr(0, 40)), "not a .npy file"));

    auto swapped = whole;
    swapped.replace(swapped.find("<f4"), 3, ">f4");
    CHECK(contains(refusal(swapped), ">f4"));
}

namespace {

/// A .npy file with this dictionary, whose length is written in `digits` bytes, and these bytes of elements.
std::string npy_file(std::string const& dictionary, std::size_t bytes, std::size_t digits = 2, std::uint32_t length = 0)
{
    std::string all{"\x93NUMPY\x01", 7};
    all[6] = digits == 2 ? '\x01' : '\x02';
    all += '\0';
    auto left = length > 0 ? length : static_cast<std::uint32_t>(dictionary.size());
    for (std::size_t d = 0; d < digits; ++d, left >>= 8U) { all += static_cast<char>(left & 255U); }
    return all + dictionary + std::string(bytes, '\0');
}
std::string with_shape(std::string const& shape)
{
    return "{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + ", }\n";
}

}  // namespace

TEST_CASE("a header that lies is refused before anything is allocated for it")
{
    temporary_folder const folder{"scorecam_npy_lies"};
    auto const path    = folder / "lies.npy";
    auto const refusal = [&](std::string const& content) {
        write(path, content);
        auto const text = message_of<sx::npy_error>([&] { static_cast<void>(sx::load_npy<float, 3>(path)); });
        CHECK(text.rfind(path.string() + " is not a .npy file of float32: ", 0) == 0);
        CHECK(!contains(text, "\n"));
        return text;
    };
    for (auto const* shape : {"(4294967296, 4294967296, 1)", "(9223372036854775807, 1, 1)", "(0, 9223372036854775807, 1)",
                              "(4611686018427387905, 4, 1)"}) {
        CHECK(contains(refusal(npy_file(with_shape(shape), 64)), "larger than any memory"));
    }
    CHECK(contains(refusal(npy_file(with_shape("(1073741824, 1024, 1)"), 64)), "ends before the last of the 1099511627776"));
    for (auto const* shape : {"(-1, -4, 4)", "(18446744073709551616, 1, 1)", "(x, 1, 1)", "(1, 2, 3", "(, )"}) {
        CHECK(contains(refusal(npy_file(with_shape(shape), 64)), "no size"));
    }
    for (auto const* shape : {"3", "(1 2)", "(1.5, 1, 1)", ""}) {
        CHECK(contains(refusal(npy_file(with_shape(shape), 64)), "lacks a '"));
    }
    CHECK(contains(refusal(npy_file("': <f4", 0, 4, 0x7A'D6'84'34U)), "ends within its header"));  // 2 GB of it
    CHECK(contains(refusal(npy_file("", 0, 4, 0xFF'FF'FF'FFU)), "ends within its header"));
    CHECK(contains(refusal(npy_file("", 0)), "lacks a '{'"));
    CHECK(contains(refusal(npy_file("{", 0)), "lacks a '''"));
    CHECK(contains(refusal(npy_file("{'descr: 1", 0)), "ends within a text"));
    CHECK(contains(refusal(npy_file("{'descr': '<f4', 'fortran_order': 0, 'shape': (1, 1, 1)}", 4)), "neither True nor"));
    CHECK(contains(refusal(npy_file("{'descr': '<f4', 'shape': (1, 1, 1)}", 4)), "has not all of"));
    CHECK(contains(refusal(npy_file("{'descr': '<f4', 'descr': '<f4', 'shape': (1, 1, 1)}", 4)), "has the key 'descr'"));
    CHECK(contains(refusal(npy_file("{'descr': '<f4', 'more': True}", 4)), "has the key 'more'"));
    CHECK(
        contains(refusal(npy_file("{'descr': '\x1b[2J\n', 'fortran_order': False, 'shape': (1, 1, 1)}", 4)), "no type has"));
    CHECK(
        contains(refusal(npy_file("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1, 1, 1)}", 4)), "lacks a"));
    CHECK(contains(refusal(std::string{"\x93NUMPY\x09\x00", 8}), "its version is 9"));
}

TEST_CASE("keys in another order, long headers and numbers as Python 2 wrote them are read")
{
    temporary_folder const folder{"scorecam_npy_other"};
    auto const path = folder / "other.npy";
    for (std::size_t const digits : {2U, 4U}) {
        write(path, npy_file("{\"shape\": (1L, 3L), 'fortran_order' : False, 'descr': '<f4'}" + std::string(139, ' ') + "\n",
                             12, digits));  // 202 bytes: more than 127
        CHECK(sx::load_npy<float, 2>(path) == xt::xtensor<float, 2>{{0, 0, 0}});
    }
    write(path, npy_file(with_shape("()"), 4));
    CHECK(sx::load_npy<float, 0>(path)() == 0);
}

TEST_CASE("a file that cannot be written is an error")
{
    auto const path = std::filesystem::temp_directory_path() / "scorecam_no_such_folder" / "small.npy";
    CHECK(message_of<sx::npy_error>([&] { sx::save_npy(path, sx::view(small)); }) == path.string() + " cannot be written");
}
