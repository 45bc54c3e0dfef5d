# The program handfast. It sees include/ like any other user of the library, and the few headers of
# src/base that docs/layers.txt names.

# The rooms that know no event loop are a library of their own, for tests and fuzz targets too, and
# also where the program is not built. They are compiled once: analysers see each file once.
file(GLOB tool_room_sources CONFIGURE_DEPENDS
     ${CMAKE_SOURCE_DIR}/tool/cli/*.c ${CMAKE_SOURCE_DIR}/tool/pki/*.c
     ${CMAKE_SOURCE_DIR}/tool/report/*.c ${CMAKE_SOURCE_DIR}/tool/recording/*.c
     ${CMAKE_SOURCE_DIR}/tool/capture/*.c ${CMAKE_SOURCE_DIR}/tool/fleet/resp.c
     ${CMAKE_SOURCE_DIR}/tool/fleet/health.c ${CMAKE_SOURCE_DIR}/tool/http/request.c
     ${CMAKE_SOURCE_DIR}/tool/http/response.c
     ${CMAKE_SOURCE_DIR}/tool/io/address.c ${CMAKE_SOURCE_DIR}/tool/io/starttls.c)
if(TARGET hf_internal AND (HF_TOOL OR HF_TESTS OR HF_FUZZ OR HF_BENCH))
    pkg_check_modules(jansson REQUIRED IMPORTED_TARGET jansson)
    pkg_check_modules(libpcap REQUIRED IMPORTED_TARGET libpcap)
    find_path(HTTP_PARSER_INCLUDE_DIR http_parser.h REQUIRED)
    find_library(HTTP_PARSER_LIBRARY http_parser REQUIRED)
    mark_as_advanced(HTTP_PARSER_INCLUDE_DIR HTTP_PARSER_LIBRARY)
    add_library(hf_tool_rooms STATIC ${tool_room_sources})
    target_include_directories(hf_tool_rooms SYSTEM PUBLIC ${HTTP_PARSER_INCLUDE_DIR})
    target_include_directories(hf_tool_rooms PRIVATE
        ${CMAKE_SOURCE_DIR}/tool ${CMAKE_SOURCE_DIR}/include)
    target_compile_definitions(hf_tool_rooms PRIVATE
        _GNU_SOURCE HANDFAST_VERSION="${PROJECT_VERSION}")
    target_link_libraries(hf_tool_rooms PRIVATE hf_flags
                          PUBLIC PkgConfig::libcrypto PkgConfig::jansson PkgConfig::libpcap
                          ${HTTP_PARSER_LIBRARY})
endif()

file(GLOB tool_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tool/*.c ${CMAKE_SOURCE_DIR}/tool/*/*.c)
if(NOT HF_TOOL OR NOT tool_sources OR NOT TARGET handfast_static)
    message(STATUS "The program is not built")
    return()
endif()

list(REMOVE_ITEM tool_sources ${tool_room_sources})
pkg_check_modules(libuv REQUIRED IMPORTED_TARGET libuv)

# The page, as bytes inside the program: script/page joins what lies in tool/web.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
file(GLOB web_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tool/web/js/*.js)
list(APPEND web_sources ${CMAKE_SOURCE_DIR}/tool/web/page.html ${CMAKE_SOURCE_DIR}/tool/web/page.css)
set(web_template ${CMAKE_BINARY_DIR}/generated/web_template.c)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/generated)
add_custom_command(
    OUTPUT ${web_template}
    BYPRODUCTS ${CMAKE_BINARY_DIR}/generated/page.html
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/script/page
            ${CMAKE_BINARY_DIR}/generated/page.html ${web_template}
    DEPENDS ${CMAKE_SOURCE_DIR}/script/page ${web_sources} VERBATIM)

add_executable(handfast_tool ${tool_sources} ${web_template})
add_dependencies(product handfast_tool)
set_target_properties(handfast_tool PROPERTIES
    OUTPUT_NAME handfast RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
target_include_directories(handfast_tool PRIVATE ${CMAKE_SOURCE_DIR}/tool ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(handfast_tool PRIVATE _GNU_SOURCE HANDFAST_VERSION="${PROJECT_VERSION}")
target_link_libraries(handfast_tool PRIVATE hf_flags hf_tool_rooms handfast_static
                      PkgConfig::libuv PkgConfig::libcrypto Threads::Threads)
