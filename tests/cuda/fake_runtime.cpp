// A CUDA runtime for tests on machines without a device: the functions that the library calls, and those of its tests.
//
// Streams are queues. What is enqueued runs when somebody waits, or by chance whenever the runtime is called, and always in
// an order of chance among the streams that are free to go on, so that a missing event shows. New memory and freed memory is
// filled with 0xff: NaN, or -1. Pinned memory is read when a copy runs, other memory when it is enqueued, as CUDA does.
#include "cuda/fake_runtime.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <iterator>
#include <map>
#include <memory>
#include <new>
#include <random>
#include <set>
#include <utility>

struct CUevent_st {
    std::size_t recorded = 0;
    std::size_t reached  = 0;
};

namespace {

struct task {
    std::function<void()> run            = {};
    std::shared_ptr<CUevent_st> wait_for = {};  // or null
    std::size_t recording                = 0;   // of that event
    std::shared_ptr<CUevent_st> reaches  = {};  // or null: an event outside the graph that this is in
};

}  // namespace

/// What was recorded, and the memory allocated in it, which it keeps.
struct CUgraph_st {
    std::vector<task> tasks;
    std::vector<void*> memory;
    ~CUgraph_st();
};
struct CUgraphExec_st {
    std::shared_ptr<CUgraph_st> graph;
};
struct CUstream_st {
    std::deque<task> tasks;
    std::shared_ptr<CUgraph_st> recorded;  // while it records
    bool spoiled = false;                  // by something that a graph cannot have
};

namespace {

constexpr std::size_t guard = 256;  // bytes on both sides of an allocation, and its alignment
constexpr int poison        = 0xff;
constexpr int guard_value   = 0xa5;

/// Memory with guards around it.
struct allocation {
    std::unique_ptr<std::byte, void (*)(void*)> whole;
    std::size_t bytes;

    explicit allocation(std::size_t size)
        : whole{static_cast<std::byte*>(std::aligned_alloc(guard, (size + 3 * guard - 1) / guard * guard)), &std::free},
          bytes{size}
    {
        std::memset(whole.get(), guard_value, guard);
        std::memset(data(), poison, bytes);
        std::memset(data() + bytes, guard_value, guard);
    }
    [[nodiscard]] std::byte* data() const { return whole.get() + guard; }
    [[nodiscard]] bool intact() const
    {
        auto const untouched = [](std::byte b) { return b == std::byte{guard_value}; };
        return std::all_of(whole.get(), whole.get() + guard, untouched) &&
               std::all_of(data() + bytes, data() + bytes + guard, untouched);
    }
};

struct machine {
    std::mt19937 chance{1};
    std::set<std::unique_ptr<CUstream_st>, std::less<>> streams;
    std::map<cudaGraph_t, std::shared_ptr<CUgraph_st>> graphs;
    std::set<cudaGraphExec_t> executables;
    std::size_t replays = 0;
    std::map<cudaEvent_t, std::shared_ptr<CUevent_st>> events;  // a task may outlive the handle
    std::map<std::byte const*, allocation> device;
    std::map<std::byte const*, allocation> pinned;
    std::size_t device_bytes = 0;  // less what is on its way to be freed: a stream uses that again
    bool limited             = false;
    std::size_t budget       = 0;
    std::size_t refused      = 0;
    std::size_t waits        = 0;
    cudaError_t fail_with    = cudaSuccess;
    cudaError_t no_recording = cudaSuccess;
    cudaError_t no_graph     = cudaSuccess;
    cudaError_t last         = cudaSuccess;
    std::vector<std::string> violations;
    std::deque<allocation> freed;  // the last ones: nobody writes there

    cudaError_t answer(cudaError_t status)
    {
        if (status != cudaSuccess) { last = status; }
        return status;
    }
    cudaError_t planted() { return answer(std::exchange(fail_with, cudaSuccess)); }

