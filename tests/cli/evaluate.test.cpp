// scorecam evaluate and merge as a user runs them: cut off, in parts, on many ranks, and what comes out.
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include <scorecam/opencv/images.hpp>
#include <scorecam/xtensor/npy.hpp>

#include "onnx/written.hpp"
#include "program.hpp"

namespace fs = std::filesystem;
using namespace program;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

constexpr int rows      = 8;
std::string const quick = how + " --curves torch_cam:4 --composition official,channels=deviation:8"
                                " --composition torch_cam,channels=deviation:8 ";

std::string bytes(fs::path const& file)
{
    std::ifstream in{file, std::ios::binary};
    std::ostringstream all;
    all << in.rdbuf();
    return all.str();
}
json results(std::string const& folder) { return json::parse(bytes(folder + "/results.json")); }

/// results.json, .csv, .md and curves.png.
void check_same_results(std::string const& a, std::string const& b)
{
    for (auto const* file : {"/results.json", "/results.csv", "/results.md", "/curves.png"}) {
        CAPTURE(std::string{file});
        CHECK(!bytes(a + file).empty());
        CHECK(bytes(a + file) == bytes(b + file));
    }
}

/// The first of the project's own pictures.
std::string const& list_of_samples()
{
    static std::string const file = [] {
        std::ifstream all{samples + "samples.csv"};
        auto const part = fresh("samples.csv");
        std::ofstream out{part};
        std::string line;
        std::getline(all, line);
        out << line << '\n';
        for (int row = 0; row < rows && std::getline(all, line); ++row) {
            auto const mask = line.rfind(',') + 1;
            out << samples << line.substr(0, mask) << samples << line.substr(mask) << '\n';
        }
        return part;
    }();
    return file;
}
std::string const& evaluate_samples()
{
    static std::string const command = "evaluate " + network + " " + list_of_samples() + quick + "--output ";
    return command;
}

/// A list beside a picture that is none.
std::string list_with(std::string const& name, std::string const& text)
{
    auto const folder = fresh(name);
    fs::create_directories(folder);
    std::ofstream{folder + "/broken.png"} << "no picture";
    std::ofstream{folder + "/list.csv"} << text;
    return folder + "/list.csv";
}

/// A command on its own, killed when it goes out of scope.
class background {
public:
    explicit background(std::string const& line) : process_{fork()}
    {
        if (process_ == 0) {
            execl("/bin/sh", "sh", "-c", ("exec " + line + " >/dev/null 2>&1").c_str(), nullptr);
            _exit(127);
        }
    }
    ~background()
    {
        if (process_ > 0) { kill(); }
    }
    background(background const&)            = delete;
    background& operator=(background const&) = delete;

    void hold() const { ::kill(process_, SIGSTOP); }
    void kill()
    {
        ::kill(process_, SIGKILL);
        (void)wait();
    }
    [[nodiscard]] int wait()
    {
        int status = 0;
        waitpid(process_, &status, 0);
        process_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

private:
    pid_t process_;
};

[[nodiscard]] bool soon(std::function<bool()> const& true_at_last)
{
    for (auto const end = std::chrono::steady_clock::now() + 120s; std::chrono::steady_clock::now() < end;
         std::this_thread::sleep_for(2ms)) {
        if (true_at_last()) { return true; }
    }
    return false;
}

/// What one process makes of them.
std::string const& whole()
{
    static std::string const folder = [] {
        auto const out  = fresh("whole");
        auto const done = run(evaluate_samples() + out);
        CAPTURE(done.text);
        REQUIRE(done.status == 0);
        return out;
    }();
    return folder;
}

json const& line_of(json const& all, std::string const& configuration, std::string const& metric)
{
    for (auto const& line : all["table"]) {
        if (line["configuration"] == configuration && line["metric"] == metric) { return line; }
    }
    FAIL((configuration + " has no " + metric));
    return all;
}

}  // namespace

