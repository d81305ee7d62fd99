// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/diff.hpp"

#include <algorithm>
#include <cmath>

#include "userspace/report/segments.hpp"

namespace wp::report {
namespace {

using Requests = std::vector<DiffSide::Request>;
using Values = std::vector<float>;

constexpr std::size_t kStretches = 20;
constexpr std::size_t kFewest = 400;          // requests of a recording
constexpr std::size_t kFewestOfStretch = 10;  // values of a row in each stretch
constexpr std::size_t kFewestForP99 = 200;    // the same: two of them lie beyond it
constexpr double kError = 0.05;               // of all rows together
constexpr double kLeastOfTotal = 0.02;
constexpr std::size_t kCompared = 4096;  // values of each side for the superiority

struct Statistic {
  double mean = 0, variance_of_mean = 0;
  bool is_known = false;
};

double value_of(Values& values, bool is_p99, bool is_cause) {
  if (is_cause && !is_p99) {
    double sum = 0;
    for (const float v : values) sum += static_cast<double>(v);
    return sum / static_cast<double>(values.size());
  }
  const std::size_t place = is_p99 ? (values.size() - 1) * 99 / 100 : values.size() / 2;
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(place), values.end());
  return static_cast<double>(values[place]);
}

// The value in each stretch of the recording, and how it varies from stretch to stretch: requests near each other
// are alike, stretches much less so.
Statistic statistic(const Requests& requests, std::size_t row, bool is_p99) {
  Statistic s;
  std::array<double, kStretches> values{};
  for (std::size_t k = 0; k < kStretches; ++k) {
    Values of_stretch;
    for (std::size_t i = requests.size() * k / kStretches; i < requests.size() * (k + 1) / kStretches; ++i)
      if (requests[i].ns[row] >= 0) of_stretch.push_back(requests[i].ns[row]);
    if (of_stretch.size() < (is_p99 ? kFewestForP99 : kFewestOfStretch)) return s;
    values[k] = value_of(of_stretch, is_p99, row >= DiffSide::kFirstCause);
    s.mean += values[k] / kStretches;
  }
  double squares = 0;
  for (const double v : values) squares += (v - s.mean) * (v - s.mean);
  s.variance_of_mean = squares / (kStretches - 1) / kStretches;
  s.is_known = true;
  return s;
}

// Inverse of the normal distribution's upper tail (Abramowitz and Stegun 26.2.23; off by less than 0.0005).
double normal_upper(double p) {
  const double t = std::sqrt(-2 * std::log(p));
  return t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
}

// The same of Student's t, by the first terms of its expansion around the normal one.
double student_upper(double p, double freedom) {
  const double z = normal_upper(p), z3 = z * z * z, z5 = z3 * z * z;
  return z + (z3 + z) / (4 * freedom) + (5 * z5 + 16 * z3 + 3 * z) / (96 * freedom * freedom);
}

// Welch's: the two recordings may vary differently.
void set_interval(Difference& d, const Statistic& a, const Statistic& b, double error) {
  const double va = a.variance_of_mean, vb = b.variance_of_mean;
  const double freedom = va + vb > 0 ? (va + vb) * (va + vb) / ((va * va + vb * vb) / (kStretches - 1)) : kStretches;
  const double half = student_upper(error / 2, freedom) * std::sqrt(va + vb);
  d.low_ns = b.mean - a.mean - half;
  d.high_ns = b.mean - a.mean + half;
}

Values values_of(const Requests& requests, std::size_t row) {
  Values values;
  const std::size_t step = std::max<std::size_t>(requests.size() / kCompared, 1);
  for (std::size_t i = 0; i < requests.size(); i += step)
    if (requests[i].ns[row] >= 0) values.push_back(requests[i].ns[row]);
  std::sort(values.begin(), values.end());
  return values;
}

double superiority(const Requests& a, const Requests& b, std::size_t row) {
  const Values of_a = values_of(a, row), of_b = values_of(b, row);
  if (of_a.empty() || of_b.empty()) return 0.5;
  double wins = 0;
  for (const float v : of_b) {
    const auto [low, high] = std::equal_range(of_a.begin(), of_a.end(), v);
    wins += static_cast<double>(low - of_a.begin()) + static_cast<double>(high - low) / 2;
  }
  return wins / (static_cast<double>(of_a.size()) * static_cast<double>(of_b.size()));
}

}  // namespace

