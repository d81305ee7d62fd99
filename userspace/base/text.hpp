// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Names of tasks, devices and files are chosen by others and may hold any bytes. Nothing of them goes to
// a terminal or into a document without passing through here. Both forms can be turned back.
#include <optional>
#include <string>
#include <string_view>

namespace wp {

/// For terminals: valid UTF-8 stays, except what moves the cursor, changes colours, reorders or hides text
/// (controls, C1, bidi, zero-width, line separators), which becomes \u{HEX}; other bytes become \xNN, and a
/// backslash is doubled. The result holds no byte below 0x20 and no 0x7f.
std::string printable(std::string_view bytes);

/// For JSON and other documents that want valid UTF-8: bytes that are none become \xNN, a backslash is
/// doubled, everything else stays. The document's own escaping comes on top.
std::string valid_utf8(std::string_view bytes);

/// `printable` in double quotes, a double quote inside as \".
std::string in_quotes(std::string_view bytes);

/// Turns any of the above back (without the quotes); nullopt where a backslash starts no escape of ours.
std::optional<std::string> unescaped(std::string_view text);

/// Bytes up to the first NUL, or all of them: how the kernel keeps names in fixed arrays.
template <std::size_t n>
std::string_view until_nul(const char (&bytes)[n]) {
  const std::string_view all(bytes, n);
  return all.substr(0, all.find('\0'));
}

}  // namespace wp
