// SPDX-License-Identifier: GPL-2.0-or-later
// Prints docs/events.md from the rows of bpf/wire/events.h. A test compares the two.
#include <cstddef>
#include <cstdio>

#include "bpf/wire/events.h"

namespace {

struct Row {
  int number;
  const char* name;
  const char* doc;
};

template <std::size_t n>
void print_values(const char* title, const Row (&rows)[n]) {
  std::printf("\n### %s\n\n| value | name | meaning |\n|---|---|---|\n", title);
  for (const Row& row : rows) std::printf("| %d | `%s` | %s |\n", row.number, row.name, row.doc);
}

void print_kinds() {
#define WP_PRINT_FIELD(type, name, doc) \
  std::printf("| %zu | `%s` | `%s` | %s |\n", offsetof(Record, name), #name, #type, doc);
#define WP_PRINT_KIND(number, kind, doc)                                                        \
  {                                                                                             \
    using Record = wp_##kind;                                                                   \
    std::printf("\n### %s\n\nKind %d, %zu bytes: %s.\n\n", #kind, number, sizeof(Record), doc); \
    std::printf("| offset | field | type | meaning |\n|---|---|---|---|\n");                    \
    WP_FIELDS_##kind(WP_PRINT_FIELD)                                                            \
  }
  WP_EVENTS(WP_PRINT_KIND)
#undef WP_PRINT_KIND
#undef WP_PRINT_FIELD
}

void print_hooks() {
  std::printf("\n## Hooks\n\n| number | program | tracepoint | stage | lost without it |\n|---|---|---|---|---|\n");
#define WP_PRINT_HOOK(number, program, tracepoint, stage, cost) \
  std::printf("| %d | `%s` | `%s` | %s | %s |\n", number, #program, tracepoint, stage, cost);
  WP_HOOKS(WP_PRINT_HOOK)
#undef WP_PRINT_HOOK
}

void print_all_values() {
#define WP_ROW(number, name, doc) {number, #name, doc},
  std::printf("\n## Values\n");
  print_values("WP_MECHANISMS", {WP_MECHANISMS(WP_ROW)});
  print_values("WP_LEVELS", {WP_LEVELS(WP_ROW)});
  print_values("WP_SOFTIRQ_HOWS", {WP_SOFTIRQ_HOWS(WP_ROW)});
  print_values("WP_IRQ_OVERS", {WP_IRQ_OVERS(WP_ROW)});
  print_values("WP_DRIVER_HOOKS", {WP_DRIVER_HOOKS(WP_ROW)});
  print_values("WP_FILE_KINDS", {WP_FILE_KINDS(WP_ROW)});
  print_values("WP_WHYS", {WP_WHYS(WP_ROW)});
  print_values("WP_NAME_SPACES", {WP_NAME_SPACES(WP_ROW)});
#undef WP_ROW
}

}  // namespace

int main() {
  std::printf(
      "# Events\n\n"
      "Made from `bpf/wire/events.h` by the program `wp_events_doc`; a test fails when it is out of date.\n\n"
      "Event format %d.%d. All numbers are little-endian. Times are nanoseconds of `CLOCK_MONOTONIC`;\n"
      "a time of 0 means \"not seen\". Every record begins with this header:\n\n"
      "| offset | field | meaning |\n|---|---|---|\n"
      "| 0 | `ts_ns` | time |\n"
      "| 8 | `seq` | number of the record on its CPU, from 1; kinds from 128 on have none |\n"
      "| 16 | `kind` | number of the kind, below |\n"
      "| 18 | `size` | bytes of the whole record |\n"
      "| 20 | `cpu` | CPU it was made on |\n\n"
      "## Kinds\n",
      WP_WIRE_MAJOR, WP_WIRE_MINOR);
  print_kinds();
  print_hooks();
  print_all_values();
}
