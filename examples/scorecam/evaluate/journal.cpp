#include "evaluate/journal.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <scorecam/error.hpp>

#include "evaluate/checksum.hpp"

namespace cli {
namespace {

namespace sc = scorecam;
namespace fs = std::filesystem;
using json   = nlohmann::ordered_json;

/// A line of a journal. Whatever is no UTF-8 in the name of a picture is replaced.
std::string text_of(json const& line) { return line.dump(-1, ' ', false, json::error_handler_t::replace) + '\n'; }

/// The lines that have an end, and how many bytes they are.
struct whole_lines {
    std::vector<json> lines;
    std::size_t bytes = 0;

    explicit whole_lines(fs::path const& file)
    {
        auto const all = bytes_of(file);
        for (auto end = all.find('\n'); end != std::string::npos; end = all.find('\n', bytes)) {
            lines.push_back(json::parse(all.begin() + static_cast<std::ptrdiff_t>(bytes),
                                        all.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false));
            bytes         = end + 1;
            bool const ok = lines.back().is_object() && lines.back().contains(lines.size() == 1 ? "scorecam" : "row");
            if (!ok) {
                throw sc::option_error{file.string() + ", line " + std::to_string(lines.size()) +
                                       ": is no line of a journal of scorecam evaluate; move the file away to begin again"};
            }
        }
    }
};

/// "/columns/3/protocol is "paper" there and "rise" here".
std::string first_difference(json const& there, json const& here)
{
    auto const first = json::diff(there, here).front();
    json::json_pointer const at{first["path"].get<std::string>()};
    auto const value = [&](json const& of) { return of.contains(at) ? of[at].dump() : std::string{"absent"}; };
    return at.to_string() + " is " + value(there) + " there and " + value(here) + " here";
}

}  // namespace

journal::journal(fs::path file, json const& header) : file_{std::move(file)}
{
    descriptor_ = open(file_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (descriptor_ < 0) { throw sc::error{"cannot write " + file_.string() + ": " + std::strerror(errno)}; }
    try {
        if (flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
            throw sc::error{file_.string() + " is being written by another run; wait for it, or write another --output"};
        }
        whole_lines const there{file_};
        if (ftruncate(descriptor_, static_cast<off_t>(there.bytes)) != 0) {
            throw sc::error{"cannot write " + file_.string() + ": " + std::strerror(errno)};
        }
        if (there.lines.empty()) { write(text_of(header)); }
        for (std::size_t i = 0; i < there.lines.size(); ++i) {
            if (i > 0) {
                rows_.insert(there.lines[i]["row"].get<sc::index_t>());
            } else if (there.lines[0] != header) {
                throw sc::option_error{file_.string() +
                                       " was begun with other settings: " + first_difference(there.lines[0], header) +
                                       "; write another --output, or the settings of then"};
            }
        }
    } catch (...) {
        close(descriptor_);
        throw;
    }
}

journal::~journal() { close(descriptor_); }

void journal::add(json const& line)
{
    write(text_of(line));
    rows_.insert(line.at("row").get<sc::index_t>());
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
    for (auto const& file : files) {
        whole_lines const there{file};
        if (there.lines.empty()) { throw sc::option_error{file.string() + " is empty; its run has not begun"}; }
        if (all.header.is_null()) { all.header = there.lines.front(); }
        if (there.lines.front() != all.header) {
            throw sc::option_error{file.string() + " belongs to another evaluation than " + files.front().string() + ": " +
                                   first_difference(there.lines.front(), all.header)};
        }
        for (std::size_t i = 1; i < there.lines.size(); ++i) {
            auto const row            = there.lines[i]["row"].get<sc::index_t>();
            auto const [other, fresh] = from.emplace(row, file);
            if (!fresh) {
                throw sc::option_error{"row " + std::to_string(row) + " is in " + other->second.string() + " and in " +
                                       file.string() + "; give each journal once, and the shards of one split only"};
            }
            all.rows.emplace(row, there.lines[i]);
        }
    }
    auto const rows = all.header["rows"].get<sc::index_t>();
    for (sc::index_t row = 0; row < rows; ++row) {
        if (all.rows.count(row) == 0) {
            throw sc::option_error{"row " + std::to_string(row) + " is missing, and " +
                                   std::to_string(rows - static_cast<sc::index_t>(all.rows.size())) + " of " +
                                   std::to_string(rows) + " rows altogether; finish all runs, and give all journals"};
        }
    }
    return all;
}

}  // namespace cli
