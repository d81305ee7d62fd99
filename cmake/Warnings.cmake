# SPDX-License-Identifier: GPL-2.0-or-later
# One interface target with our warning flags. Warnings are errors in presets and CI, not for users
# whose compiler may know more warnings than ours.
option(WP_WERROR "Treat warnings as errors" OFF)

add_library(wp_warnings INTERFACE)
target_compile_options(wp_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
if(WP_WERROR)
  target_compile_options(wp_warnings INTERFACE -Werror)
endif()
