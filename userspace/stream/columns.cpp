// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/stream/columns.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "userspace/event/decode.hpp"

namespace wp::stream {
namespace {

constexpr std::size_t kMostShapes = 256;
constexpr std::size_t kWord = 8;
constexpr std::size_t kJudged = 64;  // records by which a column's guess is chosen

/// What a word is the difference to.
enum class Guess : std::uint8_t {
  kRecordBefore,  ///< the same word of the record before, of the same shape
  kOwnTime,       ///< the record's time
  kWordBefore,    ///< the word before it in the record
};
constexpr std::array kGuesses = {Guess::kRecordBefore, Guess::kOwnTime, Guess::kWordBefore};

struct PackedHeader {
  std::uint32_t bytes = 0;  // of all records
  std::uint32_t records = 0;
  std::uint32_t shapes = 0;
};

using Places = std::span<const std::uint32_t>;

constexpr std::size_t kNumberWords = 2;  // time and number: from record to record, of whatever shape

// Kind and size are the same in all records of a shape: as the high half they do not count.
std::uint64_t turned(std::uint64_t value, std::size_t word) {
  return word == kNumberWords ? std::rotl(value, 32) : value;
}

std::uint64_t word_at(const std::byte* record, std::size_t word) {
  std::uint64_t value;
  std::memcpy(&value, record + word * kWord, kWord);
  return turned(value, word);
}

void put_word(std::byte* record, std::size_t word, std::uint64_t value) {
  value = turned(value, word);
  std::memcpy(record + word * kWord, &value, kWord);
}

// Small differences of either sign become small numbers.
std::uint64_t folded(std::uint64_t difference) { return (difference << 1U) ^ (0 - (difference >> 63U)); }
std::uint64_t unfolded(std::uint64_t number) { return (number >> 1U) ^ (0 - (number & 1U)); }

std::size_t bytes_of(std::uint64_t number) { return (static_cast<std::size_t>(std::bit_width(number)) + 7) / 8; }

template <Guess guess>
std::uint64_t guessed(const std::byte* record, std::size_t word, std::uint64_t before) {
  if constexpr (guess == Guess::kRecordBefore) return before;
  if constexpr (guess == Guess::kOwnTime) return word_at(record, 0);
  return word_at(record, word - 1);
}

// Calls `act` with the guess as a constant of the compiler: a column is walked with one of them.
template <typename Act>
auto with_constant(Guess guess, Act&& act) {
  switch (guess) {
    case Guess::kOwnTime: return act.template operator()<Guess::kOwnTime>();
    case Guess::kWordBefore: return act.template operator()<Guess::kWordBefore>();
    case Guess::kRecordBefore: break;
  }
  return act.template operator()<Guess::kRecordBefore>();
}

template <Guess guess>
std::uint64_t differences(const std::byte* records, Places places, std::size_t word, std::uint64_t* out) {
  std::uint64_t before = word_at(records + places[0], word), all = 0;
  for (const std::uint32_t place : places) {
    const std::byte* record = records + place;
    const std::uint64_t value = word_at(record, word);
    const std::uint64_t number = folded(value - guessed<guess>(record, word, before));
    before = value;
    *out++ = number;
    all |= number;
  }
  return all;
}

template <Guess guess>
std::size_t price(const std::byte* records, Places places, std::size_t word) {
  std::uint64_t before = word_at(records + places[0], word);
  std::size_t bytes = 0;
  for (const std::uint32_t place : places.subspan(0, std::min(places.size(), kJudged))) {
    const std::byte* record = records + place;
    const std::uint64_t value = word_at(record, word);
    bytes += bytes_of(folded(value - guessed<guess>(record, word, before)));
    before = value;
  }
  return bytes;
}

Guess best_guess(const std::byte* records, Places places, std::size_t word) {
  Guess best = Guess::kRecordBefore;
  std::size_t least = ~std::size_t{0};
  for (const Guess guess : kGuesses) {
    const std::size_t bytes = with_constant(guess, [&]<Guess g>() { return price<g>(records, places, word); });
    if (bytes >= least) continue;
    least = bytes;
    best = guess;
  }
  return best;
}

void append(std::vector<std::byte>& out, const void* bytes, std::size_t size) {
  const auto* begin = static_cast<const std::byte*>(bytes);
  out.insert(out.end(), begin, begin + size);
}

// One byte: the guess, and how many bytes the largest difference has; the first record's value, where it is compared
// with the record before; then the lowest bytes of all differences, the next ...
void pack_column(const std::byte* records, Places places, std::size_t word, Guess guess,
                 std::vector<std::uint64_t>& numbers, std::vector<std::byte>& out) {
  numbers.resize(places.size());
  const std::uint64_t all =
      with_constant(guess, [&]<Guess g>() { return differences<g>(records, places, word, numbers.data()); });
  const std::size_t width = bytes_of(all);
  out.push_back(static_cast<std::byte>(static_cast<std::size_t>(guess) << 4U | width));
  const std::uint64_t first = word_at(records + places[0], word);
  if (guess == Guess::kRecordBefore) append(out, &first, sizeof first);
  for (std::size_t byte = 0; byte < width; ++byte) {
    const std::size_t begin = out.size();
    out.resize(begin + numbers.size());
    std::byte* to = out.data() + begin;
    for (std::size_t i = 0; i < numbers.size(); ++i) to[i] = static_cast<std::byte>(numbers[i] >> (byte * 8));
  }
}

template <Guess guess>
void restore(std::byte* records, Places places, std::size_t word, std::uint64_t value, const std::uint64_t* numbers) {
  for (const std::uint32_t place : places) {
    std::byte* record = records + place;
    value = guessed<guess>(record, word, value) + unfolded(*numbers++);
    put_word(record, word, value);
  }
}

// Most columns are as guessed.
template <Guess guess>
void restore_guessed(std::byte* records, Places places, std::size_t word, std::uint64_t value) {
  for (const std::uint32_t place : places) {
    value = guessed<guess>(records + place, word, value);
    put_word(records + place, word, value);
  }
}

template <typename T>
bool take(Bytes& rest, T& value) {
  if (rest.size() < sizeof value) return false;
  std::memcpy(&value, rest.data(), sizeof value);
  rest = rest.subspan(sizeof value);
  return true;
}

bool unpack_column(Bytes& rest, std::byte* records, Places places, std::size_t word,
                   std::vector<std::uint64_t>& numbers) {
  if (rest.empty()) return false;
  const auto head = std::to_integer<std::size_t>(rest[0]);
  const std::size_t width = head & 15U, guess = head >> 4U;
  rest = rest.subspan(1);
  if (width > kWord || guess >= (word < kNumberWords ? 1 : kGuesses.size())) return false;
  std::uint64_t first = 0;
  if (kGuesses[guess] == Guess::kRecordBefore && !take(rest, first)) return false;
  if (rest.size() / places.size() < width) return false;
  if (width == 0) {
    with_constant(kGuesses[guess], [&]<Guess g>() { restore_guessed<g>(records, places, word, first); });
    return true;
  }
  if (numbers.size() < places.size()) numbers.resize(places.size());
  for (std::size_t i = 0; i < places.size(); ++i) numbers[i] = std::to_integer<std::uint64_t>(rest[i]);
  for (std::size_t byte = 1; byte < width; ++byte) {
    const std::byte* from = rest.data() + byte * places.size();
    for (std::size_t i = 0; i < places.size(); ++i) numbers[i] |= std::to_integer<std::uint64_t>(from[i]) << (byte * 8);
  }
  rest = rest.subspan(width * places.size());
  with_constant(kGuesses[guess], [&]<Guess g>() { restore<g>(records, places, word, first, numbers.data()); });
  return true;
}

}  // namespace

bool Columns::find_shapes(Bytes records) {
  used_ = 0;
  all_.clear();
  order_.clear();
  std::size_t at = 0, latest = 0;
  while (at < records.size()) {
    wp_header header;
    std::memcpy(&header, records.data() + at, sizeof header);
    const auto is_it = [&header](const Shape& s) { return s.kind == header.kind && s.size == header.size; };
    if (latest >= used_ || !is_it(shapes_[latest])) {
      for (latest = 0; latest < used_ && !is_it(shapes_[latest]);) ++latest;
    }
    if (latest == used_) {
      if (used_ == kMostShapes) return false;
      if (used_ == shapes_.size()) shapes_.emplace_back();
      Shape& fresh = shapes_[used_++];
      fresh.kind = header.kind;
      fresh.size = header.size;
      fresh.at.clear();
    }
    shapes_[latest].at.push_back(static_cast<std::uint32_t>(at));
    all_.push_back(static_cast<std::uint32_t>(at));
    order_.push_back(static_cast<std::uint8_t>(latest));
    at += header.size;
  }
  return true;
}

bool Columns::pack(Bytes records, std::vector<std::byte>& packed) {
  if (!find_shapes(records)) return false;
  packed.clear();
  const PackedHeader header{static_cast<std::uint32_t>(records.size()), static_cast<std::uint32_t>(all_.size()),
                            static_cast<std::uint32_t>(used_)};
  append(packed, &header, sizeof header);
  for (std::size_t i = 0; i < used_; ++i) {
    append(packed, &shapes_[i].kind, sizeof shapes_[i].kind);
    append(packed, &shapes_[i].size, sizeof shapes_[i].size);
  }
  append(packed, order_.data(), order_.size());
  for (std::size_t word = 0; word < kNumberWords && !all_.empty(); ++word)
    pack_column(records.data(), all_, word, Guess::kRecordBefore, differences_, packed);
  for (std::size_t i = 0; i < used_; ++i) {
    const Shape& shape = shapes_[i];
    for (std::size_t word = kNumberWords; word < shape.size / kWord; ++word)
      pack_column(records.data(), shape.at, word, best_guess(records.data(), shape.at, word), differences_, packed);
  }
  return true;
}

// Where each record goes, and of what shape it is.
bool Columns::read_shapes(Bytes& rest, std::vector<std::byte>& records) {
  PackedHeader header;
  if (!take(rest, header) || header.bytes > kMaxRaw || header.shapes > kMostShapes) return false;
  if (shapes_.size() < header.shapes) shapes_.resize(header.shapes);
  used_ = header.shapes;
  for (std::size_t i = 0; i < used_; ++i) {
    Shape& shape = shapes_[i];
    if (!take(rest, shape.kind) || !take(rest, shape.size)) return false;
    if (shape.size < sizeof(wp_header) || shape.size % kWord != 0) return false;
    shape.at.clear();
  }
  if (header.records > rest.size() || header.records > header.bytes / sizeof(wp_header)) return false;
  all_.clear();
  std::size_t at = 0;
  for (std::size_t i = 0; i < header.records; ++i) {
    const auto which = std::to_integer<std::size_t>(rest[i]);
    if (which >= used_) return false;
    Shape& shape = shapes_[which];
    if (at + shape.size > header.bytes) return false;
    shape.at.push_back(static_cast<std::uint32_t>(at));
    all_.push_back(static_cast<std::uint32_t>(at));
    at += shape.size;
  }
  rest = rest.subspan(header.records);
  records.resize(header.bytes);
  return at == header.bytes;
}

bool Columns::unpack(Bytes packed, std::vector<std::byte>& records) {
  Bytes rest = packed;
  if (!read_shapes(rest, records)) return false;
  if (all_.empty()) return rest.empty();
  for (std::size_t word = 0; word < kNumberWords; ++word)
    if (!unpack_column(rest, records.data(), all_, word, differences_)) return false;
  for (std::size_t i = 0; i < used_; ++i) {
    const Shape& shape = shapes_[i];
    if (shape.at.empty()) continue;
    for (std::size_t word = kNumberWords; word < shape.size / kWord; ++word)
      if (!unpack_column(rest, records.data(), shape.at, word, differences_)) return false;
  }
  return rest.empty();
}

}  // namespace wp::stream
