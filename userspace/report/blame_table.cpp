// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/blame_table.hpp"

#include <algorithm>
#include <map>

#include "userspace/report/blame_text.hpp"

namespace wp::report {
namespace {

constexpr std::size_t kStretches = 40;
constexpr std::size_t kFewestStretches = 5;  // with slow requests in them; below, no interval is given
constexpr std::size_t kResamples = 1000;
constexpr std::uint64_t kFewestRequests = 100;

// One stretch of the recording: what its requests of a group add up to.
struct Stretch {
  std::array<double, model::kCauseCount> slow{}, middle{};
  double slow_n = 0, middle_n = 0;
};

std::vector<std::vector<double>> resampled_growths(const std::vector<Stretch>& stretches) {
  std::vector<std::vector<double>> growths(model::kCauseCount);
  std::mt19937_64 random(1);
  std::uniform_int_distribution<std::size_t> pick(0, stretches.size() - 1);
  for (std::size_t i = 0; i < kResamples; ++i) {
    Stretch sum;
    for (std::size_t k = 0; k < stretches.size(); ++k) {
      const Stretch& one = stretches[pick(random)];
      sum.slow_n += one.slow_n;
      sum.middle_n += one.middle_n;
      for (std::size_t c = 0; c < model::kCauseCount; ++c) {
        sum.slow[c] += one.slow[c];
        sum.middle[c] += one.middle[c];
      }
    }
    if (sum.slow_n == 0 || sum.middle_n == 0) continue;
    for (std::size_t c = 0; c < model::kCauseCount; ++c)
      growths[c].push_back(sum.slow[c] / sum.slow_n - sum.middle[c] / sum.middle_n);
  }
  return growths;
}

Interval middle_95(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto at = [&values](double share) {
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
  };
  return {at(0.025), at(0.975)};
}

}  // namespace

void BlameTable::add(const model::Path& path) {
  if (path.blame.empty()) return;
  Row row;
  row.id = path.id;
  row.done_ns = path.at(model::Stage::kDone).ts_ns;
  first_ns_ = std::min(first_ns_, row.done_ns);
  last_ns_ = std::max(last_ns_, row.done_ns);
  for (const model::BlameShare& share : path.blame) {
    row.times[static_cast<std::size_t>(share.cause)] += share.ns;
    row.total_ns += share.ns;
  }
  row.largest = path.blame.front().cause;
  for (std::size_t c = 0; c < model::kCauseCount; ++c) sums_[c] += row.times[c];
  ++requests_;
  const std::uint64_t place = sample_.size() < kKept ? requests_ - 1 : random_() % requests_;
  if (sample_.size() < kKept)
    sample_.push_back(row);
  else if (place < kKept)
    sample_[place] = row;
  keep_slow(std::move(row), path);
}

void BlameTable::keep_slow(Row&& row, const model::Path& path) {
  Rank rank{row.total_ns, row.id, slowest_.size()};
  if (slowest_.size() < kKept) {
    slowest_.emplace_back();
    largest_.emplace_back();
    ranks_.push_back(rank);
  } else {
    if (!is_slower(rank, ranks_.front())) return;
    std::pop_heap(ranks_.begin(), ranks_.end(), is_slower<Rank>);
    rank.place = ranks_.back().place;
    ranks_.back() = rank;
  }
  std::push_heap(ranks_.begin(), ranks_.end(), is_slower<Rank>);
  largest_[rank.place] = path.blame.front();
  slowest_[rank.place] = std::move(row);
}

namespace {

using model::kCauseCount;

// What the slow requests say of one cause.
struct Testimony {
  std::map<std::string, std::uint64_t> culprits;
  std::uint64_t first_in = 0, example = 0, most = 0;

