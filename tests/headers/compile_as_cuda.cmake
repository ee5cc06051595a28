# cmake -D nvcc=<command> -D sources=<a>,<b> -D root=<repository> -P: each source, by itself and without a warning.
cmake_minimum_required(VERSION 3.25)
string(REPLACE "," ";" nvcc "${nvcc}")
string(REPLACE "," ";" sources "${sources}")
foreach(source IN LISTS sources)
  execute_process(COMMAND ${nvcc} -Werror all-warnings -I${root}/include -ptx -o /dev/null ${source}
                  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(SEND_ERROR "${source} does not compile as CUDA:\n${output}")
  endif()
endforeach()
