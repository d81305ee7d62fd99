// SPDX-License-Identifier: GPL-2.0-or-later
// Makes trouble for a server, for a bounded time: the cause that a report has to find.
//   hog --seconds S                      uses a CPU up, under the name "wp-hog", 5 ms out of every 10
//   flood --to ADDRESS --port P --seconds S   sends 800 UDP datagrams at once, every 20 ms
#include <sys/prctl.h>

#include <csignal>
#include <cstring>

#include "demo-servers/common/echo.hpp"

namespace {

using namespace wp::demo;

void use_up_the_cpu(std::uint64_t until_ns) {
  prctl(PR_SET_NAME, "wp-hog");
  while (now_ns() < until_ns) {
    const std::uint64_t turn_ns = now_ns() + 5'000'000;
    while (now_ns() < turn_ns) {
    }
    const timespec pause{0, 5'000'000};
    nanosleep(&pause, nullptr);
  }
}

void flood(const std::string& host, std::uint16_t port, std::uint64_t until_ns) {
  prctl(PR_SET_NAME, "wp-flood");
  const Address address = address_from(host, port);
  const int fd = socket(address.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, &address.any, size_of(address)) != 0) give_up_on_errno("connect");
  const std::array<char, 64> datagram{};
  std::uint64_t sent = 0;
  while (now_ns() < until_ns) {
    for (int i = 0; i < 800; ++i) sent += send(fd, datagram.data(), datagram.size(), MSG_DONTWAIT) > 0;
    const timespec pause{0, 20'000'000};
    nanosleep(&pause, nullptr);
  }
  std::printf("sent %llu\n", static_cast<unsigned long long>(sent));
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments(argc, argv);
  const bool is_hog = arguments.flag("hog"), is_flood = arguments.flag("flood");
  const std::uint64_t seconds = arguments.number("--seconds", 1, 1, 600);
  const std::string host = arguments.text("--to", "127.0.0.1");
  const auto port = static_cast<std::uint16_t>(arguments.number("--port", 9, 1, 65535));
  arguments.refuse_the_rest();
  if (is_hog == is_flood) give_up("say hog or flood");
  const std::uint64_t until_ns = now_ns() + seconds * 1'000'000'000U;
  if (is_hog)
    use_up_the_cpu(until_ns);
  else
    flood(host, port, until_ns);
}
