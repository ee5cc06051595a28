// scorecam bench as a user runs it. What a case's map is like is worked out from the files of scorecam explain.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <scorecam/opencv/images.hpp>
#include <scorecam/version.hpp>
#include <scorecam/xtensor/npy.hpp>

#include "program.hpp"

using namespace program;

namespace {

std::map<std::string, nlohmann::json> by_name(nlohmann::json const& result)
{
    std::map<std::string, nlohmann::json> all;
    for (auto const& one : result["cases"]) { all[one["name"].get<std::string>()] = one; }
    return all;
}

struct explained {
    xt::xtensor<float, 2> map;
    nlohmann::json report;
};
explained explain(std::string const& options)
{
    auto const out  = fresh("explained");
    auto const done = run("explain " + network + " " + two + how + " --target 3 --output " + out + " " + options);
    CAPTURE(done.text);
    REQUIRE(done.status == 0);
    auto const stem = out + "/ringed_ellipse_and_striped_disc";
    return {scorecam::xtensor::load_npy<float, 2>(stem + ".3.npy"), report(stem + ".json")};
}

bool is_spread(nlohmann::json const& times, std::size_t number)
{
    return times["all"].size() == number && 0 < times["q1"] && times["q1"] <= times["median"] &&
           times["median"] <= times["q3"];
}

}  // namespace

TEST_CASE("every case asked for is measured, and its map is that of explain with the same options")
{
    auto const file = fresh("bench.json");
    auto const done =
        run("bench " + network + " " + two + how +
            " --target 3 --batch 8 --batch 16,64 --threads 1 --budget 16 --top-channels 16 --rounds 4 --json " + file +
            " --plot " + file + ".png");
    CAPTURE(done.text);
    REQUIRE(done.status == 0);
    auto const result = report(file);
    CHECK(result["rounds"] == 4);
    CHECK(result["version"] == SCORECAM_VERSION);
    CHECK(contains(result["command"], "--batch 16,64"));
    CHECK(result["targets"] == nlohmann::json({3}));
    for (auto const* key : {"processor", "hardware_threads", "compiler", "engine", "model", "layer", "load"}) {
        CAPTURE(std::string{key});
        CHECK(!result[key].is_null());
    }

    auto const cases = by_name(result);
    std::set<std::string> names, expected;
    for (auto const& [name, one] : cases) { names.insert(name); }
    for (std::string const effort : {"exact", "forwards:16", "deviation:16"}) {
        for (std::string const batch : {"8", "16", "64"}) {
            expected.insert(effort + "/batch:" + batch + "/threads:1/concurrency:1/precision:float32");
        }
    }
    CHECK(names == expected);

    auto const exact = explain("--threads 1 --batch 8");
    for (auto const& [effort, options] : std::vector<std::pair<std::string, std::string>>{
             {"exact", ""}, {"forwards:16", " --budget 16"}, {"deviation:16", " --channels deviation:16"}}) {
        auto const wanted = explain("--threads 1 --batch 8" + options);
        auto const one    = cases.at(effort + "/batch:8/threads:1/concurrency:1/precision:float32");
        CAPTURE(effort);
        CHECK(one["forwards"] == wanted.report["forwards"]);
        CHECK(one["peak_bytes"] == wanted.report["peak_bytes"]);
        CHECK(one["largest_difference"].get<double>() ==
              doctest::Approx(largest_difference(wanted.map, exact.map)).epsilon(1e-6));
        if (effort == "forwards:16") { CHECK(one["predicted_error"] == wanted.report["maps"][0]["predicted_error"]); }
    }

    for (auto const& [name, one] : cases) {
        CAPTURE(name);
        bool const is_exact = name.rfind("exact/", 0) == 0;
        CHECK((one["largest_difference"].get<double>() < 1e-4) == is_exact);  // 1e-4: the engine's last bits
        CHECK(one["rank_correlation"].get<double>() <= 1 + 1e-12);
        for (auto const* times :
             {"seconds", "cpu_seconds", "bare_seconds", "bare_cpu_seconds", "overhead", "overhead_cpu"}) {
            CAPTURE(std::string{times});
            CHECK(is_spread(one[times], 4));
        }
        CHECK(one["overhead"]["all"][2].get<double>() ==
              doctest::Approx(one["seconds"]["all"][2].get<double>() / one["bare_seconds"]["all"][2].get<double>()));
        CHECK(one["outside_engine"]["median"].get<double>() < 1);
        CHECK(one["images_per_second"].get<double>() ==
              doctest::Approx(one["forwards"].get<double>() / one["seconds"]["median"].get<double>()));
        CHECK(one["process_bytes"].get<double>() > one["peak_bytes"].get<double>());
    }
    auto const of_batch = [&](std::string const& size) {
        return cases.at("exact/batch:" + size + "/threads:1/concurrency:1/precision:float32");
    };
    CHECK(of_batch("64")["batches"] < of_batch("8")["batches"]);
    CHECK(of_batch("64")["peak_bytes"] > of_batch("16")["peak_bytes"]);

    auto const picture = scorecam::opencv::read_image(file + ".png");
    CHECK(picture.cols > 600);
    cv::Mat grey;
    cv::cvtColor(picture, grey, cv::COLOR_BGR2GRAY);
    auto const drawn = static_cast<double>(cv::countNonZero(grey < 128)) / static_cast<double>(grey.total());
    CHECK(drawn > 0.002);
    CHECK(drawn < 0.2);
}

