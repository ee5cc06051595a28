#pragma once
// What programs that time a GPU print: a result that bench/compare.py reads.
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include <cuda_runtime_api.h>

#include <scorecam/cuda/error.hpp>
#include <scorecam/cuda/stream.hpp>
#include <scorecam/version.hpp>

#include "common/stopwatch.hpp"

namespace bench {

/// Whether there is a GPU; says so otherwise, for a program that then returns 77.
[[nodiscard]] inline bool has_gpu()
{
    int devices = 0;
    if (cudaGetDeviceCount(&devices) == cudaSuccess && devices > 0) { return true; }
    std::fputs("skipped: there is no GPU here\n", stderr);
    return false;
}

/// Printed from its making to its end.
class report {
public:
    report(char const* what, scorecam::cuda::stream const& on, int repetitions = 21) : stream_{on}, repetitions_{repetitions}
    {
        cudaDeviceProp machine{};
        scorecam::cuda::check(cudaGetDeviceProperties(&machine, 0), "asking for the device");
        std::printf("{\n  \"what\": \"%s\",\n  \"processor\": \"%s\", \"version\": \"%s\",\n  \"cases\": [", what,
                    machine.name, SCORECAM_VERSION);
    }
    report(report const&)            = delete;
    report& operator=(report const&) = delete;
    ~report() { std::printf("\n  ]\n}\n"); }

    /// Times the work, which is enqueued on the stream. `bytes` is what it has to read and write at least, and `floor` the
    /// seconds that it takes at least, if not 0. Returns the median of its seconds.
    double add(std::string const& name, double bytes, std::function<void()> const& enqueue, double floor = 0)
    {
        std::vector<double> wall, cpu;
        for (int i = -2; i < repetitions_; ++i) {  // the first ones make memory
            stream_.wait();
            auto const took = timed([&] {
                enqueue();
                stream_.wait();
            });
            if (i >= 0) {
                wall.push_back(took.wall);
                cpu.push_back(took.cpu);
            }
        }
        std::printf("%s\n    {\"name\": \"%s\", ", cases_++ == 0 ? "" : ",", name.c_str());
        if (floor > 0) { std::printf("\"times_the_floor\": %.4f, ", median(wall) / floor); }
        if (bytes > 0) { std::printf("\"gigabytes_per_second\": %.1f, ", bytes / median(wall) * 1e-9); }
        print("seconds", wall);
        std::printf(", ");
        print("cpu_seconds", cpu);
        std::printf("}");
        std::fflush(stdout);
        return median(wall);
    }

private:
    static void print(char const* key, std::vector<double> const& times)
    {
        std::printf("\"%s\": {\"median\": %.9f, \"q1\": %.9f, \"q3\": %.9f}", key, median(times), quantile(times, 0.25),
                    quantile(times, 0.75));
    }
    scorecam::cuda::stream const& stream_;
    int repetitions_;
    int cases_ = 0;
};

}  // namespace bench
