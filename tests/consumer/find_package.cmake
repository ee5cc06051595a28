# cmake -P: a project finds this one where it was installed, and is told which component it cannot have.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/project.cmake)
file(REMOVE_RECURSE ${work}/prefix)
run(${CMAKE_COMMAND} --install ${build} --prefix ${work}/prefix)
set(here -D CMAKE_PREFIX_PATH=${work}/prefix)

build_and_run(installed ${here} -D components=cpu -D optional_components=quantum)
if(NOT output MATCHES "optional quantum: FALSE")
  message(FATAL_ERROR "the optional component quantum, which does not exist, was found:\n${output}")
endif()

build_and_run(readme ${here})
build_and_run(conformance ${here})
build_and_run(findings ${here} -D CMAKE_DISABLE_FIND_PACKAGE_doctest=ON)
if(has_cudnn)  # no GPU is needed
  build_and_run(cuda ${here} -D components=cudnn)
elseif(has_cuda)
  build_and_run(cuda ${here} -D components=cuda)
endif()

refused(installed "this installation of scorecam has no component quantum, but .*cpu" ${here} -D components=quantum)
refused(installed "its component cpu needs Eigen3::Eigen, which was not found"
        ${here} -D components=cpu -D CMAKE_DISABLE_FIND_PACKAGE_Eigen3=ON)
if(has_cuda)
  refused(installed "its component cuda needs CUDA::cudart, which was not found"
          ${here} -D components=cuda -D CMAKE_DISABLE_FIND_PACKAGE_CUDAToolkit=ON)
endif()
if(has_cuda_kernels)
  refused(installed "its component cuda needs CUDA::cudart, which was not found"
          ${here} -D components=cuda_kernels -D CMAKE_DISABLE_FIND_PACKAGE_CUDAToolkit=ON)
endif()
