// SPDX-License-Identifier: GPL-2.0-or-later
// Settings of a card's NAPI instances that only netlink has (family "netdev", Linux 6.13 and later), for guests:
//   wp_napi_set IFNAME DEFER_HARD_IRQS GRO_FLUSH_TIMEOUT_NS IRQ_SUSPEND_TIMEOUT_NS
// Sets all of the card's instances and prints how many there are. Status 1: the kernel refused.
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <vector>

namespace {

// include/uapi/linux/netdev.h, which is younger than the headers of some distributions this is built on
constexpr std::uint8_t kNapiGet = 11, kNapiSet = 14;
enum : std::uint16_t {
  kIfindex = 1,
  kId = 2,
  kDeferHardIrqs = 5,
  kGroFlushTimeout = 6,
  kIrqSuspendTimeout = 7
};

[[noreturn]] void give_up(const char* doing) {
  std::perror(doing);
  std::exit(1);
}

struct Message {
  std::vector<std::byte> bytes;

  Message(std::uint16_t family, std::uint16_t flags, std::uint8_t command) : bytes(NLMSG_HDRLEN + GENL_HDRLEN) {
    nlmsghdr header{};
    header.nlmsg_type = family;
    header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    std::memcpy(bytes.data(), &header, sizeof header);
    const genlmsghdr generic{command, 1, 0};
    std::memcpy(bytes.data() + NLMSG_HDRLEN, &generic, sizeof generic);
  }
  void add(std::uint16_t type, const void* value, std::size_t size) {
    const nlattr attribute{static_cast<std::uint16_t>(NLA_HDRLEN + size), type};
    const std::size_t at = bytes.size();
    bytes.resize(at + NLA_HDRLEN + NLA_ALIGN(size));
    std::memcpy(bytes.data() + at, &attribute, sizeof attribute);
    std::memcpy(bytes.data() + at + NLA_HDRLEN, value, size);
  }
  void add(std::uint16_t type, std::uint32_t value) { add(type, &value, sizeof value); }
};

using Found = std::function<void(std::uint16_t type, const std::byte* value, std::size_t size)>;

void read_attributes(const std::byte* at, const std::byte* end, const Found& found) {
  nlattr attribute{};
  while (at + NLA_HDRLEN <= end) {
    std::memcpy(&attribute, at, sizeof attribute);
    if (attribute.nla_len < NLA_HDRLEN || at + attribute.nla_len > end) return;
    found(attribute.nla_type & NLA_TYPE_MASK, at + NLA_HDRLEN, attribute.nla_len - std::size_t{NLA_HDRLEN});
    at += NLA_ALIGN(attribute.nla_len);
  }
}

// Sends it, and hands over the attributes of all answers up to the last.
void ask(int netlink, Message message, const Found& found) {
  const auto size = static_cast<std::uint32_t>(message.bytes.size());
  std::memcpy(message.bytes.data(), &size, sizeof size);  // nlmsg_len, its first field
  if (send(netlink, message.bytes.data(), size, 0) < 0) give_up("send");
  std::array<std::byte, 16384> room{};
  for (;;) {
    const ssize_t n = recv(netlink, room.data(), room.size(), 0);
    if (n < 0) give_up("recv");
    const std::byte* end = room.data() + n;
    nlmsghdr header{};
    for (const std::byte* at = room.data(); at + NLMSG_HDRLEN <= end; at += NLMSG_ALIGN(header.nlmsg_len)) {
      std::memcpy(&header, at, sizeof header);
      if (header.nlmsg_type == NLMSG_DONE) return;
      if (header.nlmsg_type == NLMSG_ERROR) {
        std::memcpy(&errno, at + NLMSG_HDRLEN, sizeof errno);
        errno = -errno;
        if (errno != 0) give_up("netlink");
        return;
      }
      read_attributes(at + NLMSG_HDRLEN + GENL_HDRLEN, at + header.nlmsg_len, found);
      if (header.nlmsg_len < NLMSG_HDRLEN) return;
    }
  }
}

template <typename Number>
Number number(const std::byte* value, std::size_t size) {
  Number n = 0;
  std::memcpy(&n, value, size < sizeof n ? size : sizeof n);
  return n;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: wp_napi_set IFNAME DEFER_HARD_IRQS GRO_FLUSH_TIMEOUT_NS IRQ_SUSPEND_TIMEOUT_NS\n");
    return 2;
  }
  const int netlink = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
  if (netlink < 0) give_up("socket");
  std::uint16_t family = 0;
  Message who(GENL_ID_CTRL, NLM_F_ACK, CTRL_CMD_GETFAMILY);
  who.add(CTRL_ATTR_FAMILY_NAME, "netdev", sizeof "netdev");
  ask(netlink, who, [&](auto type, const auto* value, auto size) {
    if (type == CTRL_ATTR_FAMILY_ID) family = number<std::uint16_t>(value, size);
  });
  const std::uint32_t device = if_nametoindex(argv[1]);
  if (device == 0) give_up(argv[1]);
  Message get(family, NLM_F_DUMP, kNapiGet);
  get.add(kIfindex, device);
  std::vector<std::uint32_t> ids;
  ask(netlink, get, [&](auto type, const auto* value, auto size) {
    if (type == kId) ids.push_back(number<std::uint32_t>(value, size));
  });
  for (const std::uint32_t id : ids) {
    Message set(family, NLM_F_ACK, kNapiSet);
    set.add(kId, id);
    const std::array types{kDeferHardIrqs, kGroFlushTimeout, kIrqSuspendTimeout};
    for (std::size_t i = 0; i < types.size(); ++i)
      set.add(types[i], static_cast<std::uint32_t>(std::strtoul(argv[2 + i], nullptr, 10)));
    ask(netlink, set, [](auto, const auto*, auto) {});
  }
  std::printf("%zu NAPI instances of %s set\n", ids.size(), argv[1]);
  close(netlink);
  return ids.empty() ? 1 : 0;
}
