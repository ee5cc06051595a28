#pragma once

/// Marks the scalar functions and function objects of ops/, which run on the host and on a device.
#if defined(__CUDACC__)
#define SCORECAM_HD __host__ __device__
#else
#define SCORECAM_HD
#endif