TEST_CASE("without lists every part is varied by itself, and what the engine does not offer is left out by name")
{
    auto const file = fresh("default.json");
    auto const done = run("bench " + network + " --preset imagenet-tf --size 96 --rounds 1 --json " + file);
    CAPTURE(done.text);
    REQUIRE(done.status == 0);
    CHECK(contains(done.text, "The picture was drawn"));
    auto const result = report(file);
    CHECK(result["picture"] == "drawn");
    auto const cases = by_name(result);
    CHECK(cases.size() == result["cases"].size());
    for (std::string const name : {"exact/batch:auto/threads:all/concurrency:1/precision:float32",
                                   "exact/batch:32/threads:all/concurrency:1/precision:float32",
                                   "exact/batch:tuned/threads:all/concurrency:1/precision:float32",
                                   "exact/batch:shrinking:64/threads:all/concurrency:1/precision:float32",
                                   "exact/memory:8MiB/threads:all/concurrency:1/precision:float32",
                                   "exact/batch:auto/threads:1/concurrency:1/precision:float32",
                                   "forwards:16/batch:auto/threads:all/concurrency:1/precision:float32",
                                   "tolerance:0.05/batch:auto/threads:all/concurrency:1/precision:float32",
                                   "deviation:32/batch:auto/threads:all/concurrency:1/precision:float32"}) {
        CAPTURE(name);
        CHECK(cases.count(name) == 1);
    }
    std::map<std::string, std::string> left_out;
    for (auto const& one : result["left_out"]) { left_out[one["name"]] = one["reason"]; }
    CHECK(contains(left_out["exact/batch:auto/threads:all/concurrency:1/precision:bfloat16"], "computes in float32 here"));
    CHECK(contains(done.text,
                   "left out: exact/batch:auto/threads:all/concurrency:1/precision:bfloat16: --precision bfloat16"));
}

TEST_CASE("rounds end with the time given for them")
{
    auto const file = fresh("seconds.json");
    auto const done = run("bench " + network + " " + two + how + " --batch 8 --rounds 100000 --seconds 0.5 --json " + file);
    CAPTURE(done.text);
    REQUIRE(done.status == 0);
    auto const result = report(file);
    double spent      = 0;
    for (auto const* times : {"seconds", "bare_seconds"}) {
        for (auto const& one : result["cases"][0][times]["all"]) { spent += one.get<double>(); }
    }
    CHECK(result["rounds"] >= 1);
    bool const ended = result["rounds"] == 1 || spent < 0.75;  // a busy machine may take longer for the last than for others
    CHECK(ended);
}

TEST_CASE("what cannot be measured is one line that says what to write instead")
{
    auto const fails = [](std::string const& arguments, std::string const& expected, int status = 2) {
        auto const done = run("bench " + arguments);
        CAPTURE(arguments);
        CAPTURE(done.text);
        CHECK(done.status == status);
        CHECK(lines(done.text) == 1);
        CHECK(contains(done.text, expected));
    };
    std::string const all = network + " " + two + how;
    fails(all + " --batch 8,many", "--batch many: write a number from 1 on, auto, tuned or shrinking:N");
    fails(all + " --memory 5apples", "64MiB");
    fails(all + " --threads 0", "or all");
    fails(all + " --concurrency x", "--concurrency x");
    fails(all + " --precision half", "--precision");
    fails(all + " --budget 1.5", "--budget");
    fails(all + " --tolerance 2", "--tolerance");
    fails(all + " --target 8", "0 to 7", 1);
    fails(network + " no/such.png" + how, "no/such.png", 1);
    fails(all + " --precision bfloat16", "computes in float32 here; write --precision float32");
    fails(all + " --json /proc/nothing", "--json /proc/nothing");
    fails(all + " --plot " + fresh("plot.txt"), "plot.png");
}
