# cmake -P: a project takes this repository in.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/project.cmake)
build_and_run(subdirectory -D scorecam_source=${source})
