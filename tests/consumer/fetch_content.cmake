# cmake -P: a project fetches this repository, or would, if it were not told where a checkout is.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/project.cmake)
build_and_run(fetched -D where_scorecam_is=https://scorecam.invalid/scorecam.git -D FETCHCONTENT_SOURCE_DIR_SCORECAM=${source})
