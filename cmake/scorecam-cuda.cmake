# Enables the CUDA language where it is wanted and there, for scorecam::cuda_kernels and what is made with it. No GPU is needed.
#
# SCORECAM_CUDA: ON, OFF, or AUTO, which is ON at the top level or in a project that has the language, if its compiler works.
set(SCORECAM_CUDA AUTO CACHE STRING "Compile CUDA kernels: ON, OFF or AUTO")
set_property(CACHE SCORECAM_CUDA PROPERTY STRINGS AUTO ON OFF)

get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
set(may_enable "${SCORECAM_CUDA}")
if(SCORECAM_CUDA STREQUAL "AUTO")
  set(may_enable "${PROJECT_IS_TOP_LEVEL}")
endif()
if(may_enable AND CUDAToolkit_NVCC_EXECUTABLE AND NOT DEFINED ENV{CUDACXX} AND NOT CMAKE_CUDA_COMPILER)
  set(ENV{CUDACXX} "${CUDAToolkit_NVCC_EXECUTABLE}")  # also where it is not on the PATH
endif()
set(wanted "${SCORECAM_CUDA}")
if(wanted STREQUAL "AUTO")
  set(wanted OFF)
  if("CUDA" IN_LIST languages)
    set(wanted ON)
  elseif(may_enable AND TARGET CUDA::cudart AND CUDAToolkit_NVCC_EXECUTABLE)
    include(CheckLanguage)
    check_language(CUDA)
    if(CMAKE_CUDA_COMPILER)
      set(wanted ON)
    endif()
  endif()
endif()
set(SCORECAM_HAS_CUDA_LANGUAGE ${wanted})

if(wanted AND NOT "CUDA" IN_LIST languages)
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)  # before the language: CMake 3.25 tries one that CUDA 13 no longer has
    set(CMAKE_CUDA_ARCHITECTURES 80 90 CACHE STRING "What the kernels are compiled for")  # Ampere and Hopper
  endif()
  enable_language(CUDA)
endif()