    [[nodiscard]] static bool ready(CUstream_st const& stream)
    {
        if (stream.tasks.empty()) { return false; }
        auto const& first = stream.tasks.front();
        return !first.wait_for || first.wait_for->reached >= first.recording;
    }
    /// Runs one task that may run; false if there is none.
    bool step()
    {
        std::vector<CUstream_st*> free_to_go;
        for (auto const& stream : streams) {
            if (ready(*stream)) { free_to_go.push_back(stream.get()); }
        }
        if (free_to_go.empty()) { return false; }
        std::sort(free_to_go.begin(), free_to_go.end());
        auto* const stream = free_to_go[chance() % free_to_go.size()];
        auto const first   = std::move(stream->tasks.front());
        stream->tasks.pop_front();
        if (first.run) { first.run(); }
        return true;
    }
    /// The device gets on by itself, now and then.
    void go_on()
    {
        if (chance() % 16 == 0) { step(); }
    }
    template <class Done>
    cudaError_t wait_until(Done const& done)
    {
        ++waits;
        while (!done()) {
            if (!step()) {
                violations.push_back("a stream waits for an event that nothing reaches");
                return answer(cudaErrorUnknown);
            }
        }
        return cudaSuccess;
    }
    void enqueue(cudaStream_t stream, task one)
    {
        if (std::none_of(streams.begin(), streams.end(), [&](auto const& s) { return s.get() == stream; })) {
            violations.push_back("work on a stream that does not exist");
            return;
        }
        if (stream->recorded) {
            stream->recorded->tasks.push_back(std::move(one));
            return;
        }
        stream->tasks.push_back(std::move(one));
        go_on();
    }

    [[nodiscard]] static bool inside(std::map<std::byte const*, allocation> const& blocks, void const* from,
                                     std::size_t bytes)
    {
        auto const* const begin = static_cast<std::byte const*>(from);
        auto const after        = blocks.upper_bound(begin);
        if (after == blocks.begin()) { return false; }
        auto const& [start, block] = *std::prev(after);
        return begin + bytes <= start + block.bytes;
    }
    void expect_inside(void const* from, std::size_t bytes, char const* what)
    {
        if (!inside(device, from, bytes)) { violations.push_back(std::string{what} + " that is not the device's"); }
    }
    void release(std::map<std::byte const*, allocation>& blocks, void* memory)
    {
        auto const found = blocks.find(static_cast<std::byte const*>(memory));
        if (found == blocks.end()) {
            violations.emplace_back("memory freed that was not allocated, or twice");
            return;
        }
        if (!found->second.intact()) { violations.emplace_back("a write beyond an allocation"); }
        std::memset(found->second.data(), poison, found->second.bytes);
        freed.push_back(std::move(found->second));
        blocks.erase(found);
        constexpr std::size_t remembered = 256;
        while (freed.size() > remembered) { forget_freed(); }
    }
    void forget_freed()
    {
        auto const& block    = freed.front();
        auto const untouched = [](std::byte b) { return b == std::byte{poison}; };
        if (!std::all_of(block.data(), block.data() + block.bytes, untouched)) {
            violations.emplace_back("a write to memory that was freed");
        }
        freed.pop_front();
    }
};

machine& the()
{
    static machine one;
    return one;
}

/// An event stands for what the stream has been given so far.
void record(std::shared_ptr<CUevent_st> const& event, cudaStream_t stream)
{
    auto const number = ++event->recorded;
    the().enqueue(stream, {[=] { event->reached = std::max(event->reached, number); }});
}
/// A call that a recording does not survive, or that is for recordings alone.
cudaError_t refused(cudaStream_t stream)
{
    if (!stream->recorded) { return cudaErrorInvalidValue; }
    stream->spoiled = true;
    return cudaErrorStreamCaptureIsolation;
}

}  // namespace

CUgraph_st::~CUgraph_st()
{
    for (auto* const kept : memory) {
        the().device_bytes -= the().device.at(static_cast<std::byte const*>(kept)).bytes;
        the().release(the().device, kept);
    }
}

namespace fake {

void seed(unsigned number) { the().chance.seed(number); }
void set_budget(std::size_t bytes)
{
    the().limited = true;
    the().budget  = bytes;
}
void set_no_budget() { the().limited = false; }
void fail_next_call(cudaError_t with) { the().fail_with = with; }
void refuse_to_record(cudaError_t with) { the().no_recording = with; }
void refuse_graphs(cudaError_t with) { the().no_graph = with; }
std::size_t device_bytes() { return the().device_bytes; }
std::size_t pinned_bytes()
{
    std::size_t sum = 0;
    for (auto const& [start, block] : the().pinned) { sum += block.bytes; }
    return sum;
}
std::size_t live_handles()
{
    return the().streams.size() + the().events.size() + the().graphs.size() + the().executables.size();
}
std::size_t replays() { return the().replays; }
std::size_t host_waits() { return the().waits; }
std::size_t refused_allocations() { return the().refused; }
std::vector<std::string> const& violations()
{
    while (!the().freed.empty()) { the().forget_freed(); }
    return the().violations;
}
void forget_violations() { the().violations.clear(); }
void enqueue(cudaStream_t stream, std::function<void()> work) { the().enqueue(stream, {std::move(work)}); }

}  // namespace fake

