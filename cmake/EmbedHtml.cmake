# SPDX-License-Identifier: GPL-2.0-or-later
# cmake -DFOLDER=... -DOUT=... -P EmbedHtml.cmake: joins page.html, the style sheets and the programs of FOLDER into one
# page, names their hashes in its content security policy, and writes it as a C++ source.
# Several small literals, for a single one may be too long for a compiler.
cmake_minimum_required(VERSION 3.25)

# In a policy a hash is base64; CMake gives hexadecimal. Three digits of the one are two of the other.
function(base64_of_hash hex result)
  set(digits "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  string(APPEND hex "00")  # 64 digits and two: 66 are 22 groups
  set(text "")
  foreach(at RANGE 0 63 3)
    string(SUBSTRING ${hex} ${at} 3 group)
    math(EXPR high "0x${group} >> 6")
    math(EXPR low "0x${group} & 63")
    string(SUBSTRING ${digits} ${high} 1 first)
    string(SUBSTRING ${digits} ${low} 1 second)
    string(APPEND text ${first}${second})
  endforeach()
  string(SUBSTRING ${text} 0 43 text)  # 256 bits and two of padding
  set(${result} "${text}=" PARENT_SCOPE)
endfunction()

function(joined result)
  set(text "")
  foreach(name IN LISTS ARGN)
    file(READ ${FOLDER}/${name} part)
    string(APPEND text "${part}")
  endforeach()
  set(${result} "${text}" PARENT_SCOPE)
endfunction()

file(STRINGS ${FOLDER}/order.txt names REGEX "^[a-z]")
set(styles ${names})
list(FILTER styles INCLUDE REGEX "[.]css$")
set(programs ${names})
list(FILTER programs INCLUDE REGEX "[.]js$")

joined(style ${styles})
joined(program ${programs})
set(style "\n${style}")
set(program "\n(() => {\n\"use strict\";\n${program}})();\n")
string(SHA256 style_hash "${style}")
string(SHA256 program_hash "${program}")
base64_of_hash(${style_hash} style_hash)
base64_of_hash(${program_hash} program_hash)

file(READ ${FOLDER}/page.html page)
string(REPLACE "@STYLE_HASH@" "${style_hash}" page "${page}")
string(REPLACE "@PROGRAM_HASH@" "${program_hash}" page "${page}")
string(REPLACE "@STYLE@" "${style}" page "${page}")
string(REPLACE "@PROGRAM@" "${program}" page "${page}")

set(source "// Made by cmake/EmbedHtml.cmake.\n#include \"userspace/report/html_report.hpp\"\n\n")
string(APPEND source "namespace wp::report {\n\nstd::string_view html_page() {\n  static constexpr std::string_view page =\n")
string(LENGTH "${page}" length)
set(at 0)
while(at LESS length)
  string(SUBSTRING "${page}" ${at} 8000 piece)
  string(APPEND source "R\"WPHTML(${piece})WPHTML\"\n")
  math(EXPR at "${at} + 8000")
endwhile()
string(APPEND source ";\n  return page;\n}\n\n}  // namespace wp::report\n")
file(WRITE ${OUT} "${source}")
