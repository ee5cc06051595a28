#include "evaluate/process_group.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <future>
#include <iostream>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <mpi.h>
#include <unistd.h>

#include <scorecam/error.hpp>

#include "report/terminal.hpp"

namespace cli {
namespace {

namespace sc = scorecam;
using json   = nlohmann::ordered_json;

using seconds_clock = std::chrono::steady_clock;

/// The tags: `next` goes to a member, `alive` both ways, the others to the one who leads.
enum message { ready = 1, evaluated, failed, next, alive };
constexpr int leader             = 0;
constexpr std::int64_t no_row    = -1;
constexpr auto between_two_looks = std::chrono::milliseconds{2};  // MPI_Recv would keep a processor busy with waiting
constexpr auto between_two_beats = std::chrono::seconds{2};
constexpr auto given_up_after    = std::chrono::seconds{40};  // without a beat: the process has died, or its machine

/// Ends the whole run, where waiting for the others would have no end. What is in the journal is on the disk.
[[noreturn]] void abandon(std::string const& why)
{
    std::cerr << "scorecam: " << one_line(why) << std::endl;
    alarm(10);  // ends this process where MPI_Abort waits for those who have died
    MPI_Abort(MPI_COMM_WORLD, 1);
    std::_Exit(1);
}

/// Says every two seconds that this rank is there.
class heartbeat {
public:
    void to(int rank)
    {
        auto const now = seconds_clock::now();
        auto& last     = last_[rank];
        if (last.request != MPI_REQUEST_NULL) {
            int done = 0;
            MPI_Test(&last.request, &done, MPI_STATUS_IGNORE);
            if (done == 0) { return; }  // it has not left yet
        }
        if (now - last.sent < between_two_beats) { return; }
        last.sent = now;
        MPI_Isend(nullptr, 0, MPI_CHAR, rank, alive, MPI_COMM_WORLD, &last.request);
    }

private:
    struct beat {
        seconds_clock::time_point sent{};
        MPI_Request request = MPI_REQUEST_NULL;
    };
    std::map<int, beat> last_;
};

struct received {
    int from;
    message what;
    std::string text;
};

/// What the members say. A message is taken in while others are: a member may be held up in the middle of one.
class mail {
public:
    explicit mail(int members) : heard_(static_cast<std::size_t>(members) + 1, seconds_clock::now()) {}

    /// That this one says no more.
    void forget(int member) { heard_[static_cast<std::size_t>(member)] = seconds_clock::time_point::max(); }

    [[nodiscard]] received next()
    {
        auto const elsewhere = seconds_clock::now() - looked_;  // nobody listened while this process had other work
        for (auto& when : heard_) {
            if (when != seconds_clock::time_point::max()) { when += elsewhere; }
        }
        for (;;) {
            begin_what_is_there();
            look_who_is_there();
            looked_ = seconds_clock::now();
            for (auto one = coming_.begin(); one != coming_.end(); ++one) {
                int done = 0;
                MPI_Test(&one->request, &done, MPI_STATUS_IGNORE);
                if (done == 0) { continue; }
                auto found = std::move(one->into);
                coming_.erase(one);
                if (found.what != alive) { return found; }
                break;  // the list has changed
            }
            std::this_thread::sleep_for(between_two_looks);
        }
    }

private:
    struct coming {
        received into;
        MPI_Request request;
    };

    void begin_what_is_there()
    {
        for (;;) {
            int there = 0, size = 0;
            MPI_Status status;
            MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &there, &status);
            if (there == 0) { return; }
            MPI_Get_count(&status, MPI_CHAR, &size);
            auto& heard = heard_[static_cast<std::size_t>(status.MPI_SOURCE)];
            if (heard != seconds_clock::time_point::max()) { heard = seconds_clock::now(); }
            coming_.push_back(
                {{status.MPI_SOURCE, static_cast<message>(status.MPI_TAG), std::string(static_cast<std::size_t>(size), ' ')},
                 MPI_REQUEST_NULL});
            auto& one = coming_.back();
            MPI_Irecv(one.into.text.data(), size, MPI_CHAR, one.into.from, one.into.what, MPI_COMM_WORLD, &one.request);
        }
    }

    void look_who_is_there()
    {
        for (int member = leader + 1; member < static_cast<int>(heard_.size()); ++member) {
            auto const when = heard_[static_cast<std::size_t>(member)];
            if (when == seconds_clock::time_point::max()) { continue; }
            beats_.to(member);
            if (seconds_clock::now() - when > given_up_after) {
                abandon("rank " + std::to_string(member) +
                        " has not been heard of for 40 seconds: its process has died or stands still; begin again, and the "
                        "run goes on where it stopped");
            }
        }
    }

    std::list<coming> coming_;                      // they stay where they are
    std::vector<seconds_clock::time_point> heard_;  // by rank; max: never again
    seconds_clock::time_point looked_ = seconds_clock::now();
    heartbeat beats_;
};

/// Where a member evaluates while its first thread, the only one that calls MPI, says that it is there.
class side_thread {
public:
    side_thread()
        : thread_{[this] {
              for (std::unique_lock lock{mutex_};;) {
                  changed_.wait(lock, [this] { return ends_ || task_.valid(); });
                  if (ends_) { return; }
                  auto task = std::exchange(task_, {});
                  lock.unlock();
                  task();
                  lock.lock();
              }
          }}
    {
    }
    ~side_thread()
    {
        {
            std::lock_guard const lock{mutex_};
            ends_ = true;
        }
        changed_.notify_one();
        thread_.join();
    }
    side_thread(side_thread const&)            = delete;
    side_thread& operator=(side_thread const&) = delete;

