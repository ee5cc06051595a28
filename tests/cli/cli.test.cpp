// The scorecam program as a user runs it: files, report, messages and exit status.
#include <algorithm>
#include <filesystem>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <xtensor/xmath.hpp>

#include <scorecam/opencv/images.hpp>
#include <scorecam/version.hpp>
#include <scorecam/xtensor/npy.hpp>

#include "program.hpp"

namespace fs = std::filesystem;
using namespace program;

TEST_CASE("explain writes an overlay and an array per class, and one report per picture")
{
    auto const out  = fresh("two");
    auto const done = run("explain " + network + " " + two + how +
                          " --target 3 --target 'striped disc' --baseline black --output " + out + " --panel");
    CAPTURE(done.text);
    REQUIRE(done.status == 0);
    CHECK(lines(done.text) == 2);
    CHECK(contains(done.text, "ringed ellipse"));

    std::string const stem = out + "/ringed_ellipse_and_striped_disc";
    auto const map         = scorecam::xtensor::load_npy<float, 2>(stem + ".3.npy");
    CHECK(map.shape(0) == 96);
    CHECK(*std::max_element(map.begin(), map.end()) == 1.0F);
    CHECK(*std::min_element(map.begin(), map.end()) == 0.0F);
    CHECK(scorecam::opencv::read_image(stem + ".0.overlay.png").cols == 224);

    auto const json = report(stem + ".json");
    for (auto const* key :
         {"model", "layers", "engine", "forwards", "batches", "seconds", "peak_bytes", "version", "options", "maps"}) {
        CAPTURE(std::string{key});
        CHECK(json.contains(key));
    }
    CHECK(json["version"] == SCORECAM_VERSION);
    REQUIRE(json["layers"].size() == 1);
    CHECK(json["layers"][0]["layer"] == "onnx_node!/features/relu5/Relu");
    CHECK(json["layers"][0]["channels"] == 64);
    CHECK(json["forwards"] == 64 - json["layers"][0]["flat_channels"].get<int>() + 2);  // the picture and the baseline
    CHECK(json["options"]["baseline"] == "black");
    CHECK(json["options"]["size"] == nlohmann::json({96, 96}));
    CHECK(json["options"]["colours"] == "rgb");
    REQUIRE(json["maps"].size() == 2);
    CHECK(json["maps"][0]["target"] == 3);
    CHECK(json["maps"][0]["label"] == "ringed ellipse");
    CHECK(json["maps"][1]["label"] == "striped disc");
    CHECK(json["maps"][0]["probability"].get<double>() > json["maps"][1]["probability"].get<double>());
    CHECK(fs::exists(out + "/" + json["maps"][1]["overlay"].get<std::string>()));
    CHECK(fs::exists(out + "/" + json["maps"][1]["npy"].get<std::string>()));

    auto const shown    = scorecam::opencv::read_image(stem + ".panel.png");
    auto const pictured = scorecam::opencv::read_image(files::own("examples/drawings/explained.png"));
    REQUIRE(shown.size() == pictured.size());
    CHECK(cv::mean(cv::abs(shown - pictured))[0] < 0.5);  // the picture in the README is what the program makes
}

TEST_CASE("explain fits maps, with as many masks as asked, and tells the error of each cell")
{
    auto const explained = [](std::string const& options, std::string const& folder) {
        auto const out = fresh(folder);
        auto const done =
            run("explain " + network + " " + two + how + " --target 3 --target 0 --output " + out + " " + options);
        CAPTURE(done.text);
        REQUIRE(done.status == 0);
        return out + "/ringed_ellipse_and_striped_disc";
    };
    auto const plain = explained("--convention fitted --forwards 16", "fitted");
    auto const grey  = explained("--convention fitted --forwards 16 --significant", "fitted_grey");
    auto const json  = report(plain + ".json");
    CHECK(json["forwards"] == 16 + 2);
    CHECK(json["options"]["masks"] == "fields:16");
    CHECK(report(grey + ".json")["options"]["significant"] == true);
    for (auto const& map : json["maps"]) {
        auto const cells = map["cells"];
        auto const count = cells["shape"][0].get<std::size_t>() * cells["shape"][1].get<std::size_t>();
        CHECK(cells["values"].size() == count);
        REQUIRE(cells["deviations"].size() == count);
        for (auto const& bar : cells["deviations"]) { CHECK(bar.get<double>() > 0); }
    }
    auto const with    = scorecam::opencv::read_image(plain + ".3.overlay.png"),
               without = scorecam::opencv::read_image(grey + ".3.overlay.png");
    REQUIRE(with.size() == without.size());
    int greyed = 0, kept = 0;
    for (int y = 0; y < with.rows; ++y) {
        for (int x = 0; x < with.cols; ++x) {
            auto const& a = with.at<cv::Vec3b>(y, x);
            auto const& b = without.at<cv::Vec3b>(y, x);
            (a == b ? kept : greyed) += 1;
            CHECK_FALSE((a != b && (b[0] != b[1] || b[1] != b[2])));
        }
    }
    CHECK(greyed > 0);
    CHECK(kept > 0);

    auto const refuses = [](std::string const& options, std::string const& why) {
        auto const done = run("explain " + network + " " + two + how + " " + options);
        CAPTURE(done.text);
        CHECK(done.status == 2);
        CHECK(contains(done.text, why));
    };
    refuses("--significant", "write --convention fitted with it");
    refuses("--forwards 8", "the masks of official are not drawn");
    refuses("--convention fitted --forwards 7", "write an even number");
    refuses("--convention fitted --forwards 8 --budget 8", "excludes");
}