TEST_CASE("the table has every configuration and both controls, and its numbers are those of the maps that explain writes")
{
    auto const all = results(whole());
    CHECK(all["pictures"] == rows);
    CHECK(all["failed"].empty());
    auto const names = {"official,channels=deviation:8", "torch_cam,channels=deviation:8", "uniform", "random"};
    for (auto const* metric : {"average_drop", "average_increase", "average_gain", "insertion", "deletion",
                               "energy_pointing_game", "pointing_game", "iou"}) {
        for (auto const* configuration : names) {
            auto const& line = line_of(all, configuration, metric);
            CAPTURE(line.dump());
            CHECK(line["n"].get<int>() + line["undefined"].get<int>() == rows);
            CHECK(line["low"].get<double>() <= line["mean"].get<double>());
            CHECK(line["mean"].get<double>() <= line["high"].get<double>());
            CHECK(line.contains("beside_control") == (std::string{configuration} != "uniform"));
        }
    }
    CHECK(all["table"].size() == 8 * 4);
    CHECK(lines(bytes(whole() + "/results.csv")) == 8 * 4 + 1);
    CHECK(line_of(all, "torch_cam,channels=deviation:8", "deletion")["protocol"] == "torch_cam (steps 4)");
    CHECK(line_of(all, "torch_cam,channels=deviation:8", "deletion")["better"] == "lower");

    // Maps and masks from elsewhere: explain's arrays, the masks' own pixels.
    auto const out  = fresh("maps");
    auto const done = run("explain " + network + " " + samples + "plain_star.png" + how +
                          " --convention torch_cam --channels deviation:8 --target 4 --output " + out);
    REQUIRE(done.status == 0);
    auto const map  = scorecam::xtensor::load_npy<float, 2>(out + "/plain_star.4.npy");
    auto const mask = scorecam::opencv::read_image(samples + "plain_star.mask.4.png");
    double inside = 0, sum = 0, covered = 0;
    for (int y = 0; y < 96; ++y) {
        for (int x = 0; x < 96; ++x) {
            bool const on_object = mask.at<cv::Vec3b>(y, x)[0] == 255;
            auto const value     = static_cast<double>(map(static_cast<std::size_t>(y), static_cast<std::size_t>(x)));
            sum += value;
            inside += on_object ? value : 0;
            covered += on_object ? 1.0 / (96 * 96) : 0;
        }
    }
    std::ifstream journal{whole() + "/journal.jsonl"};
    std::string text;
    std::getline(journal, text);
    auto const columns = json::parse(text)["columns"];
    auto const energy  = static_cast<std::size_t>(
        std::find_if(columns.begin(), columns.end(), [](auto const& c) { return c["metric"] == "energy_pointing_game"; }) -
        columns.begin());
    json row = json::object();
    while (std::getline(journal, text) && row.value("class", 0) != 4) { row = json::parse(text); }
    REQUIRE(row["image"] == samples + "plain_star.png");
    CHECK(row["maps"][1]["numbers"][energy].get<double>() == doctest::Approx(inside / sum).epsilon(1e-5));
    CHECK(row["maps"][3]["numbers"][energy].get<double>() == doctest::Approx(covered).epsilon(0.1));  // a random map's share
    auto const probability = report(out + "/plain_star.json")["maps"][0]["probability"].get<double>();
    CHECK(row["score"].get<double>() == doctest::Approx(probability).epsilon(1e-5));
    CHECK(row["maps"][1]["insertion"].back().get<double>() == doctest::Approx(row["score"].get<double>()).epsilon(1e-4));
}

TEST_CASE("killed and begun again, it ends with the same bytes" *
          long_when_sanitized{"the maps are those of the parts that are merged"})
{
    auto const out     = fresh("killed");
    auto const journal = out + "/journal.jsonl";
    auto const command = evaluate_samples() + out;
    background first{SCORECAM_PROGRAM + (" " + command)};
    REQUIRE(soon([&] { return lines(bytes(journal)) >= 3; }));
    first.hold();
    auto const second = run(command);
    CHECK(second.status == 1);
    CHECK(contains(second.text, "being written by another run"));
    first.kill();
    auto const before = lines(bytes(journal));
    REQUIRE(before < 1 + rows);  // it was in the middle
    CHECK(!fs::exists(out + "/results.json"));
    std::ofstream{journal, std::ios::app} << R"({"row":5,"image":"half a li)";  // as power that fails leaves it

    auto const done = run(command);
    CAPTURE(done.text);
    CHECK(done.status == 0);
    CHECK(contains(done.text, std::to_string(before - 1) + " of " + std::to_string(rows) + " pictures are in"));
    CHECK(lines(bytes(journal)) == 1 + rows);
    check_same_results(out, whole());

    auto const again = run(command);  // nothing is left to do
    CHECK(again.status == 0);
    CHECK(lines(bytes(journal)) == 1 + rows);
    check_same_results(out, whole());
}