    [[nodiscard]] std::future<json> run(std::function<json()> work)
    {
        std::packaged_task<json()> task{std::move(work)};
        auto found = task.get_future();
        {
            std::lock_guard const lock{mutex_};
            task_ = std::move(task);
        }
        changed_.notify_one();
        return found;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::packaged_task<json()> task_;
    bool ends_ = false;
    std::thread thread_;  // the last: it uses the others
};

/// A member's side of the talk with the one who leads.
class line_to_leader {
public:
    void tell(message what, std::string const& text)
    {
        MPI_Request request = MPI_REQUEST_NULL;
        MPI_Isend(text.data(), static_cast<int>(text.size()), MPI_CHAR, leader, what, MPI_COMM_WORLD, &request);
        keep_alive_until([&] {
            int done = 0;
            MPI_Test(&request, &done, MPI_STATUS_IGNORE);
            return done != 0;
        });
    }
    void tell(message what, json const& line) { tell(what, line.dump(-1, ' ', false, json::error_handler_t::replace)); }

    [[nodiscard]] json wait_for(std::future<json> found)
    {
        keep_alive_until([&] { return found.wait_for(between_two_looks) == std::future_status::ready; });
        return found.get();
    }
    [[nodiscard]] std::int64_t next_row()
    {
        std::int64_t row = no_row;
        keep_alive_until([&] {
            int there = 0;
            MPI_Iprobe(leader, next, MPI_COMM_WORLD, &there, MPI_STATUS_IGNORE);
            if (there != 0) { MPI_Recv(&row, 1, MPI_INT64_T, leader, next, MPI_COMM_WORLD, MPI_STATUS_IGNORE); }
            return there != 0;
        });
        return row;
    }

private:
    template <class Done>
    void keep_alive_until(Done const& done)
    {
        auto since = seconds_clock::now();
        while (!done()) {
            beats_.to(leader);
            int there = 0;
            MPI_Iprobe(leader, alive, MPI_COMM_WORLD, &there, MPI_STATUS_IGNORE);
            if (there != 0) {
                MPI_Recv(nullptr, 0, MPI_CHAR, leader, alive, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
                since  = seconds_clock::now();
                heard_ = true;
            }
            if (heard_ && seconds_clock::now() - since > given_up_after) {
                abandon("rank 0 has not been heard of for 40 seconds: its process has died or stands still");
            }
            std::this_thread::sleep_for(between_two_looks);
        }
    }

    bool heard_ = false;  // before its first beat, it may be opening a network
    heartbeat beats_;
};

}  // namespace

struct process_group::state {
    int rank   = 0;
    int others = 0;  // that have not been let go yet, as the leader knows
    std::optional<mail> from_others;

    void let_go(int member)
    {
        MPI_Send(&no_row, 1, MPI_INT64_T, member, next, MPI_COMM_WORLD);
        from_others->forget(member);
        --others;
    }
};

process_group::process_group() : state_{std::make_unique<state>()}
{
    int given = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &given);
    MPI_Comm_rank(MPI_COMM_WORLD, &state_->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &state_->others);
    --state_->others;
    state_->from_others.emplace(state_->others);
}

process_group::~process_group()
{
    while (leads() && state_->others > 0) {
        state_->let_go(state_->from_others->next().from);
    }  // after an error; a row may still be evaluated
    MPI_Finalize();
}

bool process_group::leads() const { return state_->rank == leader; }

void process_group::lead(member const& own, std::vector<sc::index_t> const& rows,
                         std::function<void(json const&)> const& done)
{
    auto left = rows.begin();
    if (state_->others == 0) {
        for (; left != rows.end(); ++left) { done(own.evaluate(*left)); }
    }
    while (state_->others > 0) {
        auto const news = state_->from_others->next();
        auto const who  = "rank " + std::to_string(news.from);
        if (news.what == failed) {
            state_->let_go(news.from);
            throw sc::error{who + ": " + news.text};
        }
        auto const line = json::parse(news.text);
        if (news.what == ready && line != own.header) {
            state_->let_go(news.from);
            throw sc::error{who +
                            " has another engine, network or list than rank 0: " + json::diff(own.header, line).dump()};
        }
        if (left == rows.end()) {
            state_->let_go(news.from);
        } else {
            std::int64_t const row = *left++;
            MPI_Send(&row, 1, MPI_INT64_T, news.from, next, MPI_COMM_WORLD);
        }
        if (news.what == evaluated) { done(line); }
    }
}

void process_group::follow(std::function<member()> const& open)
{
    line_to_leader line;
    try {
        side_thread aside;
        member own;
        auto const begin = [&]() -> json {
            own = open();
            return own.header;
        };
        line.tell(ready, line.wait_for(aside.run(begin)));
        for (auto row = line.next_row(); row != no_row; row = line.next_row()) {
            line.tell(evaluated, line.wait_for(aside.run([&] { return own.evaluate(row); })));
        }
    } catch (std::exception const& e) {
        line.tell(failed, std::string{e.what()});
        while (line.next_row() != no_row) {}
    }
}

}  // namespace cli
