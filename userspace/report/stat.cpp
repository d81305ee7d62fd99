// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/stat.hpp"

#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "userspace/report/format.hpp"

namespace wp::report {

namespace {

constexpr struct {
  const char *name, *what;
} kStages[] = {
#define WP_ROW(number, name, doc) {#name, doc},
    WP_STATS(WP_ROW)
#undef WP_ROW
};

std::uint64_t least_of_next(std::uint32_t bin) {
  return bin + 1 < WP_STAT_BINS ? wp_stat_least(bin + 1) : wp_stat_least(bin);
}

std::uint64_t middle_of(std::uint32_t bin) { return (wp_stat_least(bin) + least_of_next(bin) - 1) / 2; }

// The bin of the value that `percent` of all do not exceed.
std::uint64_t percentile(const std::vector<std::uint64_t>& bins, std::uint64_t count, double percent) {
  const auto rank = static_cast<std::uint64_t>(std::ceil(static_cast<double>(count) * percent / 100));
  std::uint64_t passed = 0;
  for (std::uint32_t bin = 0; bin < bins.size(); ++bin) {
    passed += bins[bin];
    if (passed >= rank && passed) return middle_of(bin);
  }
  return 0;
}

StatRow row_of(const wp_u64 (&before)[WP_STAT_BINS], const wp_u64 (&now)[WP_STAT_BINS]) {
  StatRow row;
  std::vector<std::uint64_t> bins(WP_STAT_BINS);
  std::uint64_t highest = 0;
  for (std::uint32_t bin = 0; bin < WP_STAT_BINS; ++bin) {
    bins[bin] = now[bin] - before[bin];
    row.count += bins[bin];
    if (bins[bin]) highest = least_of_next(bin) - 1;
  }
  if (!row.count) return row;
  row.p50_ns = percentile(bins, row.count, 50);
  row.p90_ns = percentile(bins, row.count, 90);
  row.p99_ns = percentile(bins, row.count, 99);
  row.p999_ns = percentile(bins, row.count, 99.9);
  row.max_ns = highest;
  return row;
}

std::string time_text(const StatRow& row, std::uint64_t ns) { return row.count ? duration_text(ns) : "-"; }

}  // namespace

StatTable stat_between(const wp_stat_counts& before, const wp_stat_counts& now) {
  StatTable table;
  table.deliveries = now.deliveries - before.deliveries;
  table.reads = now.reads - before.reads;
  table.untracked = now.untracked - before.untracked;
  table.forgotten = now.forgotten - before.forgotten;
  for (std::size_t stage = 0; stage < table.rows.size(); ++stage) {
    table.rows[stage] = row_of(before.bins[stage], now.bins[stage]);
    table.rows[stage].name = kStages[stage].name;
    table.rows[stage].what = kStages[stage].what;
  }
  return table;
}

std::string stat_text(const StatTable& table) {
  const double rate = table.seconds > 0 ? static_cast<double>(table.reads) / table.seconds : 0;
  std::string text =
      fmt::format("{} reads ({:.0f}/s), {} untracked, {} deliveries forgotten, {} lost\n", grouped(table.reads), rate,
                  grouped(table.untracked), grouped(table.forgotten), grouped(table.lost));
  text += fmt::format("  {:<8} {:>11} {:>9} {:>9} {:>9} {:>9} {:>9}  {}\n", "stage", "count", "p50", "p90", "p99",
                      "p99.9", "max", "");
  for (const StatRow& row : table.rows)
    text += fmt::format("  {:<8} {:>11} {:>9} {:>9} {:>9} {:>9} {:>9}  {}\n", row.name, grouped(row.count),
                        time_text(row, row.p50_ns), time_text(row, row.p90_ns), time_text(row, row.p99_ns),
                        time_text(row, row.p999_ns), time_text(row, row.max_ns), row.what);
  return text;
}

nlohmann::json stat_json(const StatTable& table) {
  nlohmann::json stages = nlohmann::json::object();
  for (const StatRow& row : table.rows) {
    const auto time = [&row](std::uint64_t ns) { return row.count ? nlohmann::json(ns) : nlohmann::json(nullptr); };
    stages[row.name] = {{"count", row.count},         {"p50_ns", time(row.p50_ns)},   {"p90_ns", time(row.p90_ns)},
                        {"p99_ns", time(row.p99_ns)}, {"p999_ns", time(row.p999_ns)}, {"max_ns", time(row.max_ns)}};
  }
  return {{"seconds", table.seconds},     {"deliveries", table.deliveries}, {"reads", table.reads},
          {"untracked", table.untracked}, {"forgotten", table.forgotten},   {"lost", table.lost},
          {"stages", std::move(stages)}};
}

}  // namespace wp::report
