# SPDX-License-Identifier: Apache-2.0
# One folder, one namespace, one library. Sources are found, not listed, so that a new file needs no
# line here or in the folder.

# Makes the library `name` of the sources and headers in this folder and below. USES names what its
# headers need. With NO_EXCEPTIONS its sources can neither throw nor catch. PRECOMPILE names headers
# that most of its sources include anyway: they are parsed once. A folder without sources is a
# library of headers.
function(add_folder name)
  cmake_parse_arguments(PARSE_ARGV 1 folder NO_EXCEPTIONS "" "USES;PRECOMPILE")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS *.cpp)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS *.hpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")

  if(sources)
    set(scope PUBLIC)
    add_library(${name} STATIC ${sources})
    # What a flow's file costs the compiler is mostly what all flows know of one another.
    set_target_properties(${name} PROPERTIES UNITY_BUILD_BATCH_SIZE 8)
    if(folder_NO_EXCEPTIONS)
      target_compile_options(${name} PRIVATE -fno-exceptions)
    endif()
  else()
    set(scope INTERFACE)
    add_library(${name} INTERFACE)
  endif()
  target_include_directories(${name} ${scope} ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} ${scope} ${folder_USES})
  if(folder_PRECOMPILE)
    target_precompile_headers(${name} PRIVATE ${folder_PRECOMPILE})
  endif()
  if(headers)
    # Each header of the set is compiled alone by the target all_verify_interface_header_sets.
    target_sources(${name} ${scope} FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}
                   FILES ${headers})
  endif()
endfunction()