extern "C" {

char const* cudaGetErrorString(cudaError_t error)
{
    return error == cudaErrorMemoryAllocation ? "out of memory" : "made up";
}
char const* cudaGetErrorName(cudaError_t) { return "cudaErrorOfTheFakeRuntime"; }
cudaError_t cudaGetLastError() { return std::exchange(the().last, cudaSuccess); }
cudaError_t cudaPeekAtLastError() { return the().last; }
cudaError_t cudaGetDeviceCount(int* count)
{
    *count = 1;
    return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned)
{
    *stream = the().streams.insert(std::make_unique<CUstream_st>()).first->get();
    return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream)
{
    if (auto const status = the().planted(); status != cudaSuccess) { return status; }
    if (stream->recorded) {
        stream->spoiled = true;
        return the().answer(cudaErrorStreamCaptureUnsupported);
    }
    return the().wait_until([=] { return stream->tasks.empty(); });
}
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode)
{
    if (auto const status = the().planted(); status != cudaSuccess) { return status; }
    if (the().no_recording != cudaSuccess) { return the().answer(the().no_recording); }
    stream->recorded = std::make_shared<CUgraph_st>();
    stream->spoiled  = false;
    return cudaSuccess;
}
cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status)
{
    *status = !stream->recorded ? cudaStreamCaptureStatusNone
              : stream->spoiled ? cudaStreamCaptureStatusInvalidated
                                : cudaStreamCaptureStatusActive;
    return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph)
{
    auto recorded = std::exchange(stream->recorded, nullptr);
    *graph        = nullptr;
    if (stream->spoiled) { return the().answer(cudaErrorStreamCaptureInvalidated); }
    *graph = recorded.get();
    the().graphs.emplace(*graph, std::move(recorded));
    return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph)
{
    for (auto* const made : the().executables) {
        if (made->graph.get() == graph) { the().violations.emplace_back("a graph destroyed before what was made of it"); }
    }
    the().graphs.erase(graph);
    return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* made, cudaGraph_t graph, unsigned long long)
{
    if (auto const status = the().planted(); status != cudaSuccess) { return status; }
    if (the().no_graph != cudaSuccess) { return the().answer(the().no_graph); }
    *made = new CUgraphExec_st{the().graphs.at(graph)};
    the().executables.insert(*made);
    return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graph)
{
    the().executables.erase(graph);
    delete graph;
    return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t stream)
{
    if (auto const status = the().planted(); status != cudaSuccess) { return status; }
    ++the().replays;
    for (auto const& one : graph->graph->tasks) {  // which keep the graph, also when its handle is gone
        if (one.reaches) {
            record(one.reaches, stream);
        } else if (one.wait_for) {  // as it is now
            the().enqueue(stream, {{}, one.wait_for, one.wait_for->recorded});
        } else {
            the().enqueue(stream, {[kept = graph->graph, &one] { one.run(); }});
        }
    }
    return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream)  // its work is done all the same
{
    while (!stream->tasks.empty() && the().step()) {}
    auto& all = the().streams;
    all.erase(std::find_if(all.begin(), all.end(), [&](auto const& s) { return s.get() == stream; }));
    return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned)
{
    auto made = std::make_shared<CUevent_st>();
    *event    = made.get();
    the().events.emplace(*event, std::move(made));
    return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    the().events.erase(event);
    return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
    return cudaEventRecordWithFlags(event, stream, cudaEventRecordDefault);
}
/// Of a stream that is recorded, external events only: those within a graph are not made up.
cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t stream, unsigned flags)
{
    bool const external = flags == cudaEventRecordExternal;
    if (external != (stream->recorded != nullptr)) { return the().answer(refused(stream)); }
    auto const kept = the().events.at(event);
    if (external) {
        the().enqueue(stream, {{}, nullptr, 0, kept});
    } else {
        record(kept, stream);
    }
    return cudaSuccess;
}
cudaError_t cudaEventQuery(cudaEvent_t event)
{
    the().go_on();
    return event->reached >= event->recorded ? cudaSuccess : the().answer(cudaErrorNotReady);
}
cudaError_t cudaEventSynchronize(cudaEvent_t event)
{
    if (event->reached >= event->recorded) { return cudaSuccess; }
    return the().wait_until([=] { return event->reached >= event->recorded; });
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags)
{
    bool const external = flags == cudaEventWaitExternal;
    if (external != (stream->recorded != nullptr)) { return the().answer(refused(stream)); }
    auto const kept = the().events.at(event);
    the().enqueue(stream, {{}, kept, kept->recorded});
    return cudaSuccess;
}

