# Tests, benchmarks and fuzz targets: one executable for each file, linked with hf_internal so
# that internal functions can be reached. The scripts find them by the lists
# written here.

# Makes the executable of one source file at the same place under the build directory, as part of a
# group: tests, bench or fuzz.
function(hf_executable group source)
    file(RELATIVE_PATH path ${CMAKE_SOURCE_DIR} ${source})
    string(REGEX REPLACE "\\.c$" "" path ${path})
    string(REPLACE "/" "-" target ${path})
    get_filename_component(directory ${path} DIRECTORY)
    get_filename_component(name ${path} NAME)
    add_executable(${target} ${source})
    add_dependencies(${group} ${target})
    set_target_properties(${target} PROPERTIES
        OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/${directory})
    target_include_directories(${target} PRIVATE
        ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/provider ${CMAKE_SOURCE_DIR}/tool
        ${CMAKE_SOURCE_DIR}/test ${CMAKE_SOURCE_DIR})
    target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
    target_link_libraries(${target} PRIVATE hf_flags ${ARGN} hf_internal
                          PkgConfig::libcrypto Threads::Threads)
    file(APPEND ${CMAKE_BINARY_DIR}/${group}.list "${path}\n")
    set(hf_executable_target ${target} PARENT_SCOPE)
endfunction()

