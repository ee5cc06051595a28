// scorecam::cpu_compiled: the work of the backend on images of float, for users who would rather link it than compile it.
#include <scorecam/cpu/compiled.hpp>

namespace scorecam::cpu {

SCORECAM_CPU_WORK(template);

}  // namespace scorecam::cpu
