# cmake -D output=<file> -D sources=<file>,<file>... -P: one source of several, so that what they include is read once, and what they
# instantiate compiled once. First all that they include, then each file in a namespace of its own, where its includes do
# nothing any more: no name of one file meets those of another.
cmake_minimum_required(VERSION 3.25)
string(REPLACE "," ";" sources "${sources}")
set(includes)
set(bodies "")
set(number 0)
foreach(source IN LISTS sources)
  file(STRINGS ${source} lines REGEX "^#include ")
  list(APPEND includes ${lines})
  string(APPEND bodies "namespace file_${number} {\n#include \"${source}\"\n}  // namespace file_${number}\n")
  math(EXPR number "${number} + 1")
endforeach()
list(REMOVE_DUPLICATES includes)
list(JOIN includes "\n" includes)
file(CONFIGURE OUTPUT ${output} CONTENT "@includes@\n@bodies@" @ONLY)
file(TOUCH ${output})
