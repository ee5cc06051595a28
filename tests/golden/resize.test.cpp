#include <doctest/doctest.h>

#include <string>

#include <scorecam/cpu/resizer.hpp>
#include <scorecam/ops/axis.hpp>
#include <scorecam/ops/resize.hpp>

#include <golden/recorded.hpp>

using scorecam::index_t;
using scorecam::ops::axis_rule;
template <class T>
using map = scorecam::tensor<T, 2>;

namespace {

template <class T>
map<T> resized_by_formula(map<T> const& from, scorecam::extents<2> size, axis_rule rule)
{
    map<T> to{size};
    for (index_t y = 0; y < size[0]; ++y) {
        for (index_t x = 0; x < size[1]; ++x) {
            to(y, x) = scorecam::ops::resized(from.data(), from.shape(), size, rule, {{y, x}});
        }
    }
    return to;
}

template <class T>
map<T> resized_by_rows(map<T> const& from, scorecam::extents<2> size, axis_rule rule)
{
    map<T> to{size};
    scorecam::cpu::resizer<T, 2> const resize{from.shape(), size, rule};
    auto row = resize.row_buffer();
    for (index_t y = 0; y < size[0]; ++y) {
        resize.blend(from.data(), y, row.data());
        for (index_t x = 0; x < size[1]; ++x) { to(y, x) = resize.expand(row.data(), x); }
    }
    return to;
}

template <class T>
void check(map<T> const& from, map<T> const& expected, axis_rule rule, double tolerance)
{
    CHECK(golden::deviation(resized_by_formula(from, expected.shape(), rule), expected) < tolerance);
    CHECK(golden::deviation(resized_by_rows(from, expected.shape(), rule), expected) < tolerance);
}

}  // namespace

TEST_CASE("resizing follows torch with both rules for the places of the samples")
{
    for (std::string const geometry :
         {"7x7_to_32x32", "14x14_to_56x56", "13x13_to_45x45", "5x9_to_37x53", "1x1_to_4x6", "1x7_to_5x31", "7x1_to_31x5",
          "8x8_to_8x8", "24x20_to_16x13", "2x3_to_3x2", "10x12_to_1x1", "7x7_to_57x61"}) {
        CAPTURE(geometry);
        auto const from = golden::recorded<float, 2>("resize/" + geometry + "_in");
        check(from, golden::recorded<float, 2>("resize/" + geometry + "_half"), axis_rule::half_pixel,
              golden::single_precision);
        check(from, golden::recorded<float, 2>("resize/" + geometry + "_corners"), axis_rule::align_corners,
              golden::single_precision);
    }
}

TEST_CASE("resizing in double precision")
{
    for (std::string const geometry :
         {"1x1_to_4x6", "1x7_to_5x31", "7x1_to_31x5", "8x8_to_8x8", "2x3_to_3x2", "10x12_to_1x1"}) {
        CAPTURE(geometry);
        check(golden::recorded<double, 2, float>("resize/" + geometry + "_in"),
              golden::recorded<double, 2>("resize/" + geometry + "_half64"), axis_rule::half_pixel,
              golden::double_precision);
    }
}
