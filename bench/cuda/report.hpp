#pragma once
// What programs that time a GPU print: a result that bench/compare.py reads.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <cuda_runtime_api.h>

#include <scorecam/cuda/error.hpp>
#include <scorecam/cuda/stream.hpp>
#include <scorecam/version.hpp>

#include "maps/stopwatch.hpp"

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
        check(cudaGetDeviceProperties(&machine, 0), "asking for the device");
        std::printf("{\n  \"what\": \"%s\",\n  \"processor\": \"%s\", \"version\": \"%s\",\n  \"cases\": [", what,
                    machine.name, SCORECAM_VERSION);
    }
    report(report const&)            = delete;
    report& operator=(report const&) = delete;
    ~report() { std::printf("\n  ]\n}\n"); }

    /// Times all of it, from the first call on the host to the end on the stream. `floor` is the seconds that it takes at
    /// least, if not 0. Returns the median of its seconds.
    double add(std::string const& name, std::function<void()> const& enqueue, double floor = 0)
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
        begin(name);
        if (floor > 0) { std::printf("\"times_the_floor\": %.4f, ", median(wall) / floor); }
        print("seconds", wall);
        std::printf(", ");
        print("cpu_seconds", cpu);
        end();
        return median(wall);
    }

    /// Times the device's part: enqueue(0), enqueue(1) ... in a row, for 5 ms at least, between two events; seconds for
    /// each, and the host's processor time in enqueuing it. `bytes`, if not 0, is what each has to read and write at least;
    /// the caller sees to it that no cache holds it.
    void add_enqueued(std::string const& name, double bytes, std::function<void(int)> const& enqueue)
    {
        auto const seconds_of = [&](int calls) {
            check(cudaEventRecord(first_.get(), stream_.get()), "recording the beginning");
            auto const host = timed([&] {
                for (int i = 0; i < calls; ++i) { enqueue(i); }
            });
            check(cudaEventRecord(last_.get(), stream_.get()), "recording the end");
            stream_.wait();
            float milliseconds = 0;
            check(cudaEventElapsedTime(&milliseconds, first_.get(), last_.get()), "reading the time");
            return std::pair{static_cast<double>(milliseconds) * 1e-3 / calls, host.cpu / calls};
        };
        static_cast<void>(seconds_of(2));  // which makes memory
        int const calls = std::clamp(static_cast<int>(5e-3 / std::max(seconds_of(10).first, 1e-9)), 10, 2000);
        std::vector<double> device, host;
        for (int i = 0; i < repetitions_; ++i) {
            auto const [on_device, on_host] = seconds_of(calls);
            device.push_back(on_device);
            host.push_back(on_host);
        }
        begin(name);
        if (bytes > 0) { std::printf("\"gigabytes_per_second\": %.1f, ", bytes / median(device) * 1e-9); }
        print("seconds", device);
        std::printf(", ");
        print("cpu_seconds", host);
        end();
    }

private:
    struct destroy {
        void operator()(cudaEvent_t event) const noexcept { static_cast<void>(cudaEventDestroy(event)); }
    };
    using event = std::unique_ptr<std::remove_pointer_t<cudaEvent_t>, destroy>;
    [[nodiscard]] static event made_event()
    {
        cudaEvent_t made = nullptr;
        check(cudaEventCreate(&made), "making an event");
        return event{made};
    }
    static void check(cudaError_t status, char const* what) { scorecam::cuda::check(status, what); }

    void begin(std::string const& name)
    {
        std::printf("%s\n    {\"name\": \"%s\", ", cases_++ == 0 ? "" : ",", name.c_str());
    }
    static void end()
    {
        std::printf("}");
        std::fflush(stdout);
    }
    static void print(char const* key, std::vector<double> const& times)
    {
        std::printf("\"%s\": {\"median\": %.9f, \"q1\": %.9f, \"q3\": %.9f}", key, median(times), quantile(times, 0.25),
                    quantile(times, 0.75));
    }
    scorecam::cuda::stream const& stream_;
    int repetitions_;
    int cases_   = 0;
    event first_ = made_event();
    event last_  = made_event();
};

}  // namespace bench
