// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
#include <cstddef>
#include <iterator>
#include <type_traits>
#include <utility>
#include <vector>

namespace wp {

/// A queue in one piece of memory, which grows by doubling and is used again: std::deque takes and gives back a node
/// for every few of our elements, and divides to find one.
template <typename T>
class Ring {
  template <typename Owner>
  class Place {
   public:
    using iterator_category = std::random_access_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using reference = decltype(std::declval<Owner&>()[0]);
    using pointer = std::remove_reference_t<reference>*;

    Place() = default;
    Place(Owner* owner, std::size_t at) : owner_(owner), at_(at) {}
    reference operator*() const { return (*owner_)[at_]; }
    pointer operator->() const { return &(*owner_)[at_]; }
    reference operator[](difference_type n) const { return *(*this + n); }
    Place& operator+=(difference_type n) { return at_ += static_cast<std::size_t>(n), *this; }
    Place& operator-=(difference_type n) { return *this += -n; }
    Place& operator++() { return *this += 1; }
    Place& operator--() { return *this -= 1; }
    Place operator++(int) { return std::exchange(*this, *this + 1); }
    Place operator--(int) { return std::exchange(*this, *this - 1); }
    friend Place operator+(Place place, difference_type n) { return place += n; }
    friend Place operator+(difference_type n, Place place) { return place += n; }
    friend Place operator-(Place place, difference_type n) { return place -= n; }
    friend difference_type operator-(const Place& a, const Place& b) {
      return static_cast<difference_type>(a.at_) - static_cast<difference_type>(b.at_);
    }
    friend bool operator==(const Place& a, const Place& b) { return a.at_ == b.at_; }
    friend auto operator<=>(const Place& a, const Place& b) { return a.at_ <=> b.at_; }

   private:
    Owner* owner_ = nullptr;
    std::size_t at_ = 0;
  };

 public:
  using iterator = Place<Ring>;
  using const_iterator = Place<const Ring>;

  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  T& operator[](std::size_t i) { return slots_[(first_ + i) & (slots_.size() - 1)]; }
  const T& operator[](std::size_t i) const { return slots_[(first_ + i) & (slots_.size() - 1)]; }
  T& front() { return (*this)[0]; }
  const T& front() const { return (*this)[0]; }
  T& back() { return (*this)[size_ - 1]; }
  const T& back() const { return (*this)[size_ - 1]; }

  iterator begin() { return {this, 0}; }
  iterator end() { return {this, size_}; }
  [[nodiscard]] const_iterator begin() const { return {this, 0}; }
  [[nodiscard]] const_iterator end() const { return {this, size_}; }
  [[nodiscard]] auto rbegin() const { return std::make_reverse_iterator(end()); }
  [[nodiscard]] auto rend() const { return std::make_reverse_iterator(begin()); }

  /// May move all others.
  T& push_back(T element) {
    if (size_ == slots_.size()) grow();
    return (*this)[size_++] = std::move(element);
  }
  void pop_front() {
    forget(front());
    first_ = (first_ + 1) & (slots_.size() - 1);
    --size_;
  }
  void pop_back() { forget((*this)[--size_]); }
  void clear() {
    slots_.clear();
    first_ = size_ = 0;
  }

 private:
  static void forget(T& element) {
    if constexpr (!std::is_trivially_destructible_v<T>) element = T{};
  }
  void grow() {
    std::vector<T> larger(slots_.empty() ? 2 : slots_.size() * 2);
    for (std::size_t i = 0; i < size_; ++i) larger[i] = std::move((*this)[i]);
    slots_ = std::move(larger);
    first_ = 0;
  }

  std::vector<T> slots_;  // as many as a power of two
  std::size_t first_ = 0, size_ = 0;
};

}  // namespace wp