TEST_CASE("parts that are merged give the bytes of the single run, whatever their threads and their order")
{
    auto const out = fresh("parts");
    for (auto const* part : {"3/3", "1/3", "2/3"}) {
        auto const done = run(evaluate_samples() + out + " --shard " + part + " --threads 1");
        CAPTURE(done.text);
        REQUIRE(done.status == 0);
    }
    CHECK(!fs::exists(out + "/results.json"));
    auto const part = [&](int i) { return out + "/journal." + std::to_string(i) + "-of-3.jsonl "; };
    CHECK(lines(bytes(out + "/journal.1-of-3.jsonl")) == 1 + 3);
    CHECK(lines(bytes(out + "/journal.3-of-3.jsonl")) == 1 + 2);
    auto const merged = run("merge " + part(2) + part(3) + part(1) + "--output " + out + "/merged");
    CAPTURE(merged.text);
    CHECK(merged.status == 0);
    check_same_results(out + "/merged", whole());

    auto const fails = [&](std::string const& journals, std::string const& expected) {
        auto const done = run("merge " + journals + "--output " + out + "/wrong");
        CAPTURE(done.text);
        CHECK(done.status == 2);
        CHECK(lines(done.text) == 1);
        CHECK(contains(done.text, expected));
        CHECK(!fs::exists(out + "/wrong"));
    };
    fails(part(1) + part(3), "row 1 is missing, and 3 of 8 rows altogether");
    fails(part(1) + part(2) + part(3) + part(2), "give each journal once");
    auto const header = bytes(out + "/journal.1-of-3.jsonl");
    std::ofstream{out + "/other.jsonl"} << header.substr(0, header.find("torch_cam (steps 4)")) << "rise"
                                        << header.substr(header.find("torch_cam (steps 4)") + 19);
    fails(out + "/other.jsonl " + part(2) + part(3), "\"rise\" here");
    fails(files::own("LICENSE") + " ", "is no line of a journal");
}

TEST_CASE("batches that tune themselves over all pictures give the same numbers")
{
    auto const out  = fresh("tuned");
    auto const done = run(evaluate_samples() + out + " --batch tuned");
    CAPTURE(done.text);
    REQUIRE(done.status == 0);
    auto const tuned = results(out);
    auto const fixed = results(whole());
    CHECK(tuned["run"]["configurations"][0]["options"]["batch"] == "tuned");
    CHECK(tuned["forwards"] == fixed["forwards"]);
    for (auto const* metric : {"insertion", "deletion", "energy_pointing_game"}) {
        for (auto const* configuration : {"official,channels=deviation:8", "torch_cam,channels=deviation:8", "uniform"}) {
            CAPTURE(std::string{metric});
            CHECK(line_of(tuned, configuration, metric)["mean"].get<double>() ==  // but for the engine's last bits
                  doctest::Approx(line_of(fixed, configuration, metric)["mean"].get<double>()).epsilon(1e-3));
        }
    }
}

