# What the tests do with a project.
set(warnings "-Wall -Wextra -Werror")

# run(<command>...): stops the test if the command fails.
function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# configure(<project> <argument>...): into ${work}/<project>, from nothing; sets `status` and `output`. A comma in an argument
# stands for a semicolon.
function(configure project)
  string(REPLACE "," "\\;" arguments "${ARGN}")
  file(REMOVE_RECURSE ${work}/${project})
  execute_process(COMMAND ${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/${project} -B ${work}/${project} -G ${generator}
                          -D CMAKE_CXX_COMPILER=${compiler} -D CMAKE_CXX_FLAGS=${warnings} ${arguments}
                  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  set(status ${status} PARENT_SCOPE)
  set(output "${output}" PARENT_SCOPE)
endfunction()

# build_and_run(<project> <argument>...): configures, builds and runs the program `consumer`; sets `output`.
function(build_and_run project)
  configure(${project} ${ARGN})
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${project} cannot be configured:\n${output}")
  endif()
  run(${CMAKE_COMMAND} --build ${work}/${project})
  run(${work}/${project}/consumer)
  set(output "${output}" PARENT_SCOPE)
endfunction()

# refused(<project> <sentence> <argument>...): the project cannot be configured, and is told why.
function(refused project sentence)
  configure(${project} ${ARGN})
  string(REGEX REPLACE "[ \n]+" " " output "${output}")
  if(status EQUAL 0 OR NOT output MATCHES "${sentence}")
    message(FATAL_ERROR "instead of \"${sentence}\" it says:\n${output}")
  endif()
endfunction()
