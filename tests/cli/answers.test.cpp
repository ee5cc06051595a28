// The scorecam program on networks that answer with boxes, segments and embeddings, and on whole pictures.
#include <cmath>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <scorecam/opencv/images.hpp>
#include <scorecam/xtensor/npy.hpp>

#include "onnx/written.hpp"
#include "program.hpp"

using namespace program;
using namespace onnx_written;

namespace {

std::string written(std::string const& name, std::string const& graph)
{
    std::string const file = fresh(name + ".onnx");
    std::ofstream{file, std::ios::binary} << onnx_written::network(graph);
    return file;
}
/// x -> act (n, 6, 16, 16) -> logits (n, classes, 16, 16)
std::string places(std::string const& to, std::int64_t classes)
{
    return varied("w", {6, 3, 3, 3}) + varied("v", {classes, 6, 1, 1}) +
           node("Conv", {"x", "w"}, "c",
                integers_attribute("kernel_shape", {3, 3}) + integers_attribute("pads", {1, 1, 1, 1})) +
           node("Relu", {"c"}, "act") + node("Conv", {"act", "v"}, to, integers_attribute("kernel_shape", {1, 1}));
}
std::string const small = input("x", {-1, 3, 16, 16});

struct explained {
    outcome done;
    nlohmann::json json{};
    std::string folder;
};
/// A picture of 40 x 20 pixels.
explained explain(std::string const& file, std::string const& options)
{
    explained found;
    found.folder = fresh("answers");
    cv::Mat wide(20, 40, CV_8UC3, cv::Scalar{30, 60, 90});
    wide(cv::Rect{4, 4, 10, 12}).setTo(cv::Scalar{220, 200, 10});
    wide(cv::Rect{25, 6, 12, 10}).setTo(cv::Scalar{10, 30, 250});
    auto const picture = fresh("wide.png");
    scorecam::opencv::write_image(picture, wide);
    found.done = run("explain " + file + " " + picture + " --size 16 " + options + " --output " + found.folder);
    if (found.done.status == 0) {
        auto const name = std::filesystem::path{picture}.stem().string();
        found.json      = report(found.folder + "/" + name + ".json");
    }
    return found;
}

}  // namespace

TEST_CASE("a segmenter: the region that is predicted, a class's own, or one place")
{
    auto const file    = written("segmenter", small + places("y", 4) + output("y", {-1, 4, 16, 16}));
    auto const without = explain(file, "");
    CHECK(without.done.status == 1);
    CHECK(contains(without.done.text, "write --task detection or --task segmentation"));

    for (std::string const other : {"--at 5,5", "--task segmentation --box 1,1,5,5", "--task segmentation --boxes xywh",
                                    "--task segmentation --score logit", "--task detection --at 5,5"}) {
        CAPTURE(other);
        auto const refused = explain(file, other);  // they would change nothing
        CHECK(refused.done.status == 2);
        CHECK(contains(refused.done.text, "leave "));
    }
    auto const top = explain(file, "--task segmentation --fit stretch --target top3");
    CAPTURE(top.done.text);
    REQUIRE(top.done.status == 0);
    auto const regions = top.json["maps"].size();
    CHECK(regions >= 1);
    CHECK(top.json["options"]["task"] == "segmentation");
    CHECK(top.json["forwards"] ==
          top.json["layers"][0]["channels"].get<int>() - top.json["layers"][0]["flat_channels"].get<int>() + 1);
    int const target = top.json["maps"][0]["target"];
    CHECK(target != 0);
    CHECK(top.json["maps"][0]["region_cells"] > 0);
    auto const same = explain(file, "--task segmentation --fit stretch --target " + std::to_string(target));
    REQUIRE(same.done.status == 0);
    CHECK(same.json["maps"][0]["region_cells"] == top.json["maps"][0]["region_cells"]);
    auto const at = explain(file, "--task segmentation --fit stretch --at 30,10");
    REQUIRE(at.done.status == 0);
    CHECK(at.json["maps"][0]["region_cells"] == 1);
    CHECK(explain(file, "--task segmentation --target 4").done.status != 0);
    auto const beside = explain(file, "--task segmentation --at 1,10");  // cropped away
    CHECK(beside.done.status != 0);
    CHECK(contains(beside.done.text, "the network does not see that place"));
}

