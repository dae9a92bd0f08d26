# What `cmake --install` puts in place: the program, the model libraries with their headers, the data, and the CMake
# package `stcsim` with which other projects use the models:
#
#   find_package(stcsim REQUIRED)
#   target_link_libraries(theirs PRIVATE stcsim::models)     # or single ones: stcsim::numerics, stcsim::isa, ...
include(CMakePackageConfigHelpers)

# stcsim_libraries_below(FOLDER OUT): the static libraries that FOLDER and the folders below it define.
function(stcsim_libraries_below folder out)
  get_property(targets DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
  set(libraries)
  foreach(target ${targets})
    get_target_property(type ${target} TYPE)
    if(type STREQUAL "STATIC_LIBRARY")
      list(APPEND libraries ${target})
    endif()
  endforeach()
  get_property(subfolders DIRECTORY ${folder} PROPERTY SUBDIRECTORIES)
  foreach(subfolder ${subfolders})
    stcsim_libraries_below(${subfolder} below)
    list(APPEND libraries ${below})
  endforeach()
  set(${out} ${libraries} PARENT_SCOPE)
endfunction()

stcsim_libraries_below(${PROJECT_SOURCE_DIR}/models stcsim_model_libraries)
add_library(stcsim_models INTERFACE)
add_library(stcsim::models ALIAS stcsim_models)
set_target_properties(stcsim_models PROPERTIES EXPORT_NAME models)
target_link_libraries(stcsim_models INTERFACE ${stcsim_model_libraries})

install(TARGETS stcsim_models ${stcsim_model_libraries} EXPORT stcsim ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/models/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/stcsim
        FILES_MATCHING PATTERN "*.h" PATTERN gpus EXCLUDE PATTERN reference EXCLUDE)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/traces DESTINATION ${CMAKE_INSTALL_DATADIR}/stcsim
        FILES_MATCHING PATTERN "*.csv" PATTERN "README.md")
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
if(TARGET stcsim)
  install(TARGETS stcsim RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/stcsim)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/stcsimConfig.cmake.in ${PROJECT_BINARY_DIR}/stcsimConfig.cmake
                              INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/stcsimConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/stcsimConfig.cmake ${PROJECT_BINARY_DIR}/stcsimConfigVersion.cmake
        DESTINATION ${package_folder})
install(EXPORT stcsim FILE stcsimTargets.cmake NAMESPACE stcsim:: DESTINATION ${package_folder})