cudaError_t cudaMallocAsync(void** memory, size_t bytes, cudaStream_t stream)
{
    auto& on = the();
    if (auto const status = on.planted(); status != cudaSuccess) { return status; }
    if (on.limited && (bytes > on.budget || on.device_bytes > on.budget - bytes)) {
        ++on.refused;
        return on.answer(cudaErrorMemoryAllocation);
    }
    allocation made{bytes};
    *memory = made.data();
    on.device.emplace(made.data(), std::move(made));
    on.device_bytes += bytes;
    if (stream->recorded) { stream->recorded->memory.push_back(*memory); }
    return cudaSuccess;
}
cudaError_t cudaFreeAsync(void* memory, cudaStream_t stream)
{
    auto& on         = the();
    auto const found = on.device.find(static_cast<std::byte const*>(memory));
    if (stream->recorded) {  // the graph keeps it, but what it held is gone
        auto const& own = stream->recorded->memory;
        if (std::find(own.begin(), own.end(), memory) == own.end()) {
            on.violations.emplace_back("a graph frees memory that it did not allocate");
            return cudaSuccess;
        }
        on.enqueue(stream, {[memory, bytes = found->second.bytes] { std::memset(memory, poison, bytes); }});
        return cudaSuccess;
    }
    if (found != on.device.end()) { on.device_bytes -= found->second.bytes; }
    on.enqueue(stream, {[memory] { the().release(the().device, memory); }});
    return cudaSuccess;
}
cudaError_t cudaMallocHost(void** memory, size_t bytes)
{
    if (auto const status = the().planted(); status != cudaSuccess) { return status; }
    allocation made{bytes};
    *memory = made.data();
    the().pinned.emplace(made.data(), std::move(made));
    return cudaSuccess;
}
cudaError_t cudaFreeHost(void* memory)
{
    the().release(the().pinned, memory);
    return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, void const* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream)
{
    auto& on = the();
    if (auto const status = on.planted(); status != cudaSuccess) { return status; }
    if (kind == cudaMemcpyHostToDevice && !machine::inside(on.pinned, from, bytes)) {  // staged by the runtime, which waits
        if (auto const status = on.wait_until([=] { return stream->tasks.empty(); }); status != cudaSuccess) {
            return status;
        }
        auto const* const begin = static_cast<std::byte const*>(from);
        on.enqueue(stream, {[=, staged = std::vector<std::byte>(begin, begin + bytes)] {
                       the().expect_inside(to, bytes, "a copy to memory");
                       std::memcpy(to, staged.data(), bytes);
                   }});
        return cudaSuccess;
    }
    on.enqueue(stream, {[=] {
                   if (kind != cudaMemcpyHostToDevice) { the().expect_inside(from, bytes, "a copy of memory"); }
                   if (kind != cudaMemcpyDeviceToHost) { the().expect_inside(to, bytes, "a copy to memory"); }
                   std::memcpy(to, from, bytes);
               }});
    return cudaSuccess;
}
cudaError_t cudaMemcpy2DAsync(void* to, size_t to_pitch, void const* from, size_t from_pitch, size_t width, size_t height,
                              cudaMemcpyKind kind, cudaStream_t stream)
{
    if (kind != cudaMemcpyDeviceToDevice || width > to_pitch || width > from_pitch) { return cudaErrorInvalidValue; }
    the().enqueue(stream, {[=] {
                      for (size_t line = 0; line < height; ++line) {
                          auto const* const source = static_cast<std::byte const*>(from) + line * from_pitch;
                          auto* const target       = static_cast<std::byte*>(to) + line * to_pitch;
                          the().expect_inside(source, width, "a copy of memory");
                          the().expect_inside(target, width, "a copy to memory");
                          std::memcpy(target, source, width);
                      }
                  }});
    return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t stream)
{
    the().enqueue(stream, {[=] {
                      the().expect_inside(to, bytes, "a filling of memory");
                      std::memset(to, value, bytes);
                  }});
    return cudaSuccess;
}
cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* data)
{
    the().enqueue(stream, {[=] { function(data); }});
    return cudaSuccess;
}

}  // extern "C"
