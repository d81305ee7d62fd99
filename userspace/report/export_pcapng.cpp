// SPDX-License-Identifier: GPL-2.0-or-later
// A capture file again, as pcapng, each packet that a request came in with a comment. The recording holds no packets
// and the capture no sockets: a packet is a request's where addresses and ports are the same, the lengths agree, and
// the times lie within a millisecond.
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <map>

#include "userspace/base/text.hpp"
#include "userspace/report/blame_text.hpp"
#include "userspace/report/exporter.hpp"
#include "userspace/report/format.hpp"

namespace wp::report {
namespace {

constexpr std::uint32_t kMicros = 0xa1b2c3d4U, kNanos = 0xa1b23c4dU;
constexpr std::uint64_t kNear = 1'000'000;  // ns
constexpr std::uint32_t kEthernet = 1, kCookedV1 = 113, kCookedV2 = 276;

struct Frame {
  std::uint64_t real_ns = 0;
  std::uint32_t length = 0;  // on the wire
  std::string_view bytes;
};

/// Of a TCP or UDP packet with data. From its sender's side.
struct Facts {
  std::array<std::uint8_t, 16> from{}, to{};
  std::uint16_t from_port = 0, to_port = 0, ip_length = 0;
  std::uint8_t protocol = 0;
  bool is_data = false;
};

std::uint16_t be16(std::string_view bytes, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  return at + 2 <= bytes.size() ? static_cast<std::uint16_t>(byte(at) << 8U | byte(at + 1)) : std::uint16_t{0};
}

std::size_t link_bytes(std::uint32_t link, std::string_view bytes) {
  switch (link) {
    case kEthernet: return be16(bytes, 12) == 0x8100 ? 18 : 14;
    case kCookedV1: return 16;
    case kCookedV2: return 20;
    default: return 0;
  }
}

Facts facts_of(std::uint32_t link, std::string_view bytes) {
  Facts f;
  const std::size_t skip = link_bytes(link, bytes);
  if (bytes.size() < skip + 40) return f;
  bytes.remove_prefix(skip);
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const bool is_v6 = byte(0) >> 4U == 6;
  const std::size_t header = is_v6 ? 40U : (byte(0) & 15U) * 4U, size = is_v6 ? 16 : 4;
  if (!is_v6 && (byte(0) >> 4U != 4 || header < 20)) return f;
  f.protocol = byte(is_v6 ? 6 : 9);
  f.ip_length = static_cast<std::uint16_t>(be16(bytes, is_v6 ? 4 : 2) + (is_v6 ? 40 : 0));
  std::memcpy(f.from.data(), bytes.data() + (is_v6 ? 8 : 12), size);
  std::memcpy(f.to.data(), bytes.data() + (is_v6 ? 24 : 16), size);
  if (bytes.size() < header + 8) return f;
  f.from_port = be16(bytes, header);
  f.to_port = be16(bytes, header + 2);
  const std::size_t own = f.protocol == IPPROTO_TCP && bytes.size() > header + 12 ? (byte(header + 12) >> 4U) * 4U : 8U;
  f.is_data = (f.protocol == IPPROTO_TCP || f.protocol == IPPROTO_UDP) && f.ip_length > header + own;
  return f;
}

using Key = std::tuple<std::array<std::uint8_t, 16>, std::array<std::uint8_t, 16>, std::uint16_t, std::uint16_t>;

struct Request {
  std::uint64_t real_ns = 0;
  std::uint32_t length = 0;
  std::string comment;
  bool is_taken = false;
};

void put32(std::string& out, std::uint32_t value) { out.append(reinterpret_cast<const char*>(&value), 4); }
void put16(std::string& out, std::uint16_t value) { out.append(reinterpret_cast<const char*>(&value), 2); }
void pad(std::string& out) { out.append((4 - out.size() % 4) % 4, '\0'); }
void put_option(std::string& out, std::uint16_t code, std::string_view value) {
  put16(out, code);
  put16(out, static_cast<std::uint16_t>(value.size()));
  out += value;
  pad(out);
}
void put_block(std::string& out, std::uint32_t type, const std::string& body) {
  const auto length = static_cast<std::uint32_t>(body.size() + 12);
  put32(out, type);
  put32(out, length);
  out += body;
  put32(out, length);
}

class Pcapng : public Exporter {
 public:
  Pcapng(std::string& out, std::string capture) : Exporter(out), capture_(std::move(capture)) {}

  void begin(const model::RecordingInfo& info) override { offset_ = info.realtime_offset_ns; }

