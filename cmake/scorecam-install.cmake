# cmake --install, so that find_package(scorecam COMPONENTS cpu opencv) works elsewhere.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_DATADIR}/cmake/scorecam)
get_property(targets GLOBAL PROPERTY scorecam_targets)
set(components)
foreach(target IN LISTS targets)
  get_target_property(component ${target} EXPORT_NAME)
  list(APPEND components ${component})
  install(TARGETS ${target} EXPORT scorecam-${component} FILE_SET HEADERS)
  install(EXPORT scorecam-${component} NAMESPACE scorecam:: FILE scorecam-${component}.cmake DESTINATION ${package_dir})
endforeach()
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
  ${CMAKE_CURRENT_LIST_DIR}/FindOpenCVDnn.cmake ${CMAKE_CURRENT_LIST_DIR}/FindLibTorch.cmake
  ${CMAKE_CURRENT_LIST_DIR}/FindcuDNN.cmake DESTINATION ${package_dir})
