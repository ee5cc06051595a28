#include "evaluate/journal.hpp"

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <scorecam/error.hpp>

#include "evaluate/checksum.hpp"
#include "evaluate/journal_lines.hpp"

namespace cli {
namespace {

namespace sc = scorecam;
namespace fs = std::filesystem;
using json   = nlohmann::ordered_json;

/// A line of a journal. Whatever is no UTF-8 in the name of a picture is replaced.
std::string text_of(json const& line) { return line.dump(-1, ' ', false, json::error_handler_t::replace) + '\n'; }

/// What a journal says: of a row with several lines, which failed and was tried again, the last one.
struct whole_lines {
    json header;
    std::map<sc::index_t, json> rows;
    std::size_t bytes = 0;  // of the lines that have an end

    explicit whole_lines(fs::path const& file)
    {
        auto const all     = bytes_of(file);
        std::size_t number = 0;
        for (auto end = all.find('\n'); end != std::string::npos; end = all.find('\n', bytes)) {
            ++number;
            try {
                add(std::string_view{all}.substr(bytes, end - bytes));
            } catch (sc::option_error const& e) {
                throw sc::option_error{file.string() + ", line " + std::to_string(number) +
                                       ": is no line of a journal of scorecam evaluate: " + e.what() +
                                       "; move the file away to begin again"};
            }
            bytes = end + 1;
        }
    }

private:
    void add(std::string_view line)
    {
        if (header.is_null()) {
            header = header_from(line);
            return;
        }
        auto one        = row_from(line, header);
        auto const row  = one["row"].get<sc::index_t>();
        auto const last = rows.find(row);
        if (last != rows.end() && !last->second.contains("failed")) {
            throw sc::option_error{"row " + std::to_string(row) + " is there already"};
        }
        rows[row] = std::move(one);
    }
};

/// "/columns/3/protocol is "paper" there and "rise" here".
std::string first_difference(json const& there, json const& here)
{
    constexpr std::size_t longest = 200;
    auto const first              = json::diff(there, here).front();
    json::json_pointer const at{first["path"].get<std::string>()};
    auto const value = [&](json const& of) {
        auto text = of.contains(at) ? of[at].dump(-1, ' ', false, json::error_handler_t::replace) : std::string{"absent"};
        return text.size() > longest ? text.substr(0, longest) + "..." : text;
    };
    return at.to_string() + " is " + value(there) + " there and " + value(here) + " here";
}

/// Two rows of one picture, perhaps in two journals, were made from the same picture.
class same_files {
public:
    void check(json const& line, fs::path const& journal)
    {
        if (line.contains("failed")) { return; }
        for (auto const& [name, sum] : line["files"].items()) {
            if (name.find("\xEF\xBF\xBD") != std::string::npos) { continue; }  // replaced, perhaps of two names
            auto const [first, fresh] = seen_.emplace(name, place{sum, line["row"].get<sc::index_t>(), journal});
            if (fresh || first->second.sum == sum) { continue; }
            throw sc::option_error{name + " was another file in row " + std::to_string(first->second.row) + " of " +
                                   first->second.journal.string() + " than in row " + line["row"].dump() + " of " +
                                   journal.string() + ": " + first->second.sum.dump() + " and " + sum.dump() +
                                   "; evaluate both parts with the same pictures"};
        }
    }

private:
    struct place {
        json sum;
        sc::index_t row;
        fs::path journal;
    };
    std::map<std::string, place> seen_;
};

}  // namespace

json normal(json const& line) { return json::parse(text_of(line)); }

journal::journal(fs::path file, json const& header) : file_{std::move(file)}
{
    descriptor_ = open(file_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (descriptor_ < 0) { throw sc::error{"cannot write " + file_.string() + ": " + std::strerror(errno)}; }
    try {
        while (flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
            if (errno == EINTR) { continue; }
            if (errno == EWOULDBLOCK) {
                throw sc::error{file_.string() + " is being written by another run; wait for it, or write another --output"};
            }
            throw sc::error{file_.string() + " cannot be kept from other runs: " + std::strerror(errno) +
                            "; write an --output on a file system with locks"};
        }
        whole_lines there{file_};
        if (!there.header.is_null() && there.header != normal(header)) {
            throw sc::option_error{file_.string() +
                                   " was begun with other settings: " + first_difference(there.header, normal(header)) +
                                   "; write another --output, or the settings of then"};
        }
        if (ftruncate(descriptor_, static_cast<off_t>(there.bytes)) != 0) {
            throw sc::error{"cannot write " + file_.string() + ": " + std::strerror(errno)};
        }
        if (there.header.is_null()) { write(text_of(header)); }
        lines_ = std::move(there.rows);
    } catch (...) {
        close(descriptor_);
        throw;
    }
}

journal::~journal() { close(descriptor_); }

bool journal::has(sc::index_t row) const
{
    auto const found = lines_.find(row);
    return found != lines_.end() && !found->second.contains("failed");
}

void journal::add(json const& line)
{
    auto& last = lines_[line.at("row").get<sc::index_t>()];
    auto fresh = normal(line);
    if (last == fresh) { return; }  // it failed again in the same way
    write(text_of(line));
    last = std::move(fresh);
}

void journal::write(std::string const& line)
{
    for (std::size_t done = 0; done < line.size();) {
        auto const wrote = ::write(descriptor_, line.data() + done, line.size() - done);
        if (wrote < 0 && errno == EINTR) { continue; }
        if (wrote < 0) { throw sc::error{"cannot write " + file_.string() + ": " + std::strerror(errno)}; }
        done += static_cast<std::size_t>(wrote);
    }
    if (fsync(descriptor_) != 0) { throw sc::error{"cannot write " + file_.string() + ": " + std::strerror(errno)}; }
}

evaluation read_journals(std::vector<fs::path> const& files)
{
    evaluation all;
    std::map<sc::index_t, fs::path> from;
    same_files pictures;
    for (auto const& file : files) {
        whole_lines there{file};
        if (there.header.is_null()) { throw sc::option_error{file.string() + " is empty; its run has not begun"}; }
        if (all.header.is_null()) { all.header = there.header; }
        if (there.header != all.header) {
            throw sc::option_error{file.string() + " belongs to another evaluation than " + files.front().string() + ": " +
                                   first_difference(there.header, all.header)};
        }
        for (auto& [row, line] : there.rows) {
            auto const [other, fresh] = from.emplace(row, file);
            if (!fresh) {
                throw sc::option_error{"row " + std::to_string(row) + " is in " + other->second.string() + " and in " +
                                       file.string() + "; give each journal once, and the shards of one split only"};
            }
            pictures.check(line, file);
            all.rows.emplace(row, std::move(line));
        }
    }
    auto const rows    = all.header["rows"].get<sc::index_t>();
    auto const missing = rows - static_cast<sc::index_t>(all.rows.size());  // each is one of them, once
    for (sc::index_t row = 0; missing > 0 && row < rows; ++row) {
        if (all.rows.count(row) == 0) {
            throw sc::option_error{"row " + std::to_string(row) + " is missing, and " + std::to_string(missing) + " of " +
                                   std::to_string(rows) + " rows altogether; finish all runs, and give all journals"};
        }
    }
    return all;
}

}  // namespace cli
