#pragma once
// What the program can do. Each command returns the exit status: 0 done, 1 something failed.
#include "maps/map_case.hpp"
#include "maps/options.hpp"

namespace cli {

int explain(explain_options const& options);

struct compare_options : explain_options {
    std::vector<std::string> compositions;  ///< none: every convention
    std::string json;
    std::string panel_file;
    bool maps_only = false;
};
int compare(compare_options const& options);

struct bench_options : explain_options {
    case_lists lists;
    int rounds     = 31;   ///< at most
    double seconds = 120;  ///< no further round once so long
    std::string json;
    std::string plot;
    std::string command_line;
};
int bench(bench_options const& options);

struct evaluate_options : explain_options {
    std::string list;                       ///< a CSV file, or a folder of pictures
    std::vector<std::string> compositions;  ///< none: every convention
    std::string curves     = "paper";
    std::string confidence = "paper";
    std::string pointing   = "inside";
    std::string score      = "auto";  ///< read from the outputs to evaluate maps
    bool adcc              = false;
    std::string shard;  ///< "2/5", or empty for all
    double level            = 0.95;
    long resamples          = 2000;
    unsigned long long seed = 1;
    /// Every option as it was written, or its default; not what says where results go, nor files, whose contents count.
    std::vector<std::pair<std::string, std::vector<std::string>>> given;
};
int evaluate(evaluate_options const& options);

struct merge_options {
    std::vector<std::string> journals;
    std::string output = "evaluation";
};
int merge(merge_options const& options);

int list_layers(model_options const& options);

}  // namespace cli
