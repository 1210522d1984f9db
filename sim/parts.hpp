// SPDX-License-Identifier: Apache-2.0
// A world in parts: what a search keeps of each state is the numbers of its parts, and a world that
// has moved a step is taken back by copying the few parts that the step has changed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

#include "sim/part_table.hpp"
#include "sim/same.hpp"
#include "sim/tracked.hpp"

namespace sim {
// parts() is a tuple of references, or each() of them, to all that a world is made of: what is not
// in it must be the same in all worlds of a search, or of no consequence.
template <class W>
concept HasParts = requires(W world) {
  world.parts();
};

// A world without parts is one.
template <class W>
auto parts_of(W& world) {
  if constexpr (HasParts<W>) {
    return world.parts();
  } else {
    return std::tie(world);
  }
}

inline constexpr PartNumber no_part = std::numeric_limits<PartNumber>::max();

// The values of one part of all worlds.
template <class T>
class Values {
 public:
  // The number of `part`, which was `before` when it was looked at last.
  PartNumber save(const T& part, PartNumber before, Encoder& scratch) {
    if (before != no_part && is_still(part, table_[before])) return before;
    return table_.number_of(part, scratch);
  }
  void load(T& part, PartNumber, PartNumber wanted) const { part = table_[wanted]; }
  std::size_t bytes() const { return table_.bytes(); }

 private:
  static bool is_still(const T& part, const T& old) {
    return surely_same(part, old) || part == old;
  }

  PartTable<T> table_;
};

template <class Container>
class Values<Tracked<Container>> {
 public:
  PartNumber save(Tracked<Container>& part, PartNumber before, Encoder& scratch) {
    if (part.untouched()) return before;
    part.was_seen();
    return values_.save(part.items(), before, scratch);
  }
  void load(Tracked<Container>& part, PartNumber now, PartNumber wanted) const {
    values_.load(part.items(), now, wanted);
  }
  std::size_t bytes() const { return values_.bytes(); }

 private:
  Values<Container> values_;
};

// Of a part made of elements: a list of their numbers has a number in turn.
template <class Container>
class Values<Each<Tracked<Container>>> {
 public:
  PartNumber save(Each<Tracked<Container>> part, PartNumber before, Encoder& scratch) {
    Tracked<Container>& elements = part.elements;
    if (elements.untouched()) return before;
    Numbers list;
    if (before != no_part) list = lists_[before];
    bool same = before != no_part && list.size() == elements.size();
    list.resize(elements.size(), no_part);
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (!elements.touched(i)) continue;
      const PartNumber last =
          std::exchange(list[i], elements_.save(elements.items()[i], list[i], scratch));
      same = same && list[i] == last;
    }
    elements.was_seen();
    return same ? before : lists_.number_of(list, scratch);
  }
  void load(Each<Tracked<Container>> part, PartNumber now, PartNumber wanted) const {
    Container& items = part.elements.items();
    const Numbers& old = lists_[now];
    const Numbers& list = lists_[wanted];
    items.resize(list.size());
    for (std::size_t i = 0; i < list.size(); ++i) {
      const PartNumber last = i < old.size() ? old[i] : no_part;
      if (last != list[i]) elements_.load(items[i], last, list[i]);
    }
  }
  std::size_t bytes() const { return elements_.bytes() + lists_.bytes(); }

 private:
  using Numbers = boost::container::small_vector<PartNumber, 8>;

  Values<typename Container::value_type> elements_;
  PartTable<Numbers> lists_;
};

template <class Tuple>
struct PartTypes;
template <class... Parts>
struct PartTypes<std::tuple<Parts...>> {
  using Tables = std::tuple<Values<std::remove_reference_t<Parts>>...>;
  static constexpr std::size_t count = sizeof...(Parts);
};

// All parts of all worlds of one search.
template <class W>
class Parts {
 public:
  using Types = PartTypes<decltype(parts_of(std::declval<W&>()))>;
  static constexpr std::size_t count = Types::count;
  using Numbers = std::array<PartNumber, count>;

  static constexpr Numbers none() {
    Numbers numbers{};
    numbers.fill(no_part);
    return numbers;
  }

  // `numbers` are those of the world when it was looked at last, and then those that it has now.
  void save(W& world, Numbers& numbers, Encoder& scratch) {
    auto parts = parts_of(world);
    for_each_part([&]<std::size_t i>(Index<i>) {
      numbers[i] = std::get<i>(tables_).save(std::get<i>(parts), numbers[i], scratch);
    });
  }
  // Makes the world that one whose numbers are `wanted`.
  void load(W& world, Numbers& numbers, const Numbers& wanted) const {
    auto parts = parts_of(world);
    for_each_part([&]<std::size_t i>(Index<i>) {
      if (numbers[i] == wanted[i]) return;
      std::get<i>(tables_).load(std::get<i>(parts), numbers[i], wanted[i]);
      numbers[i] = wanted[i];
    });
  }

  std::size_t bytes() const {
    std::size_t sum = 0;
    for_each_part([&]<std::size_t i>(Index<i>) { sum += std::get<i>(tables_).bytes(); });
    return sum;
  }

 private:
  template <std::size_t i>
  using Index = std::integral_constant<std::size_t, i>;

  template <class Function>
  static void for_each_part(Function function) {
    [&]<std::size_t... i>(std::index_sequence<i...>) { (function(Index<i>{}), ...); }
    (std::make_index_sequence<count>{});
  }

  typename Types::Tables tables_;
};
}  // namespace sim
