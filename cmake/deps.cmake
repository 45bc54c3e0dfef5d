# What the library stands on. script/bootstrap installs all of it on Debian and Ubuntu.

find_package(PkgConfig REQUIRED)
pkg_check_modules(libcrypto REQUIRED IMPORTED_TARGET libcrypto>=3.0)
pkg_check_modules(zlib REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(brotli REQUIRED IMPORTED_TARGET libbrotlienc libbrotlidec)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
find_package(Threads REQUIRED)

# libipsec-mb is x86-64 only and has no pkg-config file. Without it the AEADs are libcrypto's.
if(HF_IPSECMB AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$" AND CMAKE_SIZEOF_VOID_P EQUAL 8)
    find_path(IPSECMB_INCLUDE_DIR intel-ipsec-mb.h)
    find_library(IPSECMB_LIBRARY IPSec_MB)
    mark_as_advanced(IPSECMB_INCLUDE_DIR IPSECMB_LIBRARY)
endif()
if(NOT IPSECMB_INCLUDE_DIR OR NOT IPSECMB_LIBRARY)
    set(HF_IPSECMB OFF)
endif()
message(STATUS "libipsec-mb: ${HF_IPSECMB}")
