#pragma once

/// The version, in one place: CMake and the program read it from here.
#define SCORECAM_VERSION_MAJOR 0
#define SCORECAM_VERSION_MINOR 1
#define SCORECAM_VERSION_PATCH 0
#define SCORECAM_VERSION "0.1.0"
