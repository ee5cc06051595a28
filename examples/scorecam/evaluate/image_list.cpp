#include "evaluate/image_list.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <sstream>

#include <scorecam/error.hpp>

#include "evaluate/checksum.hpp"
#include "evaluate/csv.hpp"

namespace cli {
namespace {

namespace sc = scorecam;
namespace fs = std::filesystem;

constexpr std::size_t largest_list = std::size_t{256} << 20U;  // bytes: a pipe may have no end

/// "10 20 110.5 80; 3 4 50 60"
std::vector<listed_box> boxes_of(std::string const& text)
{
    std::vector<listed_box> boxes;
    std::istringstream all{text};
    for (std::string one; std::getline(all, one, ';');) {
        std::istringstream in{one};
        listed_box box{};
        std::string more;
        bool const four = static_cast<bool>(in >> box.left >> box.top >> box.right >> box.bottom) && !(in >> more);
        if (!four || box.left > box.right || box.top > box.bottom) {
            throw sc::option_error{"the box '" + one +
                                   "': write LEFT TOP RIGHT BOTTOM in pixels of the picture, and ';' before another one"};
        }
        boxes.push_back(box);
    }
    return boxes;
}

/// Where the list has a column, by its name.
class columns {
public:
    explicit columns(csv_record const& first) : names_{first.fields}
    {
        static constexpr std::array<char const*, 4> known{"image", "class", "box", "mask"};
        auto const unknown = std::find_if(names_.begin(), names_.end(), [this](auto const& name) {
            return std::find(known.begin(), known.end(), name) == known.end() ||
                   std::count(names_.begin(), names_.end(), name) > 1;
        });
        if (unknown != names_.end() || std::count(names_.begin(), names_.end(), "image") != 1) {
            throw sc::option_error{"the columns are '" + first.text.substr(0, 200) +
                                   "': write a first line with image and any of class, box and mask, each once, such as "
                                   "image,class,box"};
        }
    }
    [[nodiscard]] std::size_t count() const { return names_.size(); }
    [[nodiscard]] std::string of(std::string const& name, std::vector<std::string> const& fields) const
    {
        auto const at = std::find(names_.begin(), names_.end(), name) - names_.begin();
        return static_cast<std::size_t>(at) < fields.size() ? fields[static_cast<std::size_t>(at)] : std::string{};
    }

private:
    std::vector<std::string> names_;
};

image_list from_csv(fs::path const& file)
{
    auto const bytes = bytes_of(file, largest_list);
    image_list list{file.parent_path(), {}, checksum_of(bytes)};
    try {
        auto const records = read_csv(bytes);
        columns const of{records.empty() ? csv_record{1, {}, {}} : records.front()};
        for (std::size_t i = 1; i < records.size(); ++i) {
            auto const& [line, text, fields] = records[i];
            auto const image                 = of.of("image", fields);
            auto const refuse                = [&, number = line](std::string const& why) {
                throw sc::option_error{"line " + std::to_string(number) + ": " + why};
            };
            if (fields.size() != of.count() || image.empty()) {
                refuse("'" + text.substr(0, 200) + "': write " + std::to_string(of.count()) +
                       " fields with a picture among them, as the first line names them");
            }
            try {
                list.rows.push_back({image, of.of("class", fields), boxes_of(of.of("box", fields)), of.of("mask", fields)});
            } catch (sc::option_error const& e) {
                refuse(e.what());
            }
        }
    } catch (sc::option_error const& e) {
        std::string const what = e.what();
        throw sc::option_error{file.string() + ", " + (what.rfind("line ", 0) == 0 ? "" : "line 1: ") + what};
    }
    return list;
}

image_list from_folder(fs::path const& folder)
{
    static constexpr std::array<char const*, 7> pictures{".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"};
    std::vector<std::string> names;
    for (auto const& entry : fs::directory_iterator{folder}) {
        auto ending = entry.path().extension().string();
        std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char c) { return std::tolower(c); });
        bool const shown = std::find(pictures.begin(), pictures.end(), ending) != pictures.end();
        if (shown && entry.is_regular_file()) { names.push_back(entry.path().filename().string()); }
    }
    std::sort(names.begin(), names.end());
    image_list list{folder, {}, 0};
    std::string all;
    for (auto const& name : names) {
        list.rows.push_back({name, "", {}, ""});
        all += name + '\n';
    }
    list.checksum = checksum_of(all);
    return list;
}

}  // namespace

image_list read_list(fs::path const& file_or_folder)
{
    auto list = fs::is_directory(file_or_folder) ? from_folder(file_or_folder) : from_csv(file_or_folder);
    if (list.rows.empty()) {
        throw sc::option_error{file_or_folder.string() +
                               " lists no picture: write a folder of pictures, or a CSV file with " + "one a line"};
    }
    return list;
}

}  // namespace cli
