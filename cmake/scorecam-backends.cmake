# Which of the components are made.
#
# SCORECAM_BACKENDS: "auto" for all whose packages are found, or their names, "cpu;onnxruntime": then nothing else is looked
# for, and one whose package is missing is an error. The core is always there.
set(SCORECAM_BACKENDS auto CACHE STRING "auto for what is found, or names: cpu;budget;xtensor;opencv;onnxruntime;...")
include(scorecam-packages)

set(scorecam_wanted ${SCORECAM_BACKENDS})
if(SCORECAM_BACKENDS STREQUAL "auto")
  set(scorecam_wanted ${scorecam_components})
endif()
foreach(name IN LISTS scorecam_wanted)
  if(NOT name IN_LIST scorecam_components)
    list(JOIN scorecam_components ", " names)
    message(FATAL_ERROR "scorecam: SCORECAM_BACKENDS names ${name}, but there are auto, or some of ${names}")
  endif()
endforeach()
if("cudnn" IN_LIST scorecam_wanted)  # it is made of both
  list(APPEND scorecam_wanted cuda onnx)
endif()
if(SCORECAM_BUILD_TESTS)
  list(APPEND scorecam_wanted testing)
endif()
foreach(name IN LISTS scorecam_components)
  if(name IN_LIST scorecam_wanted)
    scorecam_find(${name})
  endif()
endforeach()

# scorecam_without(<name> <target>): what to do where a component is missed.
function(scorecam_without name missing)
  string(CONCAT where "Packages are looked for where CMAKE_PREFIX_PATH says. ONNX Runtime and OpenVINO are fetched by "
                      "`sh cmake/engines.sh onnxruntime openvino` into build/engines, where the presets look")
  if(name IN_LIST SCORECAM_BACKENDS)
    message(FATAL_ERROR "scorecam: SCORECAM_BACKENDS names ${name}, which needs ${missing}, and that was not found. ${where}")
  elseif(SCORECAM_BACKENDS STREQUAL "auto" AND NOT missing MATCHES "^scorecam::")
    set_property(GLOBAL APPEND PROPERTY scorecam_left_out "scorecam::${name} (${missing} was not found)")
    set_property(GLOBAL PROPERTY scorecam_where "${where}")
  endif()
endfunction()

# scorecam_say_what_is_left_out(): in one sentence, after all components.
function(scorecam_say_what_is_left_out)
  get_property(left_out GLOBAL PROPERTY scorecam_left_out)
  if(left_out)
    get_property(where GLOBAL PROPERTY scorecam_where)
    list(JOIN left_out ", " left_out)
    message(STATUS "scorecam: left out: ${left_out}. ${where}")
  endif()
endfunction()