TEST_CASE("every option reaches the computation and the report")
{
    auto const map_with = [](std::string const& options) {
        auto const out = fresh("options");
        auto const done =
            run("explain " + network + " " + samples + "plain_star.png" + how + " --output " + out + " " + options);
        CAPTURE(options);
        CAPTURE(done.text);
        REQUIRE(done.status == 0);
        return std::pair{scorecam::xtensor::load_npy<float, 2>(out + "/plain_star.4.npy"), report(out + "/plain_star.json")};
    };
    auto const plain = map_with("--target 4").first;
    for (std::string const options :
         {"--score logit", "--score sigmoid", "--baseline mean", "--baseline blur:4", "--background noise:7",
          "--baseline constant:0.5,0,-0.5", "--background blur:6", "--weighting relu --baseline mean", "--weighting softmax",
          "--weighting softmax --flat scored", "--layer /features/relu3/Relu", "--mean 0.5", "--bgr", "--scale 0.004"}) {
        auto const [map, json] = map_with("--target 4 " + options);
        CAPTURE(options);
        CHECK(largest_difference(map, plain) > 1e-3);
    }
    for (std::string const options : {"--batch 3", "--batch 64", "--memory 1MiB", "--threads 1"}) {
        auto const [map, json] = map_with("--target 4 " + options);
        CAPTURE(options);
        CHECK(largest_difference(map, plain) < 1e-4);  // the engine's last bits
    }
    for (std::string const convention :
         {"paper", "paper_algorithm_1", "torch_cam", "torch_cam_0_3_2", "torch_cam_0_3_1", "pytorch_grad_cam",
          "pytorch_grad_cam_probability", "tf_keras_vis", "group_cam", "uniform"}) {
        auto const [map, json] = map_with("--target 4 --convention " + convention);
        CAPTURE(convention);
        CHECK(largest_difference(map, plain) > 1e-3);
        CHECK(json["options"]["convention"] == convention);
    }
    CHECK(largest_difference(map_with("--target 4 --convention official").first, plain) == 0);
    auto const mixed =
        map_with("--target 4 --convention torch_cam --score probability --channels deviation:16").second["options"];
    CHECK(mixed["weighting"] == "softmax");
    CHECK(mixed["mask-epsilon"] == "1e-08");
    CHECK(mixed["score"] == "probability");
    CHECK(mixed["channels"] == "deviation:16");
    CHECK(map_with("--target top --weighting softmax --baseline image:" + samples + "striped_disc.png")
              .second["baseline_cancels"] == true);
    CHECK(map_with("--memory 1MiB").second["options"]["memory"] == "1MiB");
    CHECK(map_with("--batch 3").second["batches"].get<int>() > 20);
}