TEST_CASE("a picture that cannot be used is named, left out and counted")
{
    auto const star = samples + "plain_star.png";
    auto const list =
        list_with("broken", "mask,image,class,box\r\n"
                            ",broken.png,1,\r\n" +
                                samples + "plain_star.mask.4.png," + star + ",plain star,\r\n" + "," + star + ",,\r\n" +
                                "," + star + ",9,\r\n" + "," + star + ",4,0 0 48 96;48 0 96 96\r\n" +
                                ",\"no, such.png\",,\r\n" + star + "," + samples + "../explained.png,,\r\n");
    auto const out  = fresh("broken_results");
    auto const done = run("evaluate " + network + " " + list + quick + "--output " + out);
    CAPTURE(done.text);
    CHECK(done.status == 1);
    CHECK(contains(done.text, "row 0, broken.png, is left out:"));
    CHECK(contains(done.text, "0 to 7"));
    CHECK(contains(done.text, "no, such.png"));
    CHECK(contains(done.text, "give a mask of the picture's size"));
    auto const all = results(out);
    CHECK(all["pictures"] == 3);
    REQUIRE(all["failed"].size() == 4);
    CHECK(all["failed"][1]["row"] == 3);
    CHECK(line_of(all, "uniform", "deletion")["n"] == 3);
    CHECK(line_of(all, "uniform", "energy_pointing_game")["n"] == 2);  // the row without class has nothing to compare with
    std::ifstream journal{out + "/journal.jsonl"};
    std::vector<json> written;
    for (std::string line; std::getline(journal, line);) { written.push_back(json::parse(line)); }
    CHECK(written[3]["class"] == 4);  // the class with the largest output
    auto const& boxed = written[5]["maps"][0]["numbers"];
    CHECK(boxed[5] == doctest::Approx(1));  // two boxes that cover the picture
    CHECK(boxed[6] == 1);
}

TEST_CASE("wrong lists and other settings are one line that says what to do")
{
    auto const out   = fresh("wrong");
    auto const fails = [&](std::string const& list, std::string const& options, std::string const& expected,
                           int status = 2) {
        auto const done =
            run("evaluate " + network + " " + list + how + " --composition official " + options + " --output " + out);
        CAPTURE(done.text);
        CHECK(done.status == status);
        CHECK(lines(done.text) == 1);
        CHECK(contains(done.text, expected));
    };
    fails(list_with("w1", "picture,class\na.png,1\n"), "", "write a first line with image");
    fails(list_with("w2", "image,clas\na.png,1\n"), "", "any of class, box and mask");
    fails(list_with("w3", "image,class\na.png,1\nb.png\n"), "", "line 3: 'b.png': write 2 fields");
    fails(list_with("w4", "image,box\na.png,1 2 3\n"), "", "line 2: the box '1 2 3': write LEFT TOP RIGHT BOTTOM");
    fails(list_with("w5", "image,box\na.png,5 2 3 9\n"), "", "LEFT TOP RIGHT BOTTOM");
    fails(list_with("w6", "image\n"), "", "lists no picture");
    auto const list = list_with("w7", "image\n" + samples + "plain_star.png\n");
    fails(list, "--shard 3/2", "write I/N");
    fails(list, "--shard 0/2", "write I/N");
    fails(list, "--curves steep", "rise:PIXELS");
    fails(list, "--curves paper:2", "paper:SHARE");
    fails(list, "--confidence rise", "multiply");
    fails(list, "--pointing far", "torchray");
    fails(list, "--curves paper:1e-9", "SHARE from 1e-06 to 1");
    fails(list, "--curves rise:0.5", "PIXELS from 1");
    fails(list, "--confidence paper:nan", "SHARE from 1e-06 to 1");
    fails(list, "--pointing torchray:0", "PIXELS above 0");
    fails(list, "--level nan", "LEVEL from 0.01 to 0.999");
    fails(list, "--resamples 0", "--resamples");
    fails(list, "--seed -1", "SEED from 0");
    fails(list, "--score logt", "write auto, probability, logit or sigmoid");
    fails(list, "--composition nothing", "name of a convention");
    fails(list, "--composition torch_cam,score=logt", "write probability, logit or sigmoid");
    fails(list, "--composition torch_cam,engin=opencv", "write one of masks, place, groups,");
    fails(list, "--composition torch_cam,engine=opencv,precision=half", "--precision half");
    fails(list, "--composition official", "write each once");
    fails(list, "--composition official,engine=abacus", "--engine abacus");
    fails(list, "--batch tunes", "--batch tunes: write a number from 1 on, auto, tuned or shrinking:N");

    REQUIRE(run("evaluate " + network + " " + list + how + " --composition official --curves none --output " + out).status ==
            0);
    CHECK(!fs::exists(out + "/curves.png"));
    fails(list, "--curves torch_cam", "was begun with other settings: /columns/3/metric is \"energy_pointing_game\" there");
    fails(list, "--curves none --seed 2", "/bootstrap/seed is 1 there and 2 here");
    std::ofstream{list, std::ios::app} << samples + "striped_disc.png\n";
    fails(list, "--curves none", "/list_crc64");
}