  void add(const model::Path& path) override {
    const model::Socket& s = path.socket;
    const auto& stack = path.at(model::Stage::kStack);
    if (!stack.has_time() || !s.known || path.part_of_delivery != 0) return;
    if (s.family != AF_INET && s.family != AF_INET6) return;
    std::string comment = fmt::format("wakepath request #{}: {}", path.id, printable(path.task.comm));
    if (const auto total = model::total_ns(path)) comment += " read it after " + duration_text(*total);
    for (std::size_t i = 0; i < std::min<std::size_t>(path.blame.size(), 3); ++i) {
      const std::string who = culprit_text(path.blame[i]);
      comment += fmt::format("; {} {}{}", model::cause_name(path.blame[i].cause), duration_text(path.blame[i].ns),
                             who.empty() ? "" : " (" + who + ")");
    }
    requests_[{s.peer, s.local, s.peer_port, s.local_port}].push_back(
        {stack.ts_ns + static_cast<std::uint64_t>(offset_), path.arrival.packet_bytes, std::move(comment), false});
  }

  Result<void> end(const model::Summary&, const std::vector<model::SchedEvent>&) override {
    std::uint32_t magic = 0;
    if (capture_.size() >= 24) std::memcpy(&magic, capture_.data(), 4);
    is_swapped_ = magic == __builtin_bswap32(kMicros) || magic == __builtin_bswap32(kNanos);
    if (is_swapped_) magic = __builtin_bswap32(magic);
    if (magic != kMicros && magic != kNanos)
      return Error{ExitCode::kError,
                   "the capture is no classic pcap file; write one with tcpdump -w, or convert it: "
                   "editcap -F nsecpcap IN OUT"};
    const std::uint32_t link = word(20) & 0xffffU;
    begin_file(link);
    std::size_t at = 24;
    for (; at + 16 <= capture_.size(); ++packets_) {
      Frame frame;
      const std::uint32_t stored = word(at + 8);
      if (at + 16 + stored > capture_.size()) break;  // cut off: what is whole counts
      frame.real_ns = word(at) * 1'000'000'000ULL + word(at + 4) * (magic == kNanos ? 1ULL : 1000ULL);
      frame.length = word(at + 12);
      frame.bytes = std::string_view(capture_).substr(at + 16, stored);
      add_packet(frame, link);
      at += 16 + stored;
    }
    return {};
  }

 private:
  [[nodiscard]] std::uint32_t word(std::size_t at) const {
    std::uint32_t value = 0;
    std::memcpy(&value, capture_.data() + at, 4);
    return is_swapped_ ? __builtin_bswap32(value) : value;
  }

  void begin_file(std::uint32_t link) {
    std::string section, interface;
    put32(section, 0x1a2b3c4dU);
    put16(section, 1);
    put16(section, 0);
    section.append(8, '\xff');  // length of the section: not told
    put_option(section, 4, "wakepath " WP_VERSION);
    put_option(section, 0, {});
    put_block(out_, 0x0a0d0d0aU, section);
    put16(interface, static_cast<std::uint16_t>(link));
    put16(interface, 0);
    put32(interface, word(16));
    put_option(interface, 9, std::string_view("\x09", 1));  // times in ns
    put_option(interface, 0, {});
    put_block(out_, 1, interface);
  }

  void add_packet(const Frame& frame, std::uint32_t link) {
    std::string body;
    put32(body, 0);
    put32(body, static_cast<std::uint32_t>(frame.real_ns >> 32U));
    put32(body, static_cast<std::uint32_t>(frame.real_ns));
    put32(body, static_cast<std::uint32_t>(frame.bytes.size()));
    put32(body, frame.length);
    body += frame.bytes;
    pad(body);
    if (const Request* request = request_of(frame, facts_of(link, frame.bytes))) {
      put_option(body, 1, request->comment);
      put_option(body, 0, {});
    }
    put_block(out_, 6, body);
  }

  // The nearest one in time that no earlier packet was; loopback captures show each packet twice.
  Request* request_of(const Frame& frame, const Facts& f) {
    if (!f.is_data) return nullptr;
    const auto found = requests_.find({f.from, f.to, f.from_port, f.to_port});
    if (found == requests_.end()) return nullptr;
    Request* nearest = nullptr;
    std::uint64_t least = kNear;
    for (Request& one : found->second) {
      const std::uint64_t apart =
          one.real_ns > frame.real_ns ? one.real_ns - frame.real_ns : frame.real_ns - one.real_ns;
      if (one.is_taken || apart > least || (one.length && one.length != f.ip_length)) continue;
      nearest = &one;
      least = apart;
    }
    if (nearest) nearest->is_taken = true;
    return nearest;
  }

  std::string capture_;
  std::map<Key, std::vector<Request>> requests_;
  std::int64_t offset_ = 0;
  std::uint64_t packets_ = 0;
  bool is_swapped_ = false;
};

}  // namespace

std::unique_ptr<Exporter> make_pcapng(std::string& out, std::string capture) {
  return std::make_unique<Pcapng>(out, std::move(capture));
}

}  // namespace wp::report