TEST_CASE("the maps of several layers are written, and the one they make")
{
    auto const map_with = [](std::string const& options) {
        auto const out  = fresh("layers");
        auto const done = run("explain " + network + " " + two + how + " --target 3 --output " + out + options);
        CAPTURE(done.text);
        REQUIRE(done.status == 0);
        return std::pair{scorecam::xtensor::load_npy<float, 2>(out + "/ringed_ellipse_and_striped_disc.3.npy"),
                         report(out + "/ringed_ellipse_and_striped_disc.json")};
    };
    std::string const early      = " --layer /features/relu3/Relu";
    std::string const late       = " --layer /features/relu5/Relu";
    auto const [of_early, a]     = map_with(early);
    auto const [of_late, b]      = map_with(late);
    auto const [fused, together] = map_with(early + late + " --fuse product");
    CHECK(together["forwards"] == a["forwards"].get<int>() + b["forwards"].get<int>() - 1);
    CHECK(together["options"]["layers"].size() == 2);
    REQUIRE(together["maps"][0]["layers"].size() == 2);
    auto const written = scorecam::xtensor::load_npy<float, 2>(together["options"]["output"].get<std::string>() + "/" +
                                                               together["maps"][0]["layers"][1]["npy"].get<std::string>());
    CHECK(largest_difference(written, of_late) < 1e-4);
    xt::xtensor<float, 2> product = of_early * of_late;
    product /= xt::amax(product)();
    CHECK(largest_difference(fused, product) < 1e-3);
    CHECK(largest_difference(map_with(early + late + " --fuse mean").first, product) > 0.01);
}

TEST_CASE("a broken picture is reported on one line and does not stop the others")
{
    auto const out  = fresh("broken");
    auto const done = run("explain " + network + " no/such.png " + samples + "striped_disc.png" + how + " --output " + out);
    CHECK(done.status == 1);
    CHECK(lines(done.text) == 2);
    CHECK(contains(done.text, "no/such.png"));
    CHECK(fs::exists(out + "/striped_disc.json"));
}

TEST_CASE("errors are one line that says what to do")
{
    auto const fails = [](std::string const& arguments, std::string const& expected, int status = 1) {
        auto const done = run("explain " + arguments);
        CAPTURE(done.text);
        CHECK(done.status == status);
        CHECK(lines(done.text) == 1);
        CHECK(contains(done.text, expected));
    };
    std::string const picture = " " + samples + "striped_disc.png ";
    fails(network + picture + how + " --target 8", "0 to 7");
    fails(network + picture + how + " --target zebra", "'zebra'");
    fails(network + picture + how + " --target top2 --target 1", "top cannot be mixed", 2);
    fails(network + picture + how + " --target top9", "1 to 8");
    fails(network + picture + how + " --layer nothing", "relu5");
    fails(network + picture + how + " --baseline red", "black, constant:V", 2);
    fails(network + picture + how + " --memory 5apples", "64MiB", 2);
    fails(network + picture + how + " --memory 1kB", "110592 bytes");
    fails(network + picture + how + " --batch 0", "from 1 on", 2);
    fails(network + picture + " --size big", "HEIGHTxWIDTH", 2);
    fails(network + picture + picture + how, "--output", 2);
    fails(network + picture + how + " --output /proc/nothing", "/proc/nothing", 2);
    fails(network + picture + how + " --target 3 --target 3", "each class once", 2);
    fails(network + picture + how + " --baseline blur:1,2", "blur:SIGMA", 2);
    fails(network + picture + " --size 4", "give the size and the channels");
    fails(files::own("README.md") + picture + " --engine opencv", "cannot read the network");
    fails(files::own("README.md") + picture, "not an ONNX file");
}

TEST_CASE("options may stand before the network and the pictures")
{
    auto const done = run("explain --target 0 --mean 1 --std 1 " + how + " --output " + fresh("before") + " " + network +
                          " " + samples + "striped_disc.png --target 3");
    CAPTURE(done.text);
    CHECK(done.status == 0);
    CHECK(lines(done.text) == 2);
}

TEST_CASE("compare lists every convention with its distance from the official map")
{
    auto const table = fresh("compare.json");
    auto const done =
        run("compare " + network + " " + samples + "plain_star.png --preset imagenet-tf --size 96 --composition uniform" +
            " --composition official,channels=deviation:16 --composition torch_cam --json " + table + " --panel " + table +
            ".png");
    CAPTURE(done.text);
    REQUIRE(done.status == 0);
    auto const panel = scorecam::opencv::read_image(table + ".png");
    CHECK(panel.cols == 5 * 160 + 4 * 4);  // the picture and four maps
    auto const rows = report(table);
    REQUIRE(rows.size() == 4);
    CHECK(rows[0]["composition"] == "official");
    CHECK(rows[0]["rank_correlation"] == doctest::Approx(1.0));
    CHECK(rows[0]["largest_difference"] == 0);
    CHECK(rows[1]["forwards"] == 1);
    CHECK(rows[1]["largest_difference"] > 0.01);
    CHECK(rows[2]["forwards"] == 17);
    CHECK(rows[2]["steps"]["channels"] == "deviation:16");
    CHECK(rows[3]["rank_correlation"] < 1);
    CHECK(run("compare " + network + " " + samples + "plain_star.png --composition nothing").status == 2);
    CHECK(run("compare " + network + " " + samples + "plain_star.png --composition official,score").status == 2);
}