TEST_CASE("a folder is a list, engines stand side by side, and the time left is told on a terminal")
{
    auto const folder = fresh("folder");
    fs::create_directories(folder);
    for (auto const* name : {"plain_star", "striped_disc"}) {
        fs::copy_file(samples + name + ".png", folder + "/" + name + ".PNG");
    }
    std::ofstream{folder + "/notes.txt"} << "no picture";
    std::string engine = "opencv";
    for (auto const* other : {"openvino", "onnxruntime"}) {
        if (contains(run("evaluate --help").text, other)) { engine = other; }
    }
    auto const out     = fresh("folder_results");
    auto const command = std::string{SCORECAM_PROGRAM} + " evaluate " + network + " " + folder + how +
                         " --composition official --composition official,engine=" + engine +
                         " --adcc --curves rise:1000 --output " + out;
    auto const done = shell("script -qec '" + command + "' /dev/null");
    CAPTURE(done.text);
    REQUIRE(done.status == 0);
    CHECK(contains(done.text, "1 of 2 pictures, 0:00:"));
    CHECK(contains(done.text, " left"));
    auto const all = results(out);
    CHECK(all["pictures"] == 2);
    auto const& configurations = all["run"]["configurations"];
    REQUIRE(configurations.size() == 5);
    CHECK(configurations[2]["name"] == "uniform");
    CHECK(configurations[3]["name"] == "uniform,engine=" + engine);
    CHECK(configurations[1]["control"] == "uniform,engine=" + engine);
    for (auto const* metric : {"average_drop", "insertion", "deletion", "adcc"}) {
        auto const first = line_of(all, "official", metric)["mean"].get<double>();
        CHECK(line_of(all, "official,engine=" + engine, metric)["mean"].get<double>() ==
              doctest::Approx(first).epsilon(1e-2));
    }
    CHECK(line_of(all, "official", "adcc")["n"] == 2);
    CHECK(line_of(all, "random", "adcc")["n"] == 0);
    CHECK(line_of(all, "official", "iou")["n"] == 0);
    CHECK(line_of(all, "official", "iou")["mean"].is_null());
}

TEST_CASE("a row that failed is tried again, and whatever changed since a run began is named")
{
    auto const list    = list_with("changed", "image,class\nstar.png,4\nlate.png,0\n");
    auto const folder  = fs::path{list}.parent_path();
    auto const out     = fresh("changed_results");
    auto const command = "evaluate " + network + " " + list + how + " --composition official --curves none --output " + out;
    fs::copy_file(samples + "plain_star.png", folder / "star.png");
    auto const first = run(command);
    CHECK(first.status == 1);
    CHECK(contains(first.text, "row 1, late.png, is left out: cannot read"));
    auto const before = bytes(out + "/journal.jsonl");
    CHECK(run(command).status == 1);
    CHECK(bytes(out + "/journal.jsonl") == before);  // it failed in the same way
    fs::copy_file(samples + "striped_disc.png", folder / "late.png");
    auto const second = run(command);
    CAPTURE(second.text);
    CHECK(second.status == 0);
    CHECK(results(out)["failed"].empty());
    CHECK(results(out)["pictures"] == 2);

    auto const refused = [&](std::string const& line, std::string const& expected) {
        auto const done = run(line);
        CAPTURE(done.text);
        CHECK(done.status == 2);
        CHECK(lines(done.text) == 1);
        CHECK(contains(done.text, expected));
    };
    fs::copy_file(samples + "striped_disc.png", folder / "star.png", fs::copy_options::overwrite_existing);
    refused(command, "row 0 was evaluated before, and since then star.png has changed from {\"bytes\":");
    fs::remove(folder / "star.png");
    refused(command, "since then its files have gone: cannot read");
    fs::copy_file(samples + "plain_star.png", folder / "star.png");
    CHECK(run(command).status == 0);
    refused(command + " --batch 2", "/options/batch");
    refused(command + " --bgr", "/options/colours is \"rgb\" there and \"bgr\" here");
    refused(command + " --level 0.9", "/bootstrap/level is 0.95 there and 0.9 here");
}

