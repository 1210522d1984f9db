// SPDX-License-Identifier: Apache-2.0
#include "sim/encoding.hpp"

#include <doctest/doctest.h>

#include <array>
#include <boost/container/flat_map.hpp>
#include <boost/container/small_vector.hpp>
#include <boost/container/static_vector.hpp>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sim/fixed.hpp"

namespace {
using Bytes = std::vector<std::byte>;

template <class T>
Bytes encoded(const T& value) {
  sim::Encoder encoder;
  sim::encode(encoder, value);
  return {encoder.bytes().begin(), encoder.bytes().end()};
}

// No value has the bytes of another one, nor does one begin with the bytes of another.
template <class T>
bool prefix_free(const std::vector<T>& values) {
  for (const T& left : values) {
    const Bytes bytes = encoded(left);
    for (const T& right : values) {
      if (&left == &right) continue;
      const Bytes others = encoded(right);
      if (bytes.size() > others.size()) continue;
      if (std::equal(bytes.begin(), bytes.end(), others.begin())) return false;
    }
  }
  return true;
}

enum class Colour : std::uint8_t { red, green };

struct Inner {
  std::int32_t count = 0;
  sim::Lane lane;
};

struct Everything {
  bool flag = false;
  Colour colour = Colour::red;
  std::uint64_t number = 0;
  Inner inner;
  std::optional<Inner> maybe;
  std::pair<sim::Lane, std::uint8_t> both;
  std::array<Inner, 2> two;
  std::variant<std::monostate, std::uint8_t, Inner> either;
  std::vector<std::uint16_t> numbers;
  boost::container::small_vector<Inner, 2> few;
  boost::container::static_vector<Colour, 4> colours;
  boost::container::flat_map<sim::Lane, std::uint32_t> map;
};

// Values of Everything that each differ from the first one in one place.
std::vector<Everything> one_change_each() {
  std::vector<Everything> values(17);
  values[1].flag = true;
  values[2].colour = Colour::green;
  values[3].number = std::uint64_t{1} << 63;
  values[4].inner.count = -1;
  values[5].inner.lane = sim::Lane{0};
  values[6].maybe = Inner{};
  values[7].both.first = sim::Lane{1};
  values[8].both.second = 1;
  values[9].two[1].count = 1;
  values[10].either = std::uint8_t{0};
  values[11].either = Inner{};
  values[12].numbers = {0};
  values[13].numbers = {0, 0};
  values[14].few = {Inner{}};
  values[15].colours = {Colour::red};
  values[16].map[sim::Lane{0}] = 0;
  return values;
}

struct WithTopology {
  sim::Fixed<std::string> topology;
  std::uint8_t state = 0;
};

class Hidden {
 public:
  explicit Hidden(std::uint8_t seen) : seen_(seen) {}
  void encode(sim::Encoder& encoder) const { encoder.add(seen_); }

 private:
  std::uint8_t seen_;
};

TEST_CASE("equal values have equal encodings") {
  CHECK(encoded(Everything{}) == encoded(Everything{}));
}

TEST_CASE("a change of any field or element changes the encoding") {
  const std::vector<Everything> values = one_change_each();
  std::set<sim::Fingerprint> different;
  for (const Everything& value : values) different.insert(sim::fingerprint_of(value));
  CHECK(different.size() == values.size());
}

TEST_CASE("no encoding of a struct with every kind of field begins with another one") {
  CHECK(prefix_free(one_change_each()));
}

TEST_CASE("an id takes one byte while it is small, and stays apart from all others") {
  CHECK(encoded(sim::Lane{}).size() == 1);
  CHECK(encoded(sim::Lane{253}).size() == 1);
  CHECK(prefix_free(
      std::vector<sim::Lane>{{}, {0}, {1}, {253}, {254}, {255}, {256}, {65536}, {0xfffffffe}}));
}

TEST_CASE("a length is part of the encoding, so elements do not move between neighbours") {
  using Two = std::pair<std::vector<std::uint8_t>, std::vector<std::uint8_t>>;
  const std::vector<std::uint8_t> many(300, 1);
  CHECK(prefix_free(std::vector<Two>{
      {{1}, {}}, {{}, {1}}, {{1, 1}, {}}, {{1}, {1}}, {many, {}}, {{}, many}, {{}, {}}}));
}

TEST_CASE("a map with the key and the value exchanged has another encoding") {
  using Map = boost::container::flat_map<std::uint8_t, std::uint8_t>;
  CHECK(prefix_free(std::vector<Map>{{}, {{1, 2}}, {{2, 1}}, {{1, 2}, {2, 1}}}));
}

TEST_CASE("a variant tells apart alternatives of the same type and value") {
  using Either = std::variant<std::uint8_t, std::uint8_t>;
  const Either first(std::in_place_index<0>, std::uint8_t{5});
  const Either second(std::in_place_index<1>, std::uint8_t{5});
  CHECK(prefix_free(std::vector<Either>{first, second}));
}

TEST_CASE("numbers are written with the lowest byte first in as many bytes as they have") {
  CHECK(encoded(std::uint32_t{0x04030201}) ==
        Bytes{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}});
  CHECK(encoded(std::int16_t{-2}) == Bytes{std::byte{0xfe}, std::byte{0xff}});
}

TEST_CASE("a class that encodes itself is asked to") {
  CHECK(encoded(Hidden(9)) == Bytes{std::byte{9}});
  CHECK(encoded(std::vector<Hidden>{Hidden(9)}) == Bytes{std::byte{1}, std::byte{9}});
}

TEST_CASE("a fixed part is neither encoded nor compared") {
  const std::string one = "one host";
  const std::string two = "two hosts";
  CHECK(encoded(WithTopology{.topology = &one}) == encoded(WithTopology{.topology = &two}));
  CHECK(sim::Fixed<std::string>(&one) == sim::Fixed<std::string>(&two));
  CHECK(sim::Fixed<std::string>(&two)->size() == 9);
}

TEST_CASE("an encoder that was cleared writes the same bytes again") {
  sim::Encoder encoder;
  sim::encode(encoder, Everything{});
  const Bytes first(encoder.bytes().begin(), encoder.bytes().end());
  encoder.clear();
  CHECK(encoder.bytes().empty());
  sim::encode(encoder, Everything{});
  CHECK(Bytes(encoder.bytes().begin(), encoder.bytes().end()) == first);
}

// The expected value is XXH3_128bits of the three bytes, as `xxhsum -H2` prints it.
TEST_CASE("a fingerprint is the same in every build") {
  const std::array bytes{std::byte{'a'}, std::byte{'b'}, std::byte{'c'}};
  const sim::Fingerprint found = sim::fingerprint(bytes);
  CHECK(found.high == 0x06b05ab6733a6185);
  CHECK(found.low == 0x78af5f94892f3950);
}
}  // namespace