TEST_CASE("wrong usage is status 2, help and version are 0")
{
    CHECK(run("").status == 2);
    CHECK(run("explain").status == 2);
    CHECK(run("explain no.onnx x.png").status == 2);
    CHECK(lines(run("explain no.onnx x.png").text) == 1);
    CHECK(run("explain " + network + " x.png --score loud").status == 2);
    CHECK(run("explain " + network + " x.png --threads -1").status == 2);
    CHECK(run("explain " + network + " x.png --threads 100000").status == 2);
    CHECK(run("explain --help").status == 0);
    auto const help = run("explain --help").text;
    CHECK(contains(help, "--baseline"));
    CHECK(contains(help, "What is read from the outputs: probability, logit or sigmoid"));  // as the table has it
    CHECK(contains(help, "float32 or bfloat16"));
    CHECK(contains(run("evaluate --help").text, "opencv"));
    CHECK(contains(run("--version").text, SCORECAM_VERSION));
}

TEST_CASE("a name or a value that is none is status 2 in every command, and the line says what may be written")
{
    auto const refuses = [](std::string const& command, std::string const& options, std::string const& expected) {
        auto const picture = command == "layers" ? "" : " " + samples + "plain_star.png";
        auto const done    = run(command + " " + network + picture + " --preset imagenet-tf --size 96 " + options);
        CAPTURE(command);
        CAPTURE(options);
        CAPTURE(done.text);
        CHECK(done.status == 2);
        CHECK(lines(done.text) == 1);
        CHECK(contains(done.text, expected));
    };
    refuses("explain", "--score logt", "--score logt: write probability, logit or sigmoid");
    refuses("explain", "--weighting sofmax", "write raw, relu, softmax, uniform, centred, drop or relative-drop");
    refuses("explain", "--map-scaling nne", "write none or min-max");
    refuses("explain", "--channels list:1.5", "list:K,K,...");
    refuses("explain", "--channels list:1e30", "K from 0 to");
    refuses("explain", "--channels share:nan", "S above 0");
    refuses("explain", "--groups 9223372036854775807", "write none or N (N from 1 to 1000000000)");
    refuses("explain", "--background blur:1:1000000000", "RADIUS from 0 to 10000");
    refuses("explain", "--mask-epsilon nan", "write EPSILON from 0 to 1");
    refuses("explain", "--baseline image:", "image:FILE");
    refuses("explain", "--tolerance nan", "write ERROR from 1e-06 to 0.999");
    refuses("explain", "--tolerance 1", "write ERROR from 1e-06 to 0.999");
    refuses("explain", "--budget 0", "write N from 1");
    refuses("explain", "--concurrency 100000", "--concurrency 100000: write");
    refuses("explain", "--convention offical", "write official, paper,");
    refuses("explain", "--fuse max", "write maximum, mean or product");
    refuses("explain", "--target top0", "N from 1");
    refuses("explain", "--mean 0,inf,0", "--mean");
    refuses("layers", "--scale 0", "write FACTOR above 0");
    refuses("layers", "--scale nan", "write FACTOR above 0");
    refuses("layers", "--std 0", "write DEVIATION above 0");
    refuses("layers", "--engine abacus", "or opencv");
    refuses("compare", "--composition official,score=logt", "score=logt: write probability, logit or sigmoid");
    refuses("compare", "--composition official,weighting=sofmax",
            "write raw, relu, softmax, uniform, centred, drop or relative-drop");
    refuses("compare", "--composition official,map-scaling=nne", "write none or min-max");
    refuses("compare", "--composition uniform --composition official,channels=list:1,x", "list:1,x: write all,");
    refuses("compare", "--composition official,wieghting=relu",
            "wieghting=relu: write one of masks, place, groups, channels,");
    refuses("compare", "--composition official,tolerance=nan", "write ERROR from 1e-06 to 0.999");
    refuses("compare", "--composition offical", "write the name of a convention first: official,");
    refuses("bench", "--seconds nan", "write SECONDS from 0");
    refuses("bench", "--batch 8 --top-channels 0", "write N from 1");
}

TEST_CASE("layers lists what can be explained, with shapes and the default")
{
    auto const done = run("layers " + network + " --size 96 --engine opencv");
    CHECK(done.status == 0);
    CHECK(contains(done.text, "* ReLU"));
    CHECK(contains(done.text, "(64, 12, 12)"));
    CHECK(contains(done.text, "/features/conv1/Conv"));
}
