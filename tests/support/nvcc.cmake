# scorecam_nvcc_test(<name> COMMAND <argument>...): a test that needs CUDA's compiler, skipped by name where there is none.
# SCORECAM_NVCC is the compiler and how a file is compiled with it. No GPU is needed. What nvcc says does not depend on the
# preset: under sanitizers these tests are left out.
find_program(SCORECAM_NVCC_PROGRAM nvcc PATHS /usr/local/cuda/bin DOC "CUDA's compiler, for the tests of the headers")
mark_as_advanced(SCORECAM_NVCC_PROGRAM)
set(SCORECAM_NVCC ${SCORECAM_NVCC_PROGRAM} -x cu -std=c++20 -arch=sm_90)

function(scorecam_nvcc_test name)
  cmake_parse_arguments(arg "" "" "COMMAND" ${ARGN})
  if(SCORECAM_SANITIZED)
    return()
  endif()
  if(NOT SCORECAM_NVCC_PROGRAM)
    set(arg_COMMAND ${CMAKE_COMMAND} -E echo "skipped: nvcc was not found")
  endif()
  add_test(NAME ${name} COMMAND ${arg_COMMAND})
  set_tests_properties(${name} PROPERTIES SKIP_REGULAR_EXPRESSION "skipped: nvcc was not found")
endfunction()