TEST_CASE("parts of one picture that were made from two files are not merged")
{
    auto const list   = list_with("two_files", "image,class\nstar.png,4\nstar.png,0\n");
    auto const folder = fs::path{list}.parent_path();
    auto const out    = fresh("two_files_results");
    auto const part   = [&](std::string const& which, std::string const& picture) {
        fs::copy_file(samples + picture, folder / "star.png", fs::copy_options::overwrite_existing);
        return run("evaluate " + network + " " + list + how + " --composition official --curves none --output " + out +
                     " --shard " + which);
    };
    REQUIRE(part("1/2", "plain_star.png").status == 0);
    REQUIRE(part("2/2", "striped_disc.png").status == 0);
    auto const done =
        run("merge " + out + "/journal.1-of-2.jsonl " + out + "/journal.2-of-2.jsonl --output " + out + "/all");
    CAPTURE(done.text);
    CHECK(done.status == 2);
    CHECK(contains(done.text, "star.png was another file in row 0 of"));
    CHECK(!fs::exists(out + "/all"));
}

TEST_CASE("weights beside a network belong to what a journal was made from")
{
    if (!contains(run("evaluate --help").text, "onnxruntime")) {
        MESSAGE("skipped: this program has no engine that reads weights beside a network");
        return;
    }
    using namespace onnx_written;
    auto const list   = list_with("weights", "image,class\n" + samples + "plain_star.png,1\n");
    auto const folder = fs::path{list}.parent_path();
    auto const write  = [&](float first) {
        std::vector<float> values(12, 0.5F);
        values[0] = first;
        std::ofstream{folder / "net.weights", std::ios::binary}.write(reinterpret_cast<char const*>(values.data()), 48);
    };
    auto const apart = text(5, number(1, 4) + number(1, 3) + number(1, 1) + number(1, 1) + number(2, 1) + text(8, "w") +
                                   text(13, text(1, "location") + text(2, "net.weights")) + number(14, 1));
    std::ofstream{folder / "net.onnx", std::ios::binary}
        << onnx_written::network(image({-1, 3, 24, 24}) + apart + node("Conv", {"x", "w"}, "c") + node("Relu", {"c"}, "r") +
                                 node("GlobalAveragePool", {"r"}, "p") + node("Flatten", {"p"}, "y") + output("y", {-1, 4}));
    write(0.5F);
    auto const command =
        "evaluate " + (folder / "net.onnx").string() + " " + list +
        " --preset imagenet-tf --size 24 --engine onnxruntime --composition official --curves none --output " +
        (folder / "out").string();
    auto const first = run(command);
    CAPTURE(first.text);
    REQUIRE(first.status == 0);
    write(0.25F);
    auto const done = run(command);
    CAPTURE(done.text);
    CHECK(done.status == 2);
    CHECK(contains(done.text, "/weights_crc64/net.weights is"));
}

TEST_CASE("closed standard descriptors do not become files of the run")
{
    auto const list = list_with("descriptors", "image\n" + samples + "plain_star.png\nbroken.png\n");
    auto const out  = fresh("descriptors_results");
    for (auto const* closed : {"<&-", "<&- 2>&-", "<&- 2>&- >&-"}) {
        CAPTURE(std::string{closed});
        fs::remove_all(out);
        auto const done = shell("sh -c '" + std::string{SCORECAM_PROGRAM} + " evaluate " + network + " " + list + how +
                                " --composition official --curves none --output " + out + " " + closed + "'");
        CHECK(done.status == 1);
        auto const journal = bytes(out + "/journal.jsonl");
        CHECK(lines(journal) == 3);
        std::istringstream each{journal};
        for (std::string line; std::getline(each, line);) { CHECK(json::accept(line)); }
        CHECK(json::accept(bytes(out + "/results.json")));
        for (auto const& entry : fs::directory_iterator{out}) {
            CHECK(entry.path().filename().string().rfind(".part", 0) != 0);
        }
    }
}

