// SPDX-License-Identifier: Apache-2.0
// encode(): a value as bytes, so that explore can recognise a state. Invariant: the encoding of a
// type is prefix-free, hence two values of one type have the same bytes only if they are equal.
// A struct is encoded field by field without being asked; a class says how in a member encode().
#pragma once

#include <array>
#include <bit>
#include <boost/pfr.hpp>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "sim/check.hpp"
#include "sim/id.hpp"

namespace sim {
// Other names for ids, used while something is encoded: values that differ only in the names of
// their ids can then meet. Invariant: within one encoding no two ids of a kind share a name.
struct Names {
  static constexpr std::size_t kinds_max = 12;
  static constexpr std::uint32_t unnamed = 0xfffffffe;  // Gets the next number when it is met.

  // By kind and id. An id behind the end keeps its number.
  std::array<std::span<std::uint32_t>, kinds_max> tables{};
  std::array<std::uint32_t, kinds_max> met{};

  std::uint32_t of(std::size_t kind, std::uint32_t id) {
    const std::span<std::uint32_t> table = tables[kind];
    if (id >= table.size()) return id;
    if (table[id] == unnamed) table[id] = met[kind]++;
    return table[id];
  }
};

// Which of the tables is that of Id<Tag>; -1: such an id is never renamed.
template <class Tag>
inline constexpr int kind_of = -1;

// A growing buffer of bytes that keeps its memory when it is cleared.
class Encoder {
 public:
  // Appends a number as its bytes, the lowest first.
  template <class T>
  requires std::integral<T> || std::is_enum_v<T>
  void add(T value) {
    const auto word = static_cast<std::uint64_t>(value);
    if (buffer_.size() - size_ < sizeof(T)) grow();
    for (std::size_t i = 0; i < sizeof(T); ++i)
      buffer_[size_ + i] = static_cast<std::byte>(word >> (8 * i));
    size_ += sizeof(T);
  }

  // Appends a number that is most likely small: one byte if it is below 255, else nine.
  void add_small(std::uint64_t value) {
    if (value < 255) return add(static_cast<std::uint8_t>(value));
    add(std::uint8_t{255});
    add(value);
  }

  std::span<const std::byte> bytes() const { return {buffer_.data(), size_}; }
  void clear() { size_ = 0; }

  // Null: ids keep their numbers.
  Names* names() const { return names_; }
  void rename(Names* names) { names_ = names; }

 private:
  void grow() { buffer_.resize(2 * buffer_.size() + 64); }

  std::vector<std::byte> buffer_;
  std::size_t size_ = 0;
  Names* names_ = nullptr;
};

template <class Tag>
void encode_id(Encoder& encoder, Id<Tag> id) {
  if constexpr (kind_of<Tag> >= 0) {
    if (encoder.names() != nullptr && id.some()) {
      id.value = encoder.names()->of(kind_of<Tag>, id.value);
    }
  }
  encoder.add_small(static_cast<std::uint32_t>(id.value + 1));  // None becomes 0.
}

struct Fingerprint {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  auto operator<=>(const Fingerprint&) const = default;
};

Fingerprint fingerprint(std::span<const std::byte> bytes);

template <class T>
void encode(Encoder& encoder, const T& value);

template <class T>
Fingerprint fingerprint_of(const T& value) {
  Encoder encoder;
  encode(encoder, value);
  return fingerprint(encoder.bytes());
}

// ---- The cases of encode().

template <class T>
concept SelfEncoding = requires(const T value, Encoder& encoder) {
  value.encode(encoder);
};

template <class T>
concept InheritsEncoding =
    SelfEncoding<T> && !std::same_as<decltype(&T::encode), void (T::*)(Encoder&) const>;

template <class T>
concept Container = requires(const T value) {
  typename T::value_type;
  value.size();
  value.begin();
  value.end();
};

template <class T>
concept Hashed = requires {
  typename T::hasher;
};

template <class T, template <class...> class Template>
inline constexpr bool made_of = false;
template <class... Parts, template <class...> class Template>
inline constexpr bool made_of<Template<Parts...>, Template> = true;

template <class T>
inline constexpr bool is_id = false;
template <class Tag>
inline constexpr bool is_id<Id<Tag>> = true;

template <class T>
inline constexpr bool is_std_array = false;
template <class T, std::size_t size>
inline constexpr bool is_std_array<std::array<T, size>> = true;

template <class T>
inline constexpr bool is_view = false;
template <class T, std::size_t extent>
inline constexpr bool is_view<std::span<T, extent>> = true;
template <class Character, class Traits>
inline constexpr bool is_view<std::basic_string_view<Character, Traits>> = true;

template <class C>
void encode_elements(Encoder& encoder, const C& container) {
  for (const auto& element : container)
    encode(encoder, static_cast<const typename C::value_type&>(element));
}

template <class T>
void encode_compound(Encoder& encoder, const T& value) {
  if constexpr (made_of<T, std::optional>) {
    encoder.add(value.has_value());
    if (value) encode(encoder, *value);
  } else if constexpr (made_of<T, std::pair>) {
    encode(encoder, value.first);
    encode(encoder, value.second);
  } else if constexpr (made_of<T, std::variant>) {
    check(!value.valueless_by_exception());
    encoder.add_small(value.index());
    std::visit([&](const auto& alternative) { encode(encoder, alternative); }, value);
  } else if constexpr (is_std_array<T>) {
    encode_elements(encoder, value);
  } else if constexpr (Container<T>) {
    static_assert(!Hashed<T>, "an unordered container has no canonical order of elements");
    static_assert(!is_view<T>, "a view does not own what it shows");
    encoder.add_small(value.size());
    encode_elements(encoder, value);
  } else {
    static_assert(std::is_aggregate_v<T> && !std::is_union_v<T> && !std::is_array_v<T>,
                  "neither a number, a container nor a plain struct: give the class a member "
                  "void encode(Encoder&) const");
    boost::pfr::for_each_field(value, [&](const auto& field) { encode(encoder, field); });
  }
}

template <class T>
void encode(Encoder& encoder, const T& value) {
  static_assert(!std::is_pointer_v<T> && !std::is_member_pointer_v<T>,
                "state holds ids, never pointers: an address differs from copy to copy");
  static_assert(!std::is_floating_point_v<T>, "state holds no floating point");
  if constexpr (SelfEncoding<T>) {
    static_assert(!InheritsEncoding<T>, "an inherited encode() misses the fields that were added");
    value.encode(encoder);
  } else if constexpr (is_id<T>) {
    encode_id(encoder, value);
  } else if constexpr (std::integral<T> || std::is_enum_v<T>) {
    encoder.add(value);
  } else if constexpr (!std::is_empty_v<T>) {
    encode_compound(encoder, value);
  }
}
}  // namespace sim