file(GLOB test_sources CONFIGURE_DEPENDS
     ${CMAKE_SOURCE_DIR}/test/unit/*/*_test.c ${CMAKE_SOURCE_DIR}/test/unit/*/*/*_test.c
     ${CMAKE_SOURCE_DIR}/test/machine/*_test.c ${CMAKE_SOURCE_DIR}/test/vector/*_test.c
     ${CMAKE_SOURCE_DIR}/test/fault/*_test.c)
file(GLOB support_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/test/support/*.c)
file(GLOB bench_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/*.c)
file(GLOB fuzz_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/fuzz/*_fuzz.c)

# What is there now: build directories hold executables of files that are gone, too.
foreach(group IN ITEMS tests bench fuzz)
    file(WRITE ${CMAKE_BINARY_DIR}/${group}.list "")
endforeach()
if(NOT TARGET hf_internal)
    return()
endif()

# libssl is the peer that tests and benchmarks measure against; the product never links it.
if(HF_TESTS OR HF_BENCH)
    pkg_check_modules(libssl REQUIRED IMPORTED_TARGET libssl>=3.0)
endif()

if(HF_TESTS)
    add_dependencies(tests product)
    pkg_check_modules(cmocka REQUIRED IMPORTED_TARGET cmocka)
    set(support)
    if(support_sources)
        add_library(hf_test_support STATIC ${support_sources})
        target_include_directories(hf_test_support PRIVATE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/test)
        target_compile_definitions(hf_test_support PRIVATE _GNU_SOURCE)
        target_link_libraries(hf_test_support PRIVATE hf_flags PUBLIC hf_internal
                              PkgConfig::libssl PkgConfig::libcrypto PkgConfig::cmocka
                              PkgConfig::jansson)
        set(support hf_test_support)
    endif()
    # MemorySanitizer cannot see into libcrypto: test/msan/shadow.c stands before the provider.
    if(HF_SANITIZE MATCHES "memory")
        list(APPEND test_sources ${CMAKE_SOURCE_DIR}/test/msan/shadow_test.c)
        add_library(hf_shadow OBJECT ${CMAKE_SOURCE_DIR}/test/msan/shadow.c ${CMAKE_SOURCE_DIR}/test/msan/codec.c)
        target_include_directories(hf_shadow PRIVATE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/test)
        target_link_libraries(hf_shadow PRIVATE hf_flags PkgConfig::libcrypto PkgConfig::jansson
                              PkgConfig::zlib PkgConfig::brotli PkgConfig::zstd)
        set(support $<TARGET_OBJECTS:hf_shadow> ${support})
        foreach(wrapped IN ITEMS hf_provider_default compress2 uncompress2 ZSTD_compress ZSTD_decompress
                BrotliEncoderCompress BrotliDecoderDecompressStream)
            list(PREPEND support -Wl,--wrap=${wrapped})
        endforeach()
    endif()
    foreach(source IN LISTS test_sources)
        hf_executable(tests ${source} ${support} hf_tool_rooms PkgConfig::cmocka)
    endforeach()

    # What test/tool/test_page.py asks about changed bytes; no test by itself.
    add_executable(test-page-verdicts ${CMAKE_SOURCE_DIR}/test/page/verdicts.c)
    add_dependencies(tests test-page-verdicts)
    set_target_properties(test-page-verdicts PROPERTIES
        OUTPUT_NAME verdicts RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test/page)
    target_include_directories(test-page-verdicts PRIVATE
        ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/tool ${CMAKE_SOURCE_DIR}/test ${CMAKE_SOURCE_DIR})
    target_compile_definitions(test-page-verdicts PRIVATE _GNU_SOURCE)
    target_link_libraries(test-page-verdicts PRIVATE hf_flags ${support} hf_tool_rooms hf_internal
                          PkgConfig::libcrypto PkgConfig::cmocka Threads::Threads)

    # The crowd and the rude of test/tool/test_storm.py; they see the public headers only.
    foreach(name IN ITEMS crowd rude)
        file(GLOB storm_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/test/storm/${name}*.c)
        add_executable(test-storm-${name} ${storm_sources} ${CMAKE_SOURCE_DIR}/test/storm/peer.c)
        add_dependencies(tests test-storm-${name})
        set_target_properties(test-storm-${name} PROPERTIES
            OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test/storm)
        target_include_directories(test-storm-${name} PRIVATE ${CMAKE_SOURCE_DIR}/test)
        target_compile_definitions(test-storm-${name} PRIVATE _GNU_SOURCE)
        target_link_libraries(test-storm-${name} PRIVATE hf_flags handfast_static)
    endforeach()

    # What script/bogo gives to BoringSSL's test runner; like any user it sees the public headers only.
    file(GLOB bogo_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/test/bogo/*.c)
    add_executable(test-bogo-shim ${bogo_sources})
    add_dependencies(tests test-bogo-shim)
    set_target_properties(test-bogo-shim PROPERTIES
        OUTPUT_NAME shim RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test/bogo)
    target_compile_definitions(test-bogo-shim PRIVATE _GNU_SOURCE)
    target_link_libraries(test-bogo-shim PRIVATE hf_flags handfast_static)

    # The same with memory that runs out, for script/bogo --memory.
    set(bogo_failing ${bogo_sources})
    list(FILTER bogo_failing EXCLUDE REGEX /shim\\.c$)
    add_executable(test-bogo-failing-shim ${bogo_failing} ${CMAKE_SOURCE_DIR}/test/bogo/memory/failing_shim.c)
    add_dependencies(tests test-bogo-failing-shim)
    set_target_properties(test-bogo-failing-shim PROPERTIES
        OUTPUT_NAME failing_shim RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test/bogo)
    target_include_directories(test-bogo-failing-shim PRIVATE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/test)
    target_compile_definitions(test-bogo-failing-shim PRIVATE _GNU_SOURCE)
    target_link_libraries(test-bogo-failing-shim PRIVATE hf_flags hf_internal PkgConfig::libcrypto)
endif()

if(HF_BENCH)
    # The pair and the certificates that the tests use serve here as well.
    add_library(hf_bench_support STATIC
                ${CMAKE_SOURCE_DIR}/test/support/pair.c ${CMAKE_SOURCE_DIR}/test/support/pki.c)
    target_include_directories(hf_bench_support PRIVATE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/test)
    target_compile_definitions(hf_bench_support PRIVATE _GNU_SOURCE)
    target_link_libraries(hf_bench_support PRIVATE hf_flags PUBLIC hf_internal PkgConfig::libcrypto)
    foreach(source IN LISTS bench_sources)
        hf_executable(bench ${source} hf_bench_support hf_tool_rooms PkgConfig::libssl)
    endforeach()
endif()

if(HF_FUZZ)
    file(GLOB fuzz_support_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/fuzz/support/*.c)
    add_library(hf_fuzz_support STATIC ${fuzz_support_sources})
    target_include_directories(hf_fuzz_support PRIVATE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/fuzz)
    target_compile_definitions(hf_fuzz_support PRIVATE _GNU_SOURCE)
    target_link_libraries(hf_fuzz_support PRIVATE hf_flags PUBLIC hf_internal)
    foreach(source IN LISTS fuzz_sources)
        hf_executable(fuzz ${source} hf_fuzz_support hf_tool_rooms)
        target_link_options(${hf_executable_target} PRIVATE -fsanitize=fuzzer)
        # libFuzzer calls these; there is no header that declares them.
        set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS -Wno-missing-prototypes)
    endforeach()
    # Makes fuzz/corpus anew: build-fuzz/fuzz/seeds fuzz/corpus
    add_executable(fuzz-seeds ${CMAKE_SOURCE_DIR}/fuzz/seeds.c)
    set_target_properties(fuzz-seeds PROPERTIES
        OUTPUT_NAME seeds RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
    target_include_directories(fuzz-seeds PRIVATE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/fuzz)
    target_link_libraries(fuzz-seeds PRIVATE hf_flags hf_fuzz_support hf_internal)
    add_dependencies(fuzz fuzz-seeds)
endif()
