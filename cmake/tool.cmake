# The program handfast. It sees include/ like any other user of the library, and the few headers of
# src/base that docs/layers.txt names.

file(GLOB tool_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tool/*.c ${CMAKE_SOURCE_DIR}/tool/*/*.c)
if(NOT HF_TOOL OR NOT tool_sources OR NOT TARGET handfast_static)
    message(STATUS "The program is not built")
    return()
endif()

pkg_check_modules(libuv REQUIRED IMPORTED_TARGET libuv)
find_path(HTTP_PARSER_INCLUDE_DIR http_parser.h REQUIRED)
find_library(HTTP_PARSER_LIBRARY http_parser REQUIRED)
mark_as_advanced(HTTP_PARSER_INCLUDE_DIR HTTP_PARSER_LIBRARY)

add_executable(handfast_tool ${tool_sources})
add_dependencies(product handfast_tool)
set_target_properties(handfast_tool PROPERTIES
    OUTPUT_NAME handfast RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
target_include_directories(handfast_tool PRIVATE ${CMAKE_SOURCE_DIR}/tool ${CMAKE_SOURCE_DIR}/src)
target_include_directories(handfast_tool SYSTEM PRIVATE ${HTTP_PARSER_INCLUDE_DIR})
target_compile_definitions(handfast_tool PRIVATE _GNU_SOURCE HANDFAST_VERSION="${PROJECT_VERSION}")
target_link_libraries(handfast_tool PRIVATE hf_flags handfast_static PkgConfig::libuv
                      PkgConfig::libcrypto ${HTTP_PARSER_LIBRARY} Threads::Threads)
