// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/model/name.hpp"

#include <mutex>
#include <unordered_set>

namespace wp::model {

namespace {

struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

}  // namespace

const std::string* Name::kept(std::string_view text) {
  static std::mutex mutex;
  static auto& names = *new std::unordered_set<std::string, Hash, std::equal_to<>>;  // names outlive everything
  const std::lock_guard lock(mutex);
  auto place = names.find(text);
  if (place == names.end()) place = names.emplace(text).first;
  return &*place;  // nodes stay where they are
}

const std::string& Name::none() {
  static const std::string kNone;
  return kNone;
}

}  // namespace wp::model
