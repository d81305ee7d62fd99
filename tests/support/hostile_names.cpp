// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/hostile_names.hpp"

#include <algorithm>
#include <set>

namespace wp::test {
namespace {

// Control sequences: colours, cursor, title, clipboard (OSC 52), links (OSC 8), reports that the terminal types back.
const std::vector<std::string> kTerminal = {
    "\x1b[2J",
    "\x1b[31m",
    "\x1b]0;pwned\x07",
    "\x1b]52;c;cHduZWQ=\x07",
    "\x1b]8;;http://x\x1b\\y",
    "\x1b[6n",
    "\x1b[21t",
    "\x1bP+q544e\x1b\\",
    "\x1b[?1049h",
    "\x1b[10A",
    "\x1b[999D",
    "\x1b"
    "c",
    "\x1b[8m",
    "\x1b#8",
    "\x1b(0",
    "\x9b"
    "31m",
    "\x9d"
    "0;t\x9c",
    "\x90q\x9c",
    "\xc2\x9b"
    "31m",
    "\xc2\x9d"
    "0;t\xc2\x9c",
    "a\rb",
    "a\nb",
    "a\bb",
    "a\x7f",
    "a\tb",
    "a\vb",
    "a\fb",
    "\x0e",
    "\x0f",
    "\x05",
};
// Breaking out of text, attributes, scripts, comments, styles, SVG; of JSON; of a shell or a format string.
const std::vector<std::string> kMarkup = {
    "<script>alert(1)</script>",
    "</script><script>1</script>",
    "<!--<script>",
    "-->",
    "]]>",
    "\"><img src=x onerror=a()>",
    "' onmouseover='a()",
    "<svg/onload=a()>",
    "<svg><script>a()",
    "</title><script>",
    "</style><script>",
    "<iframe src=j:a>",
    "javascript:a()",
    "data:text/html,<x>",
    "<a href=\"x\">",
    "&lt;script&gt;",
    "&#x3c;b&#x3e;",
    "<b>",
    "</b>",
    "<math><mi>",
    "\\u003cscript\\u003e",
    "\\x3cb\\x3e",
    "${a()}",
    "{{7*7}}",
    "`id`",
    "$(id)",
    ";id",
    "|id",
    "%s%n%s",
    "%x",
    "{}",
    "{0}",
    "\"",
    "'",
    "\\",
    "\\\\",
    "\\\"",
    "\"}",
    "],[",
    "\",\"a\":\"",
    "\\n",
    "\\u0000",
    "\\ud800",
    "/../../etc",
    "..",
    ".",
    "-rf",
    "--help",
    "~",
    "*",
    "?",
    "[a-z]",
    "#",
    "!",
    "a b",
    " a",
    "a ",
    "COM1",
    "NUL",
    "con",
    "__proto__",
    "constructor",
    "toString",
    "null",
    "true",
    "1e999",
    "-0",
    "NaN",
    "=1+1",
    "+1",
    "@SUM(1)",
};
// Invisible, reordering, line-breaking and combining characters.
const std::vector<std::string> kUnicode = {
    "\u202e"
    "gpj.exe",
    "\u202d",
    "\u2066a\u2069",
    "\u2028",
    "\u2029",
    "\u200b",
    "\u200d",
    "\ufeff",
    "\u00ad",
    "\u034f",
    "\u061c",
    "\u115f",
    "\u3164",
    "\ufe0f",
    "\U000e0041",
    "\U000e007f",
    "\u180e",
    "\u2060",
    "\ufff9",
    "\uffa0",
    "\u0085",
    "e\u0301\u0301\u0301",
    "\u0430dmin",
    "\uff1cb\uff1e",
    "\U0001f4a9",
    "\u1e9e",
    "\ufdfa",
    "\u0e33",
    "\U0001d173",
};
// What is no UTF-8: continuations alone, overlong forms, surrogates, past the end, cut short.
const std::vector<std::string> kInvalid = {
    "\x80",
    "\xbf",
    "\xc0\xaf",
    "\xc1\xbf",
    "\xe0\x80\xaf",
    "\xf0\x80\x80\xaf",
    "\xed\xa0\x80",
    "\xed\xbf\xbf",
    "\xf4\x90\x80\x80",
    "\xf8\x88\x80\x80\x80",
    "\xff",
    "\xfe",
    "\xc3",
    "\xe2\x82",
    "\xf0\x9f\x92",
    "a\xc3",
    "\xe2\x28\xa1",
    "\xc3\x28",
    "\xfc\x84\x80\x80\x80\x80",
};

}  // namespace

std::vector<std::string> hostile_names() {
  std::vector<std::string> names;
  std::set<std::string> seen;
  const auto add = [&](const std::string& name) {
    if (!name.empty() && name.find('\0') == std::string::npos && seen.insert(name).second) names.push_back(name);
  };
  for (int byte = 1; byte < 256; ++byte) add(std::string(1, static_cast<char>(byte)));
  for (const auto* group : {&kTerminal, &kMarkup, &kUnicode, &kInvalid}) {
    for (const std::string& payload : *group) {
      add(payload);
      add("srv" + payload);
      add(payload + "\"");
      // So that the kernel's 15 bytes end inside of it.
      add(std::string(16 - std::min<std::size_t>(payload.size(), 15), 'a') + payload);
    }
  }
  return names;
}

}  // namespace wp::test
