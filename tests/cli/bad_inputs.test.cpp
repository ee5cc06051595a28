// Every row of docs/bad-inputs.md: the command is run among the files that are made here, and says what the table says.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "onnx/written.hpp"
#include "program.hpp"

namespace fs = std::filesystem;
using namespace program;

namespace {

struct bad_input {
    std::string what, command, says;
    int status;
};

/// The cells of a line of a table, without the spaces and the backquotes around them.
std::vector<std::string> cells_of(std::string const& line)
{
    std::vector<std::string> cells;
    std::string cell;
    for (std::size_t i = 1; i < line.size(); ++i) {
        if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '|') {
            cell += line[++i];
        } else if (line[i] != '|') {
            cell += line[i];
        } else {
            auto const begin = cell.find_first_not_of(" `"), end = cell.find_last_not_of(" `");
            cells.push_back(begin == std::string::npos ? "" : cell.substr(begin, end - begin + 1));
            cell.clear();
        }
    }
    return cells;
}

std::vector<bad_input> bad_inputs()
{
    std::vector<bad_input> all;
    std::ifstream page{files::own("docs/bad-inputs.md")};
    for (std::string line; std::getline(page, line);) {
        auto const cells = line.rfind("| ", 0) == 0 ? cells_of(line) : std::vector<std::string>{};
        if (cells.size() == 4 && (cells[3] == "1" || cells[3] == "2")) {
            all.push_back({cells[0], cells[1], cells[2], std::stoi(cells[3])});
        }
    }
    return all;
}

std::string of_file(std::string const& file)
{
    std::ifstream in{file, std::ios::binary};
    std::ostringstream all;
    all << in.rdbuf();
    return std::move(all).str();
}

