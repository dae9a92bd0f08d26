# stcsim_add_fuzz_test(NAME FOLDERS... [SOURCES...] [LINK LIBRARIES...])
# The libFuzzer target NAME_fuzzer.cpp of the current folder under the address and undefined-behaviour sanitizers, for some
# seconds, from the seeds that write_seeds.py writes; CTest test fuzz.NAME. libFuzzer comes with clang, so the few sources
# (all of FOLDERS, and SOURCES) are compiled by it, apart from the rest of the build. Without it the test is skipped.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
find_program(STCSIM_FUZZ_COMPILER NAMES clang++ clang++-19 clang++-18 clang++-17 clang++-16 clang++-15 clang++-14)
set(STCSIM_FUZZ_SECONDS 20 CACHE STRING "How long each fuzz test runs")
set(stcsim_fuzz_folder ${CMAKE_CURRENT_LIST_DIR})
set(stcsim_fuzz_flags -std=c++20 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all)

set(stcsim_fuzzer_works FALSE)
if(STCSIM_FUZZ_COMPILER)
  set(probe ${CMAKE_CURRENT_BINARY_DIR}/fuzz_probe)
  file(WRITE ${probe}.cpp "extern \"C\" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }\n")
  execute_process(COMMAND ${STCSIM_FUZZ_COMPILER} ${stcsim_fuzz_flags} ${probe}.cpp -o ${probe}
                  RESULT_VARIABLE probe_failed OUTPUT_QUIET ERROR_QUIET)
  if(probe_failed EQUAL 0)
    set(stcsim_fuzzer_works TRUE)
  endif()
endif()

function(stcsim_add_fuzz_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "FOLDERS;SOURCES;LINK")
  if(stcsim_fuzzer_works)
    set(sources ${CMAKE_CURRENT_SOURCE_DIR}/${name}_fuzzer.cpp)
    set(headers)
    foreach(folder ${arg_FOLDERS})
      file(GLOB folder_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.cpp)
      file(GLOB folder_headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.h)
      list(APPEND sources ${folder_sources})
      list(APPEND headers ${folder_headers})
    endforeach()
    foreach(source ${arg_SOURCES})
      list(APPEND sources ${PROJECT_SOURCE_DIR}/${source})
    endforeach()
    set(libraries)
    foreach(library fmt::fmt ${arg_LINK})
      list(APPEND libraries $<TARGET_FILE:${library}>)
    endforeach()
    # One translation unit: most of the time goes into headers.
    list(TRANSFORM sources REPLACE "(.+)" "#include \"\\1\"" OUTPUT_VARIABLE includes)
    list(JOIN includes "\n" includes)
    file(CONFIGURE OUTPUT ${name}_sources.cpp CONTENT "${includes}\n" @ONLY)
    set(fuzzer ${CMAKE_CURRENT_BINARY_DIR}/${name}_fuzzer)
    add_custom_command(OUTPUT ${fuzzer} VERBATIM
      COMMAND ${STCSIM_FUZZ_COMPILER} ${stcsim_fuzz_flags} -I${PROJECT_SOURCE_DIR}/sim -I${PROJECT_SOURCE_DIR}/models
              -I${CMAKE_CURRENT_SOURCE_DIR}/.. ${CMAKE_CURRENT_BINARY_DIR}/${name}_sources.cpp ${libraries} -o ${fuzzer}
      DEPENDS ${sources} ${headers} ${PROJECT_SOURCE_DIR}/models/base/error.h)
    add_custom_target(fuzz_${name} ALL DEPENDS ${fuzzer})
    add_test(NAME fuzz.${name}
             COMMAND ${Python3_EXECUTABLE} ${stcsim_fuzz_folder}/run_fuzzer.py ${fuzzer}
                     ${CMAKE_CURRENT_SOURCE_DIR}/write_seeds.py ${CMAKE_CURRENT_BINARY_DIR} ${STCSIM_FUZZ_SECONDS})
  else()
    set(reason "no clang++ here that builds with -fsanitize=fuzzer,address,undefined (Debian: clang, libclang-rt-dev)")
    message(STATUS "fuzz.${name} will be skipped: ${reason}")
    add_test(NAME fuzz.${name} COMMAND ${CMAKE_COMMAND} -E echo "skipped: ${reason}")
    set_tests_properties(fuzz.${name} PROPERTIES SKIP_REGULAR_EXPRESSION "^skipped: ")
  endif()
  set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz TIMEOUT 300)
endfunction()
