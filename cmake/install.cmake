# cmake --install: libraries, headers, pkg-config file, CMake package, program, manual pages.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(DIRECTORY include/handfast DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h"
        PATTERN "*.def")
file(GLOB man1 CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/docs/man/*.1)
file(GLOB man3 CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/docs/man/*.3)
if(man3)
    install(FILES ${man3} DESTINATION ${CMAKE_INSTALL_MANDIR}/man3)
endif()
if(TARGET handfast_tool)
    install(TARGETS handfast_tool RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    if(man1)
        install(FILES ${man1} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
    endif()
endif()
if(NOT TARGET handfast)
    return()
endif()

install(TARGETS handfast handfast_static EXPORT HandfastTargets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Handfast)
install(EXPORT HandfastTargets NAMESPACE Handfast:: DESTINATION ${package_dir})
configure_package_config_file(cmake/HandfastConfig.cmake.in ${CMAKE_BINARY_DIR}/HandfastConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/HandfastConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/HandfastConfig.cmake ${CMAKE_BINARY_DIR}/HandfastConfigVersion.cmake
        DESTINATION ${package_dir})

set(HF_PC_PRIVATE ${CMAKE_THREAD_LIBS_INIT})
if(HF_IPSECMB)
    string(APPEND HF_PC_PRIVATE " -lIPSec_MB")
endif()
file(RELATIVE_PATH HF_PC_INCLUDEDIR /p/${CMAKE_INSTALL_LIBDIR}/pkgconfig /p/${CMAKE_INSTALL_INCLUDEDIR})
configure_file(cmake/handfast.pc.in ${CMAKE_BINARY_DIR}/handfast.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/handfast.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
