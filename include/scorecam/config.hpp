#pragma once

#if !defined(__cpp_concepts)
#error "scorecam: the headers are C++20: compile with -std=c++20, files for nvcc as well"
#endif

/// Marks the scalar functions and function objects of ops/, which run on the host and on a device.
#if defined(__CUDACC__)
#define SCORECAM_HD __host__ __device__
#else
#define SCORECAM_HD
#endif
