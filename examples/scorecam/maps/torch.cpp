#include <scorecam/torch/network.hpp>

#include <algorithm>

#include <ATen/Parallel.h>
#include <torch/version.h>

#include "maps/engine_of.hpp"

namespace cli {

std::unique_ptr<engine> open_torch(model_options const& options, std::vector<std::string> const& layers)
{
    auto const settle = [threads = std::max(1, threads_of(options) / options.concurrency)] { at::set_num_threads(threads); };
    settle();
    sc::torch::settings<> how;
    how.tokens   = options.token_grid();
    how.bfloat16 = options.precision == "bfloat16";
    return engine_with("torch " TORCH_VERSION,
                       sc::torch::network{options.model, options.preprocessing().shape(), layers, how}, settle);
}

}  // namespace cli
