// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Value or error, with the part of std::expected's interface we use: it becomes an alias for it once
// the standard library has it in the language mode we build in.
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "userspace/base/exit_code.hpp"

namespace wp {

/// What failed, why, and what to do next; one line, no newline at its end.
struct Error {
  ExitCode code = ExitCode::kError;
  std::string message;

  /// The same error seen from further out: "open recording 'a.wkp': Permission denied".
  [[nodiscard]] Error within(const std::string& doing) && { return {code, doing + ": " + std::move(message)}; }
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  T& operator*() { return std::get<0>(state_); }
  const T& operator*() const { return std::get<0>(state_); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  Error& error() { return std::get<1>(state_); }
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool has_value() const { return !error_; }
  explicit operator bool() const { return has_value(); }
  Error& error() { return *error_; }
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace wp