TEST_CASE("lists by RFC 4180, with a byte order mark, from a pipe; and masks of 0 and 1")
{
    auto const folder = fresh("rfc4180");
    fs::create_directories(folder);
    fs::copy_file(samples + "plain_star.png", folder + "/a \"star\", plain.png");
    fs::copy_file(samples + "plain_star.png", folder + "/two\nlines.png");
    auto mask = scorecam::opencv::read_image(samples + "plain_star.mask.4.png");
    scorecam::opencv::write_image(folder + "/255.png", mask);
    mask /= 255;
    scorecam::opencv::write_image(folder + "/1.png", mask);
    mask *= 100;
    scorecam::opencv::write_image(folder + "/100.png", mask);
    std::ofstream{folder + "/list.csv"} << "\xEF\xBB\xBF\"image\",class,mask\r\n"
                                        << "\"a \"\"star\"\", plain.png\",4,255.png\r\n"
                                        << "\"two\nlines.png\",\"4\",1.png\r\n\r\n"
                                        << "\"a \"\"star\"\", plain.png\",4,100.png";
    auto const out  = fresh("rfc4180_results");
    auto const rest = how + " --composition official --curves none --output ";
    auto const done = run("evaluate " + network + " " + folder + "/list.csv" + rest + out);
    CAPTURE(done.text);
    CHECK(done.status == 1);
    CHECK(contains(done.text, "row 2, a \"star\", plain.png, is left out: "));
    CHECK(contains(done.text, "has values up to 100 and no object"));
    std::ifstream journal{out + "/journal.jsonl"};
    std::vector<json> written;
    for (std::string line; std::getline(journal, line);) { written.push_back(json::parse(line)); }
    REQUIRE(written.size() == 4);
    CHECK(written[2]["image"] == "two\nlines.png");
    CHECK(written[1]["maps"] != json::array());
    for (std::size_t map = 0; map < 2; ++map) {
        CHECK(written[1]["maps"][map]["numbers"] == written[2]["maps"][map]["numbers"]);
    }

    auto const piped = shell("cd " + samples + " && printf 'image\\nplain_star.png\\n' | " + SCORECAM_PROGRAM +
                             " evaluate " + network + " /dev/stdin" + rest + out + "/piped");
    CAPTURE(piped.text);
    CHECK(piped.status == 1);  // its pictures lie beside /dev/stdin
    CHECK(contains(piped.text, "row 0, plain_star.png, is left out: cannot read /dev/plain_star.png"));
}

TEST_CASE("where there is little memory, there is a sentence and an end" *
          long_when_sanitized{"they need memory without end"})
{
    auto const out = fresh("little");
    for (int const megabytes : {600, 650, 700, 750, 800, 900}) {
        auto const done = shell("ulimit -v " + std::to_string(megabytes * 1024) + " && timeout 60 " + SCORECAM_PROGRAM +
                                " evaluate " + network + " " + list_of_samples() + how +
                                " --composition official,channels=deviation:4 --curves none --output " + out);
        CAPTURE(megabytes);
        CAPTURE(done.text);
        CHECK(done.status != 124);  // of timeout
        CHECK(done.status < 128);
        CHECK(!done.text.empty());
        fs::remove_all(out);
    }
}

#ifdef SCORECAM_MPI_PROGRAM

namespace {

/// Open MPI leaves memory behind, which is not ours to report.
std::string ranks(int number)
{
    return std::string{"env ASAN_OPTIONS=detect_leaks=0 " SCORECAM_MPIEXEC} +
           (geteuid() == 0 ? " --allow-run-as-root" : "") + " --oversubscribe -n " + std::to_string(number) +
           " " SCORECAM_MPI_PROGRAM " ";
}

/// The process of rank `number` in the run with this marker in its environment, or 0.
pid_t rank_of(std::string const& marker, int number)
{
    for (auto const& entry : fs::directory_iterator{"/proc"}) {
        auto const name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos) { continue; }
        auto const environment = '\0' + bytes(entry.path() / "environ");
        auto const has         = [&](std::string const& text) { return contains(environment, '\0' + text + '\0'); };
        if (has(marker) && has("OMPI_COMM_WORLD_RANK=" + std::to_string(number))) { return std::stoi(name); }
    }
    return 0;
}

}  // namespace

