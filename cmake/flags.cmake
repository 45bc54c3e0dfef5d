# Compiler flags that every target of this project shares, as one interface target: hf_flags.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g -DNDEBUG" CACHE STRING "Flags of RelWithDebInfo")

# C11 by default; C17 is the same language with its defects mended and must build too:
# -DCMAKE_C_STANDARD=17.
if(NOT CMAKE_C_STANDARD)
    set(CMAKE_C_STANDARD 11)
endif()
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)

add_library(hf_flags INTERFACE)
target_compile_options(hf_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef
    -Wformat=2 -Wpointer-arith
    # The same source gives the same bytes wherever it lies.
    -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=
    -fno-common -fstack-protector-strong)
if(CMAKE_C_COMPILER_ID STREQUAL "Clang")
    # Debian 12's valgrind cannot read the DWARF 5 that clang writes, and the tests need valgrind.
    target_compile_options(hf_flags INTERFACE -fdebug-default-version=4)
endif()
target_link_options(hf_flags INTERFACE LINKER:--as-needed LINKER:-z,relro LINKER:-z,now)

# A warning that only a newer compiler knows must not stop a newcomer's first build, so warnings are
# errors where we have seen them all: the compilers of Debian 12.
set(known_compiler OFF)
if((CMAKE_C_COMPILER_ID STREQUAL "GNU" AND CMAKE_C_COMPILER_VERSION VERSION_LESS 13)
   OR (CMAKE_C_COMPILER_ID STREQUAL "Clang" AND CMAKE_C_COMPILER_VERSION VERSION_LESS 15))
    set(known_compiler ON)
endif()
set(HF_WERROR ${known_compiler} CACHE BOOL "Warnings are errors")
if(HF_WERROR)
    target_compile_options(hf_flags INTERFACE -Werror)
endif()

if(HF_SANITIZE)
    set(sanitize -fsanitize=${HF_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    if(HF_SANITIZE MATCHES "memory")
        # Neither Ninja nor ccache looks into the list: its copy has its hash as its name, so that a change is seen.
        set(ignore ${CMAKE_SOURCE_DIR}/cmake/msan.ignore)
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${ignore})
        file(SHA256 ${ignore} ignore_hash)
        set(ignore_copy ${CMAKE_BINARY_DIR}/msan-${ignore_hash}.ignore)
        configure_file(${ignore} ${ignore_copy} COPYONLY)
        list(APPEND sanitize -fsanitize-memory-track-origins -fsanitize-ignorelist=${ignore_copy})
    endif()
    target_compile_options(hf_flags INTERFACE ${sanitize})
    target_link_options(hf_flags INTERFACE ${sanitize})
    # Assertions are for exactly these builds.
    target_compile_options(hf_flags INTERFACE -UNDEBUG)
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    target_compile_options(hf_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()

if(HF_COVERAGE AND HF_FUZZ)
    target_compile_options(hf_flags INTERFACE -fprofile-instr-generate -fcoverage-mapping)
    target_link_options(hf_flags INTERFACE -fprofile-instr-generate)
elseif(HF_COVERAGE)
    target_compile_options(hf_flags INTERFACE --coverage -fprofile-update=atomic)
    target_link_options(hf_flags INTERFACE --coverage)
endif()

if(HF_FUZZ)
    if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
        message(FATAL_ERROR "HF_FUZZ needs clang: CC=clang cmake ... (libFuzzer is part of it)")
    endif()
    target_compile_options(hf_flags INTERFACE -fsanitize=fuzzer-no-link)
    target_link_options(hf_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
