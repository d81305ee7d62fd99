// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
#include <concepts>
#include <string>
#include <string_view>

namespace wp::model {

/// A text of which there are few different ones: the name of a task, a device, a system call. Each is kept once, for
/// good, so that a request with a dozen of them is copied without an allocation. Any bytes: escape before printing.
class Name {
 public:
  Name() = default;
  Name(std::string_view text) : text_(text.empty() ? nullptr : kept(text)) {}
  Name(const std::string& text) : Name(std::string_view(text)) {}
  Name(const char* text) : Name(std::string_view(text)) {}

  [[nodiscard]] bool empty() const { return text_ == nullptr; }
  [[nodiscard]] const std::string& str() const { return text_ ? *text_ : none(); }
  operator const std::string&() const { return str(); }
  operator std::string_view() const { return str(); }

  friend bool operator==(Name a, Name b) { return a.text_ == b.text_; }
  template <std::convertible_to<std::string_view> Text>
  requires(!std::same_as<Text, Name>) friend bool operator==(Name a, const Text& b) {
    return std::string_view(a.str()) == std::string_view(b);
  }

 private:
  static const std::string* kept(std::string_view text);
  static const std::string& none();

  const std::string* text_ = nullptr;  // nullptr: empty
};

}  // namespace wp::model
