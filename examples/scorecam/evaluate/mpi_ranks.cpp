#include "evaluate/process_group.hpp"

#include <chrono>
#include <cstdint>
#include <exception>
#include <list>
#include <string>
#include <thread>
#include <utility>

#include <mpi.h>

#include <scorecam/error.hpp>

namespace cli {
namespace {

namespace sc = scorecam;
using json   = nlohmann::ordered_json;

enum message { ready = 1, evaluated, failed, next };  // the tags: `next` goes to a member, the others to the one who leads
constexpr int leader             = 0;
constexpr std::int64_t no_row    = -1;
constexpr auto between_two_looks = std::chrono::milliseconds{2};  // MPI_Recv would keep a processor busy with waiting

struct received {
    int from;
    message what;
    std::string text;
};

/// What the members say. A message is taken in while others are: a member may be held up in the middle of one.
class mail {
public:
    [[nodiscard]] received next()
    {
        for (;;) {
            begin_what_is_there();
            for (auto one = coming_.begin(); one != coming_.end(); ++one) {
                int done = 0;
                MPI_Test(&one->request, &done, MPI_STATUS_IGNORE);
                if (done == 0) { continue; }
                auto found = std::move(one->into);
                coming_.erase(one);
                return found;
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
            coming_.push_back(
                {{status.MPI_SOURCE, static_cast<message>(status.MPI_TAG), std::string(static_cast<std::size_t>(size), ' ')},
                 MPI_REQUEST_NULL});
            auto& one = coming_.back();
            MPI_Irecv(one.into.text.data(), size, MPI_CHAR, one.into.from, one.into.what, MPI_COMM_WORLD, &one.request);
        }
    }

    std::list<coming> coming_;  // they stay where they are
};

void tell(message what, std::string const& text)
{
    MPI_Send(text.data(), static_cast<int>(text.size()), MPI_CHAR, leader, what, MPI_COMM_WORLD);
}
void tell(message what, json const& line) { tell(what, line.dump(-1, ' ', false, json::error_handler_t::replace)); }

}  // namespace

struct process_group::state {
    int rank   = 0;
    int others = 0;  // that have not been let go yet, as the leader knows
    mail from_others;

    void let_go(int member)
    {
        MPI_Send(&no_row, 1, MPI_INT64_T, member, next, MPI_COMM_WORLD);
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
}

process_group::~process_group()
{
    while (leads() && state_->others > 0) {
        state_->let_go(state_->from_others.next().from);
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
        auto const news = state_->from_others.next();
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
    auto const next_row = [] {
        std::int64_t row = no_row;
        MPI_Recv(&row, 1, MPI_INT64_T, leader, next, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        return row;
    };
    try {
        auto const own = open();
        tell(ready, own.header);
        for (auto row = next_row(); row != no_row; row = next_row()) { tell(evaluated, own.evaluate(row)); }
    } catch (std::exception const& e) {
        tell(failed, std::string{e.what()});
        while (next_row() != no_row) {}
    }
}

}  // namespace cli
