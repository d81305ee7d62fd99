// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Paths as columns for the HTML report. The evidence of every stage travels as the text that `show` prints, cut into
// a template and its numbers: a hundred thousand requests share a few hundred templates.
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_map>
#include <vector>

#include "userspace/model/model.hpp"
#include "userspace/report/columns.hpp"

namespace wp::report {

class HtmlRequests {
 public:
  explicit HtmlRequests(std::uint64_t base_ns) : base_ns_(base_ns) {}

  void add(const model::Path& path);
  [[nodiscard]] std::size_t size() const { return id_.count(); }

  /// What the columns refer to.
  [[nodiscard]] nlohmann::json tables() const;
  void give_columns(std::vector<std::pair<std::string, const Column*>>& columns) const;

 private:
  std::uint32_t thread_of(const model::Task& task);
  std::uint32_t socket_of(const model::Path& path);
  std::uint32_t pattern_of(const model::Path& path);
  std::uint32_t blame_pattern_of(const model::Path& path);

  std::uint64_t base_ns_, last_id_ = 0, last_ns_ = 0;
  Column id_, begin_, pattern_, thread_, socket_, bytes_, flags_, blame_, blame_ns_;
  std::vector<Column> steps_ = std::vector<Column>(model::kStageCount);
  Wordings evidence_, shares_;
  TextTable contexts_;
  std::vector<nlohmann::json> threads_, sockets_;
  std::vector<std::array<std::array<std::int32_t, 5>, model::kStageCount>> patterns_;
  std::vector<std::vector<std::array<std::uint32_t, 3>>> blame_patterns_;  // cause, how it was seen, words
  std::map<std::vector<std::array<std::uint32_t, 3>>, std::uint32_t> blame_index_;
  std::map<model::TaskId, std::uint32_t> thread_index_;
  std::unordered_map<std::string, std::uint32_t> socket_index_, pattern_index_;
};

}  // namespace wp::report
