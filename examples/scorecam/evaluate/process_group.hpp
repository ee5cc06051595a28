#pragma once
// Who evaluates the pictures: this process (one_process.cpp), or all ranks of an MPI run (mpi_ranks.cpp). A program links
// one of them.
#include <functional>
#include <memory>
#include <vector>

#include <nlohmann/json.hpp>
#include <scorecam/tensor_view.hpp>

namespace cli {

/// What a member of the group needs to evaluate pictures.
struct member {
    nlohmann::ordered_json header;  ///< has to be the same for all
    std::function<nlohmann::ordered_json(scorecam::index_t row)> evaluate;
};

class process_group {
public:
    process_group();
    ~process_group();  ///< lets the others go
    process_group(process_group const&)            = delete;
    process_group& operator=(process_group const&) = delete;

    /// One process leads; it alone writes files and says what happens. The others follow.
    [[nodiscard]] bool leads() const;

    /// Has all rows evaluated, and calls `done` with each line as it comes. Rows are handed out one by one, so that a slow
    /// member delays its own row only. Throws what `done` throws, and scorecam::error with the reason if a member fails.
    void lead(member const& own, std::vector<scorecam::index_t> const& rows,
              std::function<void(nlohmann::ordered_json const&)> const& done);

    /// Evaluates what it is given until there is nothing left. What `open` or the evaluation throws is told to the one who
    /// leads.
    void follow(std::function<member()> const& open);

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace cli
