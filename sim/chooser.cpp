// SPDX-License-Identifier: Apache-2.0
#include "sim/chooser.hpp"

#include <algorithm>
#include <boost/random/uniform_int_distribution.hpp>
#include <charconv>
#include <limits>
#include <system_error>

namespace sim {
namespace {
constexpr std::ptrdiff_t shortened_min = 3;  // A shorter run of answers is written in full.
constexpr std::size_t length_max = std::size_t{1} << 24;  // "0x4000000000" is a typing error.

// Takes a number off the front of the text.
std::optional<std::uint32_t> parse_number(std::string_view& text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

bool skip(std::string_view& text, char expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(1);
  return true;
}
}  // namespace

std::string to_text(const Path& path) {
  std::string text;
  for (auto at = path.begin(); at != path.end();) {
    const Answer answer = *at;
    auto end = std::find_if(at, path.end(), [&](Answer other) { return other != answer; });
    if (!text.empty()) text += '.';
    text += std::to_string(answer);
    if (end - at >= shortened_min) {
      text += 'x' + std::to_string(end - at);
    } else {
      end = at + 1;
    }
    at = end;
  }
  return text;
}

std::optional<Path> parse_path(std::string_view text) {
  Path path;
  if (text.empty()) return path;
  do {
    const std::optional<Answer> answer = parse_number(text);
    if (!answer) return std::nullopt;
    std::optional<std::uint32_t> count = 1;
    if (skip(text, 'x')) count = parse_number(text);
    if (!count || *count == 0 || *count > length_max - path.size()) return std::nullopt;
    path.insert(path.end(), *count, *answer);
  } while (skip(text, '.'));
  if (!text.empty()) return std::nullopt;
  return path;
}

// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014).
std::uint64_t Chooser::bits(std::uint32_t stream) {
  const auto mixed = [](std::uint64_t bits) {
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
    return bits ^ (bits >> 31);
  };
  constexpr std::uint32_t seeds = std::numeric_limits<std::uint32_t>::max();
  if (!draws_) draws_ = choose("what is drawn?", seeds);
  while (streams_.size() <= stream) {
    streams_.push_back(mixed((std::uint64_t{*draws_} << 32) + streams_.size() + 1));
  }
  streams_[stream] += 0x9e3779b97f4a7c15;
  return mixed(streams_[stream]);
}

SeededChooser::SeededChooser(std::uint64_t seed, Keep keep) : engine_(seed), keep_(keep) {}

Answer SeededChooser::answer(std::string_view, std::uint32_t count) {
  const boost::random::uniform_int_distribution<Answer> below_count(0, count - 1);
  const Answer answer = below_count(engine_);
  record(answer);
  return answer;
}

std::uint64_t SeededChooser::draw(std::uint64_t count) {
  check(count > 0);
  return boost::random::uniform_int_distribution<std::uint64_t>(0, count - 1)(engine_);
}

void SeededChooser::record(Answer given) {
  if (keep_ == Keep::all) answers_.push_back(given);
}

Answer ReplayChooser::answer(std::string_view, std::uint32_t count) {
  diverged_ = diverged_ || used_ == path_.size() || path_[used_] >= count;
  const Answer answer = diverged_ ? 0 : path_[used_++];
  answers_.push_back(answer);
  return answer;
}

Answer ExhaustiveChooser::answer(std::string_view, std::uint32_t count) {
  if (asked_ == answers_.size()) {
    answers_.push_back(0);
    counts_.push_back(count);
  }
  check(counts_[asked_] == count);  // Else the model is not deterministic.
  return answers_[asked_++];
}

bool ExhaustiveChooser::advance() {
  check(asked_ == answers_.size());  // Else the model is not deterministic.
  asked_ = 0;
  while (!answers_.empty() && answers_.back() + 1 == counts_.back()) {
    answers_.pop_back();
    counts_.pop_back();
  }
  if (answers_.empty()) return false;
  ++answers_.back();
  return true;
}
}  // namespace sim
