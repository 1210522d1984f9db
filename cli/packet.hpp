// SPDX-License-Identifier: Apache-2.0
// Plain values as bytes and back, between processes of the same program on like machines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "sim/check.hpp"

namespace cli {

template <class T>
concept Plain = std::is_trivially_copyable_v<T>;

class PacketWriter {
 public:
  template <Plain T>
  void put(const T& value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(T));
  }
  template <class First, class Second>
  void put(const std::pair<First, Second>& value) {
    put(value.first);
    put(value.second);
  }
  template <class Sequence>
  void put_all(const Sequence& values) {
    put(static_cast<std::uint64_t>(values.size()));
    for (const auto& value : values) put(value);
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Reads what was written, in its order.
class PacketReader {
 public:
  explicit PacketReader(std::string_view bytes) : bytes_(bytes) {}

  bool empty() const { return bytes_.empty(); }
  template <Plain T>
  void get(T& value) {
    sim::check(bytes_.size() >= sizeof(T));
    std::memcpy(&value, bytes_.data(), sizeof(T));
    bytes_.remove_prefix(sizeof(T));
  }
  template <class First, class Second>
  void get(std::pair<First, Second>& value) {
    get(value.first);
    get(value.second);
  }
  template <class Sequence>
  void get_all(Sequence& values) {
    std::uint64_t count = 0;
    get(count);
    for (; count > 0; --count) {
      typename Sequence::value_type value{};
      get(value);
      values.insert(values.end(), value);
    }
  }

 private:
  std::string_view bytes_;
};

}  // namespace cli