void DiffSide::add(const model::Path& path) {
  const auto segments = cut(path);
  if (!segments) return;
  Request request;
  request.ns.fill(-1);
  request.done_ns = path.at(model::Stage::kDone).ts_ns;
  request.ns[kTotal] = static_cast<float>(segments->total_ns());
  for (const Segment& segment : *segments)
    if (&segment != segments->begin() && !segment.hides_unknown)
      request.ns[kFirstStage + static_cast<std::size_t>(segment.stage)] = static_cast<float>(segment.duration_ns);
  if (const auto reply = between_ns(path, model::Stage::kDone, model::Stage::kReply))
    request.ns[kFirstStage + static_cast<std::size_t>(model::Stage::kReply)] = static_cast<float>(*reply);
  for (std::size_t c = 0; c < model::kCauseCount; ++c)
    request.ns[kFirstCause + c] = static_cast<float>(model::blame_ns(path.blame, static_cast<model::Cause>(c)));
  ++requests_;
  if (sample_.size() < kKept) {
    sample_.push_back(request);
  } else if (const std::uint64_t place = random_() % requests_; place < kKept) {
    sample_[place] = request;
  }
}

std::vector<DiffSide::Request> DiffSide::sorted() const {
  Requests requests = sample_;
  std::sort(requests.begin(), requests.end(), [](const Request& a, const Request& b) { return a.done_ns < b.done_ns; });
  return requests;
}

std::string diff_row_name(std::size_t row) {
  if (row == DiffSide::kTotal) return "total";
  if (row < DiffSide::kFirstCause) return model::stage_name(static_cast<model::Stage>(row - DiffSide::kFirstStage));
  return std::string("blame ") + model::cause_name(static_cast<model::Cause>(row - DiffSide::kFirstCause));
}

bool Diff::is_shown() const {
  return std::any_of(rows.begin(), rows.end(), [](const Difference& d) { return d.is_shown(); });
}

Diff compare(const Requests& a, const Requests& b, double margin) {
  Diff diff;
  diff.a_requests = a.size();
  diff.b_requests = b.size();
  if (std::min(a.size(), b.size()) < kFewest) {
    diff.too_few = "each recording needs " + std::to_string(kFewest) + " requests with a total";
    return diff;
  }
  struct Pair {
    Statistic a, b;
  };
  std::vector<Pair> pairs;
  const double total = statistic(a, DiffSide::kTotal, false).mean;
  for (std::size_t row = 0; row < DiffSide::kRows; ++row) {
    for (const bool is_p99 : {false, true}) {
      const Pair pair{statistic(a, row, is_p99), statistic(b, row, is_p99)};
      if (!pair.a.is_known || !pair.b.is_known || (pair.a.mean == 0 && pair.b.mean == 0)) continue;
      Difference& d = diff.rows.emplace_back();
      d.row = row;
      d.is_p99 = is_p99;
      d.a_ns = pair.a.mean;
      d.b_ns = pair.b.mean;
      d.margin_ns = std::max(margin * pair.a.mean, kLeastOfTotal * total);
      d.superiority = superiority(a, b, row);
      pairs.push_back(pair);
    }
  }
  for (std::size_t i = 0; i < pairs.size(); ++i)
    set_interval(diff.rows[i], pairs[i].a, pairs[i].b, kError / static_cast<double>(pairs.size()));
  return diff;
}

std::array<Requests, 2> halve(const Requests& all, std::uint64_t seed) {
  std::array<Requests, 2> halves;
  constexpr std::size_t kPieces = 4 * kStretches;
  std::array<std::size_t, kPieces> pieces{};
  for (std::size_t i = 0; i < kPieces; ++i) pieces[i] = i % 2;
  std::mt19937_64 random(seed);
  std::shuffle(pieces.begin(), pieces.end(), random);
  for (std::size_t k = 0; k < kPieces; ++k)
    for (std::size_t i = all.size() * k / kPieces; i < all.size() * (k + 1) / kPieces; ++i)
      halves[pieces[k]].push_back(all[i]);
  return halves;
}

}  // namespace wp::report
