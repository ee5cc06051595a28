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
    how.tokens = options.token_grid();
    if (!options.output_name.empty()) {
        how.output = sc::text::read_or_refuse(sc::text::number<std::size_t>("N", 0, 1'000), options.output_name,
                                              "--output-name " + options.output_name);
    }
    how.bfloat16 = options.precision == "bfloat16";
    return engine_with("torch " TORCH_VERSION,
                       sc::torch::network{options.model, options.preprocessing().shape(), layers, how}, settle);
}

}  // namespace cli
