// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// The wire format of protocol buffers, as far as traces need it: varints, 64-bit fixed, and bytes.
#include <cstdint>
#include <string>
#include <string_view>

namespace wp::report {

class ProtoWriter {
 public:
  ProtoWriter& number(std::uint32_t field, std::uint64_t value) {
    varint(field << 3U);
    varint(value);
    return *this;
  }
  ProtoWriter& fixed64(std::uint32_t field, std::uint64_t value) {
    varint(field << 3U | 1U);
    for (unsigned i = 0; i < 8; ++i) bytes_ += static_cast<char>(value >> (8 * i) & 0xffU);
    return *this;
  }
  ProtoWriter& bytes(std::uint32_t field, std::string_view value) {
    varint(field << 3U | 2U);
    varint(value.size());
    bytes_ += value;
    return *this;
  }
  ProtoWriter& message(std::uint32_t field, const ProtoWriter& inner) { return bytes(field, inner.bytes_); }

  [[nodiscard]] const std::string& str() const { return bytes_; }

 private:
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U) bytes_ += static_cast<char>(value | 0x80U);
    bytes_ += static_cast<char>(value);
  }
  std::string bytes_;
};

}  // namespace wp::report
