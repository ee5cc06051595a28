# cmake -P: configured and installed, with nothing built. The headers and the licence are there; what is compiled is not, and
# a project that asks for it is told so.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/project.cmake)
file(REMOVE_RECURSE ${work}/unbuilt ${work}/unbuilt_prefix)
run(${CMAKE_COMMAND} -S ${source} -B ${work}/unbuilt -G ${generator} -D CMAKE_CXX_COMPILER=${compiler} -D CMAKE_INSTALL_LIBDIR=lib
    -D SCORECAM_BUILD_TESTS=OFF)
run(${CMAKE_COMMAND} --install ${work}/unbuilt --prefix ${work}/unbuilt_prefix)
if(NOT EXISTS ${work}/unbuilt_prefix/share/doc/scorecam/LICENSE)
  message(FATAL_ERROR "LICENSE is not installed")
endif()
file(GLOB_RECURSE compiled ${work}/unbuilt_prefix/bin/* ${work}/unbuilt_prefix/*.a ${work}/unbuilt_prefix/*.so)
if(compiled)
  message(FATAL_ERROR "something was built: ${compiled}")
endif()

set(here -D CMAKE_PREFIX_PATH=${work}/unbuilt_prefix)
build_and_run(installed ${here} -D components=cpu)
if(has_cuda_kernels)
  refused(installed "its component cuda_kernels was not built when scorecam was installed" ${here} -D components=cuda_kernels)

  # Once it is built, the next installation has it. A file in its place is enough for that.
  file(WRITE ${work}/unbuilt/backends/compute/cuda/libscorecam_cuda_kernels.a "!<arch>\n")
  run(${CMAKE_COMMAND} --install ${work}/unbuilt --prefix ${work}/unbuilt_prefix --component kernels)
  if(NOT EXISTS ${work}/unbuilt_prefix/lib/libscorecam_cuda_kernels.a)
    message(FATAL_ERROR "the kernels are built and not installed")
  endif()
  configure(installed ${here} -D components=cpu,cuda_kernels)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "the kernels are installed and not found:\n${output}")
  endif()
endif()
