# libhandfast: all rooms of src/ and the providers, compiled once, linked twice (static and shared).

set(rooms base wire crypto x509 record session identity ech store config
    hs hs/hello hs/client13 hs/server13 hs/client12 hs/server12 hs/ext conn quic inspect trace)
set(room_sources)
foreach(room IN LISTS rooms)
    file(GLOB found CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${room}/*.c)
    list(APPEND room_sources ${found})
endforeach()

file(GLOB native_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/provider/native/*.c)
file(GLOB provider_sources CONFIGURE_DEPENDS
     ${CMAKE_SOURCE_DIR}/provider/*.c ${CMAKE_SOURCE_DIR}/provider/libcrypto/*.c)
file(GLOB ipsecmb_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/provider/ipsecmb/*.c)
if(HF_IPSECMB)
    list(APPEND provider_sources ${ipsecmb_sources})
endif()

# Says what a part of the library may see, and remembers its objects.
set(library_objects)
function(hf_library_part name)
    if(NOT ARGN)
        return() # a room that has no files yet
    endif()
    add_library(${name} OBJECT ${ARGN})
    target_link_libraries(${name} PRIVATE hf_flags PkgConfig::libcrypto PkgConfig::zlib
                          PkgConfig::brotli PkgConfig::zstd)
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src)
    target_compile_definitions(${name} PRIVATE _DEFAULT_SOURCE)
    set(library_objects ${library_objects} $<TARGET_OBJECTS:${name}> PARENT_SCOPE)
endfunction()

hf_library_part(hf_rooms ${room_sources})
hf_library_part(hf_native ${native_sources})
hf_library_part(hf_provider ${provider_sources})

if(HF_SANITIZE MATCHES "memory")
    target_compile_options(hf_rooms PRIVATE -include ${CMAKE_SOURCE_DIR}/test/msan/checked.h)
endif()

foreach(part IN ITEMS hf_native hf_provider)
    if(TARGET ${part})
        target_include_directories(${part} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/provider)
    endif()
endforeach()
if(TARGET hf_native AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    target_compile_options(hf_native PRIVATE -O3)
endif()
if(TARGET hf_provider AND HF_IPSECMB)
    target_compile_definitions(hf_provider PRIVATE HF_HAVE_IPSECMB)
    target_include_directories(hf_provider SYSTEM PRIVATE ${IPSECMB_INCLUDE_DIR})
endif()

if(NOT library_objects)
    message(STATUS "No library sources yet: only the public headers")
    return()
endif()

# What our own tests link: every internal name can be reached.
add_library(hf_internal STATIC ${library_objects})

# What others link. The static library is one object whose internal names are local, so that neither
# archive nor shared library can clash with a name of the program: both show hf_* and nothing else.
set(version_map ${CMAKE_SOURCE_DIR}/cmake/libhandfast.map)
add_library(handfast SHARED ${library_objects})
set_target_properties(handfast PROPERTIES
    VERSION ${PROJECT_VERSION} SOVERSION 0 LINK_DEPENDS ${version_map})
target_link_options(handfast PRIVATE LINKER:--version-script=${version_map})
if(NOT HF_SANITIZE AND NOT HF_FUZZ) # a sanitizer's functions come with the program
    target_link_options(handfast PRIVATE LINKER:--no-undefined)
endif()

set(one_object ${CMAKE_BINARY_DIR}/libhandfast.o)
add_custom_command(
    OUTPUT ${one_object}
    COMMAND ${CMAKE_C_COMPILER} -r -nostdlib -o ${one_object} ${library_objects}
    COMMAND ${CMAKE_OBJCOPY} --localize-hidden ${one_object}
    DEPENDS ${library_objects} COMMAND_EXPAND_LISTS VERBATIM)
add_library(handfast_static STATIC ${one_object})
set_source_files_properties(${one_object} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
set_target_properties(handfast_static PROPERTIES OUTPUT_NAME handfast)
add_dependencies(product handfast handfast_static)

foreach(library IN ITEMS handfast handfast_static hf_internal)
    set_target_properties(${library} PROPERTIES LINKER_LANGUAGE C)
    target_include_directories(${library} INTERFACE
        $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)
    target_link_libraries(${library} PRIVATE $<BUILD_INTERFACE:hf_flags>
        PkgConfig::libcrypto PkgConfig::zlib PkgConfig::brotli PkgConfig::zstd Threads::Threads
        $<$<BOOL:${HF_IPSECMB}>:$<BUILD_INTERFACE:${IPSECMB_LIBRARY}>>)
endforeach()
add_library(Handfast::handfast ALIAS handfast)
add_library(Handfast::handfast_static ALIAS handfast_static)
