#include "commands/subprocess.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include <scorecam/error.hpp>

namespace cli {
namespace {

namespace sc = scorecam;
using json   = nlohmann::ordered_json;

json answer_of(std::function<json()> const& work)
{
    try {
        return {{"answer", work()}};
    } catch (sc::option_error const& e) {
        return {{"wrong_option", e.what()}};
    } catch (std::exception const& e) {
        return {{"failure", e.what()}};
    }
}

void write_all(int to, std::vector<std::uint8_t> const& bytes)
{
    for (std::size_t done = 0; done < bytes.size();) {
        auto const wrote = write(to, bytes.data() + done, bytes.size() - done);
        if (wrote < 0 && errno == EINTR) { continue; }
        if (wrote < 0) { return; }  // nobody reads any more
        done += static_cast<std::size_t>(wrote);
    }
}

std::vector<std::uint8_t> read_all(int from)
{
    std::vector<std::uint8_t> bytes;
    std::array<std::uint8_t, 65536> part{};
    for (;;) {
        auto const got = read(from, part.data(), part.size());
        if (got < 0 && errno == EINTR) { continue; }
        if (got <= 0) { return bytes; }
        bytes.insert(bytes.end(), part.begin(), part.begin() + got);
    }
}

}  // namespace

json computed_in_subprocess(std::function<json()> const& work)
{
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) { throw sc::error{std::string{"cannot make a pipe: "} + std::strerror(errno)}; }
    std::cout.flush();
    auto const child = fork();
    if (child < 0) {
        close(ends[0]), close(ends[1]);
        throw sc::error{std::string{"cannot start a process: "} + std::strerror(errno)};
    }
    if (child == 0) {
        close(ends[0]);
        write_all(ends[1], json::to_cbor(answer_of(work)));
        _exit(0);  // without what was to be done at the end of this process
    }
    close(ends[1]);
    auto const bytes = read_all(ends[0]);
    close(ends[0]);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    if (WIFSIGNALED(status)) {
        throw sc::error{std::string{"its process was ended by a signal ("} + strsignal(WTERMSIG(status)) +
                        "), perhaps for want of memory"};
    }
    auto const found = json::from_cbor(bytes, true, false);
    if (found.is_discarded()) { throw sc::error{"its process ended without an answer"}; }
    if (found.contains("wrong_option")) { throw sc::option_error{found["wrong_option"].get<std::string>()}; }
    if (found.contains("failure")) { throw sc::error{found["failure"].get<std::string>()}; }
    return found["answer"];
}

}  // namespace cli
