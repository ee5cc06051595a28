# cmake -P refuse.cmake -- <compiler> <argument>... <source>: the compiler must fail, and must say, in an error, every sentence
# that the source announces as `// expected-error: <regular expression>`.
cmake_minimum_required(VERSION 3.25)
set(command)
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(i RANGE 4 ${last})
  list(APPEND command "${CMAKE_ARGV${i}}")
endforeach()
set(source "${CMAKE_ARGV${last}}")

file(STRINGS "${source}" announced REGEX "^// expected-error: ")
if(NOT announced)
  message(FATAL_ERROR "${source} does not say what is expected: // expected-error: ...")
endif()

set(ENV{LC_ALL} C)  # messages in English
execute_process(COMMAND ${command} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(status EQUAL 0)
  message(FATAL_ERROR "${source} compiles")
endif()
foreach(line IN LISTS announced)
  string(REPLACE "// expected-error: " "" sentence "${line}")
  string(REPLACE ".*" "[^\n]*" sentence "${sentence}")
  if(NOT output MATCHES "error: [^\n]*${sentence}")
    message(FATAL_ERROR "${source} does not compile, but no error says \"${sentence}\":\n${output}")
  endif()
endforeach()
