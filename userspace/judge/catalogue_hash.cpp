// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/judge/catalogue_hash.hpp"

#include <fmt/format.h>
#include <xxhash.h>

namespace wp::judge {

namespace {

// Strings with their lengths, so that no two different claims give the same text.
void add(std::string& all, const std::string& text) { all += fmt::format("{}:{};", text.size(), text); }

template <typename Number>
void add(std::string& all, Number number) {
  all += fmt::format("{};", number);
}

template <typename... Values>
std::string joined(const Values&... values) {
  std::string all;
  (add(all, values), ...);
  return all;
}

std::string canonical(const Arm& a) {
  return joined(a.id, a.demo, a.trial, a.trace, a.connections, a.requests, a.rate, a.interval_us, a.pipeline, a.idle,
                a.reconnect, a.trials, a.quiet_ms, a.quiet_connections, a.early_ms, a.unanswered, a.memory, a.control,
                a.built);
}

std::string canonical(const Part& p, const Catalogue& catalogue) {
  std::string all = joined(p.says, std::string(statistic_name(p.statistic)), p.quantity, p.equals, p.confirm.text,
                           p.refute.text, p.least, p.contention.value_or(-1), p.witnesses, p.not_applicable);
  for (const std::string& id : p.subject) all += canonical(*catalogue.arm(id));
  if (!p.baseline.empty()) all += canonical(*catalogue.arm(p.baseline));
  return all;
}

std::string hash_of(const std::string& text) { return fmt::format("{:016x}", XXH64(text.data(), text.size(), 0)); }

}  // namespace

void set_hashes(Catalogue& catalogue) {
  std::string all;
  for (NoteClaim& claim : catalogue.claims) {
    std::string text = joined(claim.id, claim.korean, claim.english, claim.runs);
    for (const Part& part : claim.parts) text += canonical(part, catalogue);
    claim.hash = hash_of(text);
    all += claim.hash;
  }
  catalogue.hash = hash_of(all);
}

}  // namespace wp::judge
