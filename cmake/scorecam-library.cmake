# scorecam_needs(<missing> <what> [<target>...]): says which of the targets `what` has to do without; <missing> is then true.
function(scorecam_needs missing what)
  set(${missing} FALSE PARENT_SCOPE)
  foreach(needed IN LISTS ARGN)
    if(NOT TARGET ${needed})
      message(STATUS "scorecam: ${needed} was not found, so ${what} is left out")
      set(${missing} TRUE PARENT_SCOPE)
      return()
    endif()
  endforeach()
endfunction()

# scorecam_library(<name> HEADERS <file>... [NEEDS <target>...])
#
# One header-only target: the core (name `scorecam`), or a backend (any other name) with the one package it stands for.
# scorecam::testing, the kit for tests, is made like a backend.
# A backend whose package was not found gets no target: if(TARGET scorecam::cpu) tells.
function(scorecam_library name)
  cmake_parse_arguments(arg "" "" "HEADERS;NEEDS" ${ARGN})
  if(name STREQUAL "scorecam")
    set(target scorecam)
    set(folder include/scorecam)
  else()
    set(target scorecam_${name})
    set(folder include/scorecam/${name})
  endif()

  list(TRANSFORM arg_HEADERS PREPEND ${folder}/)
  set_property(GLOBAL APPEND PROPERTY scorecam_listed_headers ${arg_HEADERS})  # of all there are, also where one is left out
  scorecam_needs(missing scorecam::${name} ${arg_NEEDS})
  if(missing)
    return()
  endif()

  add_library(${target} INTERFACE)
  add_library(scorecam::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_sources(${target} INTERFACE FILE_SET HEADERS BASE_DIRS include FILES ${arg_HEADERS})
  set_property(TARGET ${target} PROPERTY scorecam_headers ${arg_HEADERS})
  if(name STREQUAL "scorecam")
    target_compile_features(${target} INTERFACE cxx_std_20)
  else()
    target_link_libraries(${target} INTERFACE scorecam ${arg_NEEDS})
  endif()
  set_property(GLOBAL APPEND PROPERTY scorecam_targets ${target})
endfunction()

# scorecam_with_engines(<target> <engine>...): links those of the engines that are there and defines SCORECAM_WITH_<ENGINE>.
function(scorecam_with_engines target)
  foreach(engine IN LISTS ARGN)
    if(TARGET ${target} AND TARGET scorecam::${engine})
      string(TOUPPER ${engine} name)
      target_link_libraries(${target} PRIVATE scorecam::${engine})
      target_compile_definitions(${target} PRIVATE SCORECAM_WITH_${name})
    endif()
  endforeach()
endfunction()
