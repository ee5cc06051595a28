# cmake --install, so that find_package(scorecam COMPONENTS cpu opencv) works elsewhere. The headers are installed without
# building anything; what is compiled (scorecam::cuda_kernels, the program) is installed too if it was built before.
#
#     cmake --install BUILD --prefix PREFIX                             # all of it
#     cmake --install BUILD --prefix PREFIX --component headers         # or kernels, or program
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_DATADIR}/cmake/scorecam)
get_property(targets GLOBAL PROPERTY scorecam_targets)
set(components)
set(needs_of_components "")
foreach(target IN LISTS targets)
  get_target_property(component ${target} EXPORT_NAME)
  get_target_property(type ${target} TYPE)
  get_target_property(needs ${target} scorecam_needs)
  list(APPEND components ${component})
  if(needs)
    string(APPEND needs_of_components "set(scorecam_${component}_NEEDS ${needs})\n")
  endif()
  if(type STREQUAL "INTERFACE_LIBRARY")
    install(TARGETS ${target} EXPORT scorecam-${component} FILE_SET HEADERS COMPONENT headers)
  else()
    install(TARGETS ${target} EXPORT scorecam-${component} ARCHIVE OPTIONAL COMPONENT kernels)
    string(APPEND needs_of_components "set(scorecam_${component}_FILE \"\${PACKAGE_PREFIX_DIR}/${CMAKE_INSTALL_LIBDIR}/"
      "${CMAKE_STATIC_LIBRARY_PREFIX}${target}${CMAKE_STATIC_LIBRARY_SUFFIX}\")\n")
  endif()
  install(EXPORT scorecam-${component} NAMESPACE scorecam:: FILE scorecam-${component}.cmake DESTINATION ${package_dir}
          COMPONENT headers)
endforeach()
string(REPLACE ";" " " needs_of_components "${needs_of_components}")
list(REMOVE_ITEM components scorecam engines)  # always there
list(JOIN components ", " components)
if(components STREQUAL "")
  set(components "the core alone")
endif()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/scorecam-config.cmake.in ${PROJECT_BINARY_DIR}/scorecam-config.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/scorecam-config-version.cmake
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/scorecam-config.cmake ${PROJECT_BINARY_DIR}/scorecam-config-version.cmake
  ${CMAKE_CURRENT_LIST_DIR}/scorecam-packages.cmake ${CMAKE_CURRENT_LIST_DIR}/FindOpenCVDnn.cmake
  ${CMAKE_CURRENT_LIST_DIR}/FindLibTorch.cmake ${CMAKE_CURRENT_LIST_DIR}/FindcuDNN.cmake
  DESTINATION ${package_dir} COMPONENT headers)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT headers)
foreach(program scorecam_program scorecam_mpi)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME OPTIONAL COMPONENT program)
  endif()
endforeach()