/// The files that the table names.
fs::path const& folder()
{
    static fs::path const made = [] {
        using namespace onnx_written;
        fs::path const in{fresh("bad_inputs")};
        fs::create_directories(in / "folder.onnx");
        fs::create_directories(in / "empty_folder");
        fs::create_directories(in / "read_only");
        auto const put = [&](std::string const& name, std::string const& bytes) {
            std::ofstream{in / name, std::ios::binary} << bytes;
        };
        auto const net = of_file(program::network), star = of_file(samples + "plain_star.png");
        put("net.onnx", net);
        put("star.png", star);
        put("other.png", of_file(samples + "striped_disc.png"));
        put("mask.png", of_file(samples + "plain_star.mask.4.png"));
        put("labels.txt", of_file(files::own("examples/drawings/labels.txt")));
        put("empty.onnx", "");
        put("text.onnx", "this is no network");
        put("half.onnx", net.substr(0, net.size() / 2));
        auto const conv = [](std::string const& w) {
            return file(w + node("Conv", {"x", "w"}, "c") + node("GlobalAveragePool", {"c"}, "y"));
        };
        auto const huge = std::int64_t{1} << 32U;
        put("wraps.onnx", conv(weights("w", {huge, huge, 3, 1}, 12)));
        put("negative.onnx", conv(weights("w", {-4, -3, 1, 1}, 12)));
        put("short.onnx", conv(weights("w", {4, 3, 3, 3}, 12)));
        auto const apart = [&](std::string const& location) {
            return conv(text(5, number(2, 1) + text(8, "w") + number(1, 4) + number(1, 3) + number(1, 1) + number(1, 1) +
                                    text(13, text(1, "location") + text(2, location)) + number(14, 1)));
        };
        put("away.onnx", apart("../../etc/passwd"));
        put("absolute.onnx", apart("/etc/passwd"));
        put("lost.onnx", apart("lost.weights"));
        put("empty.png", "");
        put("text.png", "no picture");
        put("half.png", star.substr(0, 60));
        put("clear\x1b[2J.png", "no picture");
        put("list.csv", "image,class,mask\nstar.png,4,mask.png\n");
        put("no_image.csv", "picture,class\nstar.png,4\n");
        put("twice.csv", "image,class,class\nstar.png,4,4\n");
        put("few.csv", "image,class\nstar.png,4\nstar.png\n");
        put("no_rows.csv", "image\n");
        put("empty.csv", "");
        put("quote.csv", "image,class\n\"star.png,4\n");
        put("inside.csv", "image,class\nst\"ar.png,4\n");
        put("behind.csv", "image,class\n\"star.png\"x,4\n");
        put("utf16.csv", std::string{"\xFF\xFEi\0m\0a\0g\0e\0\n\0", 14});
        put("box.csv", "image,box\nstar.png,5 5 2 2\n");
        put("box_words.csv", "image,box\nstar.png,left top right bottom\n");
        put("lost.csv", "image\nlost.png\n");
        put("no_picture.csv", "image\ntext.png\n");
        put("class.csv", "image,class\nstar.png,99\n");
        put("name.csv", "image,class\nstar.png,zebra\n");
        put("small.csv", "image,class,mask\nstar.png,4,small.png\n");
        put("small.png", of_file(files::own("examples/drawings/explained.png")));
        std::string const header =
            R"({"scorecam":"evaluation","version":"0","rows":1,"bootstrap":{"level":0.95,"resamples":10,"seed":1},)"
            R"("columns":[{"metric":"iou","protocol":"p"}],"configurations":[{"name":"a","control":"a"}]})";
        auto const journal = [&](std::string const& name, std::string const& line) {
            put(name, header + "\n" + line + "\n");
        };
        auto const replaced = [&](std::string const& was, std::string const& is) {
            auto all = header;
            return all.replace(all.find(was), was.size(), is) + "\n";
        };
        put("empty.jsonl", "");
        put("text.jsonl", "no journal\n");
        put("array.jsonl", "[]\n");
        put("deep.jsonl", std::string(100'000, '[') + "\n");
        put("no_rows.jsonl", replaced(R"("rows":1,)", ""));
        put("many_rows.jsonl", replaced(R"("rows":1)", R"("rows":1e300)"));
        put("negative_rows.jsonl", replaced(R"("rows":1)", R"("rows":-1)"));
        put("no_columns.jsonl", replaced(R"([{"metric":"iou","protocol":"p"}])", "[]"));
        put("no_control.jsonl", replaced(R"("control":"a")", R"("control":"b")"));
        put("level.jsonl", replaced("0.95", "95"));
        put("resamples.jsonl", replaced(R"("resamples":10)", R"("resamples":10000000000)"));
        put("unfinished.jsonl", header + "\n");
        std::string const sound =
            R"({"row":0,"image":"a.png","files":{},"class":1,"score":0.5,"maps":[{"forwards":1,"numbers":[0.5]}]})";
        journal("whole.jsonl", sound);
        journal("doubled.jsonl", sound + "\n" + sound);
        journal("other_row.jsonl", R"({"row":1,"image":"a.png","failed":"why"})");
        journal("wrapped_row.jsonl", R"({"row":18446744073709551615,"image":"a.png","failed":"why"})");
        journal("no_maps.jsonl", R"({"row":0,"image":"a.png","files":{},"class":1,"score":0.5})");
        journal("few_maps.jsonl", R"({"row":0,"image":"a.png","files":{},"class":1,"score":0.5,"maps":[]})");
        journal("few_numbers.jsonl",
                R"({"row":0,"image":"a.png","files":{},"class":1,"score":0.5,"maps":[{"forwards":1,"numbers":[1,2]}]})");
        journal("reason.jsonl", R"({"row":0,"image":"a.png","files":{},"class":1,"score":0.5,"maps":[{"forwards":1,)"
                                R"("numbers":[{"value":null,"why":"mood"}]}]})");
        journal("text_number.jsonl", R"({"row":0,"image":"a.png","files":{},"class":1,"score":0.5,"maps":[{"forwards":1,)"
                                     R"("numbers":["1"]}]})");
        journal("curve.jsonl", R"({"row":0,"image":"a.png","files":{},"class":1,"score":0.5,"maps":[{"forwards":1,)"
                               R"("numbers":[1],"insertion":[1]}]})");
        put("other.jsonl", replaced(R"("protocol":"p")", R"("protocol":"q")") + sound + "\n");
        return in;
    }();
    return made;
}

}  // namespace

TEST_CASE("the table of bad inputs is true")
{
    auto const all = bad_inputs();
    CHECK(all.size() >= 60);
    constexpr std::size_t step = sanitized ? 3 : 1;  // the other rows go the same ways
    for (std::size_t i = 0; i < all.size(); i += step) {
        auto const& one = all[i];
        auto const done = shell("cd " + folder().string() + " && { " + SCORECAM_PROGRAM + " " + one.command + "; }");
        CAPTURE(one.command);
        CAPTURE(done.text);
        CHECK(done.status == one.status);
        CHECK(contains(done.text, one.says));
        CHECK(contains(done.text, "scorecam: "));
        bool const more = contains(done.text, "is left out") || contains(done.text, "libpng");  // goes on; says so itself
        CHECK((more || lines(done.text) == 1));
        CHECK(std::all_of(done.text.begin(), done.text.end(), [](unsigned char c) { return c >= ' ' || c == '\n'; }));
    }
}
