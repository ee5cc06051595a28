# Real networks, photos and recorded outputs; what wants them is skipped by name where they are absent.
set(default_data_dir "")
if(EXISTS ${PROJECT_SOURCE_DIR}/../shared/data/README.md)
  set(default_data_dir ${PROJECT_SOURCE_DIR}/../shared/data)
endif()
set(SCORECAM_DATA_DIR "${default_data_dir}" CACHE PATH "Folder of real networks, photos and recorded outputs")
