# How the package that a component stands for is found: here, and where an installed scorecam is used.

# In the order in which they are looked for: OpenVINO first, as its TBB has to be the one that it was built with.
set(scorecam_components openvino cpu budget xtensor opencv onnxruntime torch cuda onnx cudnn testing)

# scorecam_find(<component>): looks for its package, quietly. A macro, as packages set variables.
macro(scorecam_find component)
  if("${component}" STREQUAL "openvino")
    find_package(OpenVINO QUIET COMPONENTS Runtime)
  elseif("${component}" STREQUAL "cpu")
    find_package(Threads QUIET)
    find_package(Eigen3 3.4 NO_MODULE QUIET)
  elseif("${component}" STREQUAL "budget")
    find_package(Eigen3 3.4 NO_MODULE QUIET)
  elseif("${component}" STREQUAL "xtensor")
    find_package(xtensor 0.24 QUIET)
  elseif("${component}" STREQUAL "opencv")
    find_package(OpenCVDnn 4.5 QUIET)
  elseif("${component}" STREQUAL "onnxruntime")
    find_package(onnxruntime 1.17 QUIET)
  elseif("${component}" STREQUAL "torch")
    find_package(LibTorch 1.13 QUIET)
  elseif("${component}" STREQUAL "cuda")
    find_package(CUDAToolkit 12 QUIET)  # the runtime: no GPU is needed to build
  elseif("${component}" STREQUAL "cudnn")
    find_package(cuDNN 9 QUIET)
  elseif("${component}" STREQUAL "testing")
    find_package(doctest QUIET)  # for its assertions; the lists of findings do without
  endif()
endmacro()
