# SPDX-License-Identifier: GPL-2.0-or-later
# cmake -DFOLDER=... -DOUT=... -P EmbedClaims.cmake: the catalogue of claims as a C++ source, so that a program and its
# claims are one. Several small literals for each file, for a single one may be too long for a compiler.
cmake_minimum_required(VERSION 3.25)

file(GLOB files ${FOLDER}/*.toml)
list(SORT files)
set(source "// Made by cmake/EmbedClaims.cmake.\n#include \"userspace/judge/catalogue.hpp\"\n\n")
string(APPEND source "namespace wp::judge {\n\nstd::vector<std::pair<std::string, std::string>> bundled_claim_files() {\n  return {\n")
foreach(file IN LISTS files)
  cmake_path(GET file FILENAME name)
  file(READ ${file} text)
  # A literal must not end inside a character of several bytes, and a list would lose its brackets: lines it is.
  string(REPLACE "\n" ")WPTOML\"\nR\"WPTOML(\n" text "${text}")
  string(APPEND source "{\"claims/${name}\", R\"WPTOML(${text})WPTOML\"},\n")
endforeach()
string(APPEND source "};\n}\n\n}  // namespace wp::judge\n")
file(WRITE ${OUT} "${source}")
