// Means, what is counted beside them, and their intervals.
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/metrics/correlation.hpp>
#include <scorecam/metrics/names.hpp>
#include <scorecam/metrics/summary.hpp>
#include <scorecam/tensor.hpp>

namespace sc = scorecam;
namespace mt = scorecam::metrics;

namespace {

mt::measured number(double value, mt::caveat why = mt::caveat::none) { return {"iou", "at_least 0.5", value, why}; }
double const undefined = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("the mean is of the sound values, and the others are counted by name")
{
    auto const found = mt::summarise({number(0.2), number(0.4), number(undefined, mt::caveat::empty_map),
                                      number(0.9, mt::caveat::constant_map), number(undefined, mt::caveat::empty_map)});
    CHECK(found.mean == doctest::Approx(0.3));
    CHECK(found.mean_all == doctest::Approx(0.5));  // with the one that has a value beside a caveat
    CHECK(found.total == 5);
    CHECK(found.sound == 2);
    CHECK(found.valued == 3);
    CHECK(found.caveats == std::map<mt::caveat, sc::index_t>{{mt::caveat::empty_map, 2}, {mt::caveat::constant_map, 1}});
    CHECK(found.metric == "iou");
    CHECK(found.protocol == "at_least 0.5");
    auto const text = to_string(found);
    CHECK(text.find("iou (at_least 0.5): 0.3") == 0);
    CHECK(text.find("2 of 5; empty map 2; constant map 1") != std::string::npos);
}

TEST_CASE("without a sound value there is no mean, with one no interval")
{
    auto const none = mt::summarise({number(undefined, mt::caveat::empty_region)});
    CHECK(std::isnan(none.mean));
    CHECK(to_string(none) == "iou (at_least 0.5): undefined, 0 of 1; empty region 1");
    auto const one = mt::summarise({number(0.25)});
    CHECK(one.mean == 0.25);
    CHECK(std::isnan(one.low));
}

TEST_CASE("the interval is the bootstrap's: repeatable, around the mean, and as wide as theory has it")
{
    std::vector<mt::measured> numbers;
    for (int i = 0; i < 400; ++i) { numbers.push_back(number((i * 37 % 400) / 399.0)); }  // uniform on [0, 1]
    auto const found = mt::summarise(numbers);
    auto const again = mt::summarise(numbers);
    CHECK(found.low == again.low);
    CHECK(found.high == again.high);
    CHECK(found.low != mt::summarise(numbers, {.seed = 2}).low);
    // the standard error is 1/sqrt(12·400) = 0.01443, and 1.96 of them are 0.0283
    CHECK(found.mean - found.low == doctest::Approx(0.0283).epsilon(0.1));
    CHECK(found.high - found.mean == doctest::Approx(0.0283).epsilon(0.1));
    auto const narrow = mt::summarise(numbers, {.level = 0.5});
    CHECK(narrow.high - narrow.low == doctest::Approx(2 * 0.674 * 0.01443).epsilon(0.1));

    auto const equal = mt::summarise({number(0.5), number(0.5), number(0.5)});
    CHECK(equal.low == 0.5);
    CHECK(equal.high == 0.5);
}

TEST_CASE("numbers of different metrics or protocols have no common mean")
{
    CHECK_THROWS_WITH_AS(static_cast<void>(mt::summarise({number(1), {"iou", "at_least 0.2", 1}})),
                         doctest::Contains("iou (at_least 0.5) and of iou (at_least 0.2)"), sc::option_error);
    CHECK_THROWS_AS(static_cast<void>(mt::summarise({number(1), {"deletion", "at_least 0.5", 1}})), sc::option_error);
    CHECK_THROWS_AS(static_cast<void>(mt::summarise({})), sc::option_error);
    CHECK_THROWS_AS(static_cast<void>(mt::summarise({number(1)}, {.level = 1})), sc::option_error);
    CHECK_THROWS_AS(static_cast<void>(mt::summarise({number(1)}, {.resamples = 0})), sc::option_error);
}

TEST_CASE("correlations worked by hand")
{
    using tensor1 = sc::tensor<double, 1>;
    auto const of = [](std::vector<double> a, std::vector<double> b, mt::correlation how) {
        auto const n = static_cast<sc::index_t>(a.size());
        tensor1 const x{sc::extents<1>{n}, std::move(a)}, y{sc::extents<1>{n}, std::move(b)};
        return mt::similarity(x.view(), y.view(), how);
    };
    // deviations (-1.5, -.5, .5, 1.5) and (-1.5, .5, -.5, 1.5): 4 / 5
    CHECK(of({1, 2, 3, 4}, {1, 3, 2, 4}, mt::correlation::pearson).value == doctest::Approx(0.8));
    CHECK(of({1, 2, 3, 4}, {-2, -4, -6, -8}, mt::correlation::pearson).value == doctest::Approx(-1));
    // ranks (0, 1.5, 1.5, 3) and (0, 1, 2, 3): 4.5 / sqrt(4.5 · 5)
    CHECK(of({1, 2, 2, 9}, {1, 20, 300, 301}, mt::correlation::spearman).value == doctest::Approx(4.5 / std::sqrt(22.5)));
    CHECK(of({1, 2, 3, 4}, {1, 8, 27, 64}, mt::correlation::spearman).value == doctest::Approx(1));

    auto const flat = of({1, 1, 1}, {1, 2, 3}, mt::correlation::pearson);
    CHECK_FALSE(flat.has_value());
    CHECK(flat.why == mt::caveat::constant_map);
    CHECK(of({1, 2, 3}, {0, 0, 0}, mt::correlation::spearman).why == mt::caveat::constant_second_map);
    CHECK(of({1, 2, 3}, {3, 2, 5}, mt::correlation::spearman).protocol == "spearman");
    tensor1 const three{sc::extents<1>{3}}, four{sc::extents<1>{4}};
    CHECK_THROWS_AS(static_cast<void>(mt::similarity(three.view(), four.view())), sc::shape_error);
}

TEST_CASE("every metric and every caveat has a name of its own")
{
    std::set<std::string_view> names;
    for (auto const& one : mt::all_names) { CHECK(names.insert(one.name).second); }
    CHECK(names.size() == 15);
    std::set<std::string> caveats;
    for (int i = 0; i <= static_cast<int>(mt::caveat::at_pole); ++i) {
        caveats.insert(to_string(static_cast<mt::caveat>(i)));
    }
    CHECK(caveats.size() == 8);
    CHECK(caveats.count("unknown") == 0);
}
