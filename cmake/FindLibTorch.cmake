# LibTorch as the one target LibTorch::LibTorch, found where Torch_DIR or CMAKE_PREFIX_PATH says, as for its own package.
# That package, TorchConfig.cmake, is not used: it ends the configuration where something is missing, turns CUDA on for the
# whole project, and prints. What it knows is little: the folders, the libraries, and which ABI of std::string they have.
set(LibTorch_hints)
foreach(prefix IN LISTS CMAKE_PREFIX_PATH)
  list(APPEND LibTorch_hints ${prefix} ${prefix}/../..)  # torch.utils.cmake_prefix_path is share/cmake
endforeach()
if(Torch_DIR)
  list(PREPEND LibTorch_hints ${Torch_DIR}/../../..)
endif()
find_path(LibTorch_INCLUDE_DIR torch/csrc/api/include/torch/version.h HINTS ${LibTorch_hints} PATH_SUFFIXES include)
get_filename_component(LibTorch_prefix "${LibTorch_INCLUDE_DIR}/.." ABSOLUTE)
set(LibTorch_folders ${LibTorch_prefix}/lib ${LibTorch_prefix}/lib/${CMAKE_LIBRARY_ARCHITECTURE})
set(LibTorch_parts)
foreach(library torch torch_cpu c10)
  find_library(LibTorch_${library}_LIBRARY ${library} PATHS ${LibTorch_folders} NO_DEFAULT_PATH)  # never those of another Torch
  list(APPEND LibTorch_parts LibTorch_${library}_LIBRARY)
endforeach()

set(LibTorch_api ${LibTorch_INCLUDE_DIR}/torch/csrc/api/include)
if(EXISTS "${LibTorch_api}/torch/version.h")
  file(STRINGS ${LibTorch_api}/torch/version.h lines REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
  string(REGEX REPLACE "[^0-9]*([0-9]+)[^0-9]+([0-9]+)[^0-9]+([0-9]+).*" "\\1.\\2.\\3" LibTorch_VERSION "${lines}")
endif()
if(EXISTS "${LibTorch_INCLUDE_DIR}/c10/macros/cmake_macros.h")
  file(STRINGS ${LibTorch_INCLUDE_DIR}/c10/macros/cmake_macros.h lines REGEX "^#define C10_USE_GLOG")
  if(lines)  # Debian's headers call glog
    find_path(LibTorch_glog_INCLUDE_DIR glog/logging.h)
    find_library(LibTorch_glog_LIBRARY glog)
    list(APPEND LibTorch_parts LibTorch_glog_INCLUDE_DIR LibTorch_glog_LIBRARY)
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch REQUIRED_VARS LibTorch_INCLUDE_DIR ${LibTorch_parts} VERSION_VAR LibTorch_VERSION)
if(LibTorch_FOUND AND NOT TARGET LibTorch::LibTorch)
  add_library(LibTorch::LibTorch INTERFACE IMPORTED)
  target_include_directories(LibTorch::LibTorch SYSTEM INTERFACE ${LibTorch_INCLUDE_DIR} ${LibTorch_api})
  target_link_libraries(LibTorch::LibTorch INTERFACE
    ${LibTorch_torch_LIBRARY} ${LibTorch_torch_cpu_LIBRARY} ${LibTorch_c10_LIBRARY})
  if(LibTorch_glog_LIBRARY)
    target_include_directories(LibTorch::LibTorch SYSTEM INTERFACE ${LibTorch_glog_INCLUDE_DIR})
    target_link_libraries(LibTorch::LibTorch INTERFACE ${LibTorch_glog_LIBRARY})
  endif()

  if(EXISTS ${LibTorch_prefix}/share/cmake/Torch/TorchConfig.cmake)
    file(STRINGS ${LibTorch_prefix}/share/cmake/Torch/TorchConfig.cmake lines REGEX "_GLIBCXX_USE_CXX11_ABI=0")
    if(lines)
      target_compile_definitions(LibTorch::LibTorch INTERFACE _GLIBCXX_USE_CXX11_ABI=0)
    endif()
  endif()

  # A Torch with CUDA: a program may name nothing of its library, so that the linker has to be told to keep it.
  find_library(LibTorch_torch_cuda_LIBRARY torch_cuda PATHS ${LibTorch_folders} NO_DEFAULT_PATH)
  find_library(LibTorch_c10_cuda_LIBRARY c10_cuda PATHS ${LibTorch_folders} NO_DEFAULT_PATH)
  if(LibTorch_torch_cuda_LIBRARY AND LibTorch_c10_cuda_LIBRARY)
    target_link_libraries(LibTorch::LibTorch INTERFACE
      -Wl,--no-as-needed,${LibTorch_torch_cuda_LIBRARY},--as-needed ${LibTorch_c10_cuda_LIBRARY})
    find_package(CUDAToolkit QUIET)
    if(TARGET CUDA::cudart)
      target_link_libraries(LibTorch::LibTorch INTERFACE CUDA::cudart)
    endif()
  endif()
  mark_as_advanced(LibTorch_torch_cuda_LIBRARY LibTorch_c10_cuda_LIBRARY)
endif()
mark_as_advanced(LibTorch_INCLUDE_DIR ${LibTorch_parts})
