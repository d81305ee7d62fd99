# SPDX-License-Identifier: GPL-2.0-or-later
# wp_add_bpf_skeleton(TARGET NAME SOURCES...): every .bpf.c compiled as one unit (headers by depfile), and its skeleton NAME.skel.h offered by the interface library TARGET as a system header.
function(wp_add_bpf_skeleton target name)
  find_program(WP_CLANG NAMES clang clang-14 clang-15 clang-16 REQUIRED)
  find_program(WP_BPFTOOL NAMES bpftool PATHS /usr/sbin /sbin REQUIRED)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
    set(arch x86)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
    set(arch arm64)
  else()
    message(FATAL_ERROR "BPF programs are not known to work on ${CMAKE_SYSTEM_PROCESSOR}; "
                        "build the analysis alone with -DWP_WITH_BPF=OFF")
  endif()

  set(out ${PROJECT_BINARY_DIR}/bpf)
  # One translation unit that includes every file: libbpf 1.1's linker can't merge two objects that
  # both declare a kernel function such as bpf_rdonly_cast. See docs/decisions/0001-one-bpf-unit.md.
  set(unit ${out}/${name}.bpf.c)
  set(includes "")
  foreach(source IN LISTS ARGN)
    string(APPEND includes "#include \"${source}\"\n")
  endforeach()
  file(CONFIGURE OUTPUT ${unit} CONTENT "${includes}" @ONLY)
  set(object ${out}/${name}.o)
  add_custom_command(
    OUTPUT ${object}
    COMMAND ${WP_CLANG} -g -O2 -mcpu=v3 -Wall -Werror -target bpf -D__TARGET_ARCH_${arch}
            -I${PROJECT_SOURCE_DIR} -I${PROJECT_SOURCE_DIR}/bpf
            -MD -MF ${object}.d -MT ${object} -c ${unit} -o ${object}
    DEPENDS ${unit} ${ARGN}
    DEPFILE ${object}.d
    COMMENT "BPF ${name}"
    VERBATIM)

  # The object's own name is what libbpf shows users, so it must be the skeleton's.
  set(linked ${out}/${name}.linked.o)
  set(skeleton ${out}/include/${name}.skel.h)
  add_custom_command(
    OUTPUT ${skeleton}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${out}/include
    COMMAND ${WP_BPFTOOL} gen object ${linked} ${object}
    COMMAND ${WP_BPFTOOL} gen skeleton ${linked} name ${name}_bpf > ${skeleton}.new
    COMMAND ${CMAKE_COMMAND} -E rename ${skeleton}.new ${skeleton}
    DEPENDS ${object}
    BYPRODUCTS ${linked}
    COMMENT "BPF skeleton ${name}.skel.h"
    VERBATIM)

  add_custom_target(${target}_header DEPENDS ${skeleton})
  add_library(${target} INTERFACE)
  add_dependencies(${target} ${target}_header)
  target_include_directories(${target} SYSTEM INTERFACE ${out}/include)
endfunction()