  [[nodiscard]] std::string culprit() const {
    const auto most_often = std::max_element(culprits.begin(), culprits.end(),
                                             [](const auto& a, const auto& b) { return a.second < b.second; });
    return most_often == culprits.end() ? "" : most_often->first;
  }
};

}  // namespace

std::vector<BlameTable::Row> BlameTable::slow_group() const {
  std::vector<Rank> order = ranks_;
  std::sort(order.begin(), order.end(), is_slower<Rank>);
  order.resize(std::min<std::uint64_t>(order.size(), std::max<std::uint64_t>(requests_ / 100, 1)));
  std::vector<Row> slow;
  for (const Rank& rank : order) {
    slow.push_back(slowest_[rank.place]);
    slow.back().culprit = culprit_key(largest_[rank.place]);
  }
  return slow;
}

std::vector<BlameTable::Row> BlameTable::middle_group() const {
  std::vector<Row> middle = sample_;
  std::sort(middle.begin(), middle.end(), [](const Row& a, const Row& b) { return is_slower(b, a); });
  middle.resize(middle.size() * 3 / 4);
  middle.erase(middle.begin(), middle.begin() + static_cast<std::ptrdiff_t>(sample_.size() / 4));
  return middle;
}

BlameGroups BlameTable::groups() const {
  BlameGroups out;
  out.requests = requests_;
  for (std::size_t c = 0; c < kCauseCount; ++c) {
    if (sums_[c] == 0) continue;
    CauseRow& row = out.causes.emplace_back();
    row.cause = static_cast<model::Cause>(c);
    row.sum_ns = sums_[c];
  }
  std::stable_sort(out.causes.begin(), out.causes.end(),
                   [](const CauseRow& a, const CauseRow& b) { return a.sum_ns > b.sum_ns; });
  if (requests_ < kFewestRequests) return out;
  const std::vector<Row> slow = slow_group(), middle = middle_group();
  out.slow = slow.size();
  out.slow_is_whole = slow.size() == requests_ / 100;
  out.middle = middle.size();
  out.slow_from_ns = slow.back().total_ns;
  out.middle_from_ns = middle.front().total_ns;
  out.middle_to_ns = middle.back().total_ns;
  compare(out, slow, middle);
  return out;
}

void BlameTable::compare(BlameGroups& out, const std::vector<Row>& slow, const std::vector<Row>& middle) const {
  std::vector<Stretch> stretches(kStretches);
  const auto stretch_of = [&](const Row& row) -> Stretch& {
    const double place = static_cast<double>(row.done_ns - first_ns_) / static_cast<double>(last_ns_ - first_ns_ + 1);
    return stretches[std::min(static_cast<std::size_t>(place * kStretches), kStretches - 1)];
  };
  std::array<Testimony, kCauseCount> said;
  for (const Row& row : slow) {
    Stretch& stretch = stretch_of(row);
    stretch.slow_n += 1;
    Testimony& largest = said[static_cast<std::size_t>(row.largest)];
    ++largest.first_in;
    if (!row.culprit.empty()) ++largest.culprits[row.culprit];
    for (std::size_t c = 0; c < kCauseCount; ++c) {
      stretch.slow[c] += static_cast<double>(row.times[c]);
      if (row.times[c] <= said[c].most) continue;
      said[c].most = row.times[c];
      said[c].example = row.id;
    }
  }
  for (const Row& row : middle) {
    Stretch& stretch = stretch_of(row);
    stretch.middle_n += 1;
    for (std::size_t c = 0; c < kCauseCount; ++c) stretch.middle[c] += static_cast<double>(row.times[c]);
  }
  const auto with_slow = std::count_if(stretches.begin(), stretches.end(), [](const auto& s) { return s.slow_n > 0; });
  const auto growths = resampled_growths(stretches);
  for (CauseRow& row : out.causes) {
    const auto c = static_cast<std::size_t>(row.cause);
    for (const Stretch& stretch : stretches) {
      row.slow_ns += stretch.slow[c] / static_cast<double>(slow.size());
      row.middle_ns += stretch.middle[c] / static_cast<double>(middle.size());
    }
    if (static_cast<std::size_t>(with_slow) >= kFewestStretches && !growths[c].empty())
      row.grew = middle_95(growths[c]);
    row.first_in = said[c].first_in;
    row.example = said[c].example;
    row.culprit = said[c].culprit();
  }
  std::stable_sort(out.causes.begin(), out.causes.end(), [](const CauseRow& a, const CauseRow& b) {
    return a.slow_ns - a.middle_ns > b.slow_ns - b.middle_ns;
  });
}

}  // namespace wp::report