TEST_CASE("ranks give the bytes of the single run, and one that stands still does not hold up the others" *
          long_when_sanitized{"the others have ranks, too"})
{
    auto const out     = fresh("ranks");
    auto const journal = out + "/journal.jsonl";
    auto const marker  = "SCORECAM_TEST=" + std::to_string(getpid());
    background all{"env " + marker + " " + ranks(3) + evaluate_samples() + out + " --threads 1"};
    REQUIRE(soon([&] { return lines(bytes(journal)) >= 2; }));
    auto const slow = rank_of(marker, 2);
    REQUIRE(slow > 0);
    REQUIRE(::kill(slow, SIGSTOP) == 0);
    auto const when_stopped = lines(bytes(journal));
    CHECK(when_stopped < rows);
    CHECK(soon([&] { return lines(bytes(journal)) >= rows; }));  // all but the row that it may have
    CHECK(!fs::exists(out + "/results.json"));
    REQUIRE(::kill(slow, SIGCONT) == 0);
    CHECK(all.wait() == 0);
    CHECK(lines(bytes(journal)) == 1 + rows);
    check_same_results(out, whole());
}

TEST_CASE("ranks: one that dies ends the run within a minute, and the journal is whole" *
          long_when_sanitized{"waiting is all there is to it"})
{
    auto const launch  = ranks(3);
    auto const at      = launch.find(SCORECAM_MPIEXEC) + std::string{SCORECAM_MPIEXEC}.size();
    auto const goes_on = launch.substr(0, at) + " --enable-recovery" + launch.substr(at);  // Open MPI's way not to abort
    if (shell(std::string{SCORECAM_MPIEXEC} + " --enable-recovery --version").status != 0) {
        MESSAGE("skipped: this launcher always aborts");
        return;
    }
    auto const out     = fresh("dying");
    auto const journal = out + "/journal.jsonl";
    auto const marker  = "SCORECAM_TEST=dying" + std::to_string(getpid());
    background all{"env " + marker + " " + goes_on + evaluate_samples() + out + " --threads 1"};
    REQUIRE(soon([&] { return lines(bytes(journal)) >= 2; }));
    auto const victim = rank_of(marker, 2);
    REQUIRE(victim > 0);
    auto const begin = std::chrono::steady_clock::now();
    REQUIRE(::kill(victim, SIGKILL) == 0);
    (void)all.wait();
    CHECK(std::chrono::steady_clock::now() - begin < 60s);
    CHECK(soon([&] { return rank_of(marker, 0) == 0 && rank_of(marker, 1) == 0; }));
    CHECK(lines(bytes(journal)) >= rows);  // all but the row that it may have had
    CHECK(!fs::exists(out + "/results.json"));
    auto const again = run(evaluate_samples() + out);
    CAPTURE(again.text);
    CHECK(again.status == 0);
    check_same_results(out, whole());
}

TEST_CASE("ranks: what one of them cannot do ends the run with its reason, and one rank alone does all")
{
    auto const list = list_with("alone", "image\n" + samples + "plain_star.png\nbroken.png\n");
    auto const out  = fresh("alone_results");
    auto const with = " " + list + how + " --composition official --curves none --threads 1 --output " + out;
    auto const one  = shell(ranks(1) + "evaluate " + network + with);
    CAPTURE(one.text);
    CHECK(one.status == 1);
    CHECK(results(out)["failed"].size() == 1);

    auto const wrong = shell(ranks(3) + "evaluate " + network + with + " --shard 3/2");
    CAPTURE(wrong.text);
    CHECK(wrong.status == 2);
    CHECK(contains(wrong.text, "write I/N"));
    fs::remove_all(out);
    auto const apart = shell(ranks(1) + "evaluate " + network + with + " : -n 1 " SCORECAM_MPI_PROGRAM " evaluate " +
                             network + with + " --seed 2");
    CAPTURE(apart.text);
    CHECK(apart.status == 1);
    CHECK(contains(apart.text, "rank 1 has another"));
}

#endif
