# cmake -D headers=a,b -D root=<repository> -P: who may include whom. The core includes itself and the C++ standard library; a
# backend, the budget, or the kit for tests, includes the core, itself and its package, never another backend; but the engines share
# a folder, and cudnn stands upon two more.
# Every header there is belongs to a target.
cmake_minimum_required(VERSION 3.25)
string(REPLACE "," ";" listed "${headers}")
set(standard
  algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono cinttypes climits clocale
  cmath compare complex concepts condition_variable coroutine csetjmp csignal cstdarg cstddef cstdint cstdio cstdlib cstring
  ctime cuchar cwchar cwctype deque exception execution filesystem format forward_list fstream functional future
  initializer_list iomanip ios iosfwd iostream istream iterator latch limits list locale map memory memory_resource mutex new
  numbers numeric optional ostream queue random ranges ratio regex scoped_allocator semaphore set shared_mutex source_location
  span sstream stack stdexcept stop_token streambuf string string_view syncstream system_error thread tuple type_traits
  typeindex typeinfo unordered_map unordered_set utility valarray variant vector version)

set(below_cudnn cuda onnx engines)
foreach(engine onnx onnxruntime opencv openvino torch)
  set(below_${engine} engines)
endforeach()

# check(<folder> <name of the backend, or nothing for the core>)
function(check folder backend)
  file(GLOB_RECURSE files RELATIVE ${root}/${folder} ${root}/${folder}/include/*)
  foreach(file IN LISTS files)
    if(NOT file IN_LIST listed)
      message(SEND_ERROR "${folder}/${file} is not among the HEADERS of its scorecam_library")
    endif()
    if(NOT backend AND file MATCHES "^include/scorecam/budget/")
      set(owner budget)
    else()
      set(owner "${backend}")
    endif()
    file(STRINGS ${root}/${folder}/${file} lines REGEX "^[ \t]*#[ \t]*include")
    foreach(line IN LISTS lines)
      string(REGEX REPLACE "^[ \t]*#[ \t]*include[ \t]*([<\"].*[>\"]).*" "\\1" included "${line}")
      if(included MATCHES "^\"")
        message(SEND_ERROR "${folder}/${file}: ${line}: public headers are included with <>")
      elseif(included MATCHES "^<scorecam/([a-z]+)/")
        if(CMAKE_MATCH_1 IN_LIST libraries AND NOT CMAKE_MATCH_1 STREQUAL "${owner}"
           AND NOT CMAKE_MATCH_1 IN_LIST below_${owner})
          message(SEND_ERROR "${folder}/${file}: ${line}: not the core and not its own")
        endif()
      elseif(NOT owner AND NOT included MATCHES "^<scorecam/")
        string(REGEX REPLACE "[<>]" "" name "${included}")
        if(NOT name IN_LIST standard)
          message(SEND_ERROR "${folder}/${file}: ${line}: the core includes the C++ standard library alone")
        endif()
      endif()
    endforeach()
  endforeach()
endfunction()

file(GLOB folders RELATIVE ${root} ${root}/backends/*/*)
foreach(folder IN LISTS folders)
  get_filename_component(backend ${folder} NAME)
  if(backend STREQUAL "shared")
    set(backend engines)
  endif()
  list(APPEND backends ${backend})
endforeach()
list(APPEND libraries ${backends} budget testing)
check(. "")
foreach(folder backend IN ZIP_LISTS folders backends)
  check(${folder} ${backend})
endforeach()
check(tests/kit testing)