TEST_CASE("a detector: what suppression leaves is numbered, and any box may be asked about")
{
    // (n, 6, 256): sigmoids, so that boxes are shares of the input
    auto const shaped = written("detector", small + places("c6", 6) + node("Sigmoid", {"c6"}, "s") +
                                                constant<std::int64_t>("to", {3}, {0, 6, 256}) +
                                                node("Reshape", {"s", "to"}, "y") + output("y", {-1, 6, 256}));
    auto const found  = explain(shaped, "--task detection");
    CAPTURE(found.done.text);
    REQUIRE(found.done.status == 0);
    CHECK(contains(found.done.text, "detection 0 class "));
    CHECK(found.json["options"]["fit"] == "letterbox");
    auto const& box = found.json["maps"][0]["box"];
    REQUIRE(box.size() == 4);
    CHECK(box[2] > 0);
    CHECK(found.json["maps"][0]["score"] >= 0.25);

    auto const beyond = explain(shaped, "--task detection --target 9999");
    CHECK(beyond.done.status != 0);
    CHECK(contains(beyond.done.text, "detections are numbered from 0 to "));
    auto const own = explain(shaped, "--task detection --box 4,4,20,12");
    CAPTURE(own.done.text);
    REQUIRE(own.done.status == 0);
    CHECK(own.json["maps"][0]["box"] == nlohmann::json({4, 4, 20, 12}));
    CHECK(explain(shaped, "--task detection --boxes zzz").done.status == 2);
    CHECK(explain(shaped, "--task detection --box 1,2,3").done.status == 2);
}

TEST_CASE("an embedding: a picture is compared with another one, or with numbers")
{
    auto const file    = written("embedder", small + places("c6", 6) + node("GlobalAveragePool", {"c6"}, "mean") +
                                                 node("Flatten", {"mean"}, "y") + output("y", {-1, 6}));
    auto const missing = explain(file, "--task embedding");
    CHECK(missing.done.status == 2);
    CHECK(contains(missing.done.text, "--reference"));
    auto const found = explain(file, "--task embedding --reference " + samples + "plain_star.png");
    CAPTURE(found.done.text);
    REQUIRE(found.done.status == 0);
    CHECK(std::abs(found.json["maps"][0]["score"].get<double>()) <= 1.0001);
    auto const numbers = fresh("other.npy");
    scorecam::tensor<float, 1> const five{{{5}}, {1, 2, 3, 4, 5}};
    scorecam::xtensor::save_npy(numbers, five.view());
    auto const wrong = explain(file, "--task embedding --reference " + numbers);
    CHECK(wrong.done.status != 0);
    CHECK(contains(wrong.done.text, "has 5 numbers, the network's output has 6"));
}

TEST_CASE("the whole picture is shown, maps can have its size, and boxes are read from maps")
{
    auto const how   = program::network + " " + samples + "striped_disc.png " + how_by_itself;
    auto const out   = fresh("whole");
    auto const found = run("explain " + how + " --boxes-of-map 0.5 --map-size picture --output " + out);
    CAPTURE(found.text);
    REQUIRE(found.status == 0);
    auto const json = report(out + "/striped_disc.json");
    auto const& one = json["maps"][0];
    REQUIRE(one["objects"].size() >= 1);
    CHECK(one["objects"][0]["box"].size() == 4);
    CHECK(one["objects"][0]["peak"].get<double>() == doctest::Approx(1));
    CHECK(one["objects"][0]["outline"].size() >= 3);
    auto const picture = scorecam::opencv::read_image(samples + "striped_disc.png");
    auto const map     = scorecam::xtensor::load_npy<float, 2>(out + "/" + one["npy"].get<std::string>());
    CHECK(map.shape(0) == static_cast<std::size_t>(picture.rows));
    CHECK(map.shape(1) == static_cast<std::size_t>(picture.cols));
    CHECK(run("explain " + how + " --boxes-of-map 0 --output " + out).status == 2);
    CHECK(run("explain " + how + " --fit squash --output " + out).status == 2);
}
