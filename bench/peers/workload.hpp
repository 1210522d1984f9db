// SPDX-License-Identifier: Apache-2.0
// What every peer runs. An event is a pure function of its time and its token, so that engines
// which do the same work have the same sum, whatever order they have for events of one instant.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace peers {
enum class Model : std::uint8_t {
  hold,      // Each event comes again, after an exponential time.
  wire,      // Likewise, after one of few constant times: many events share an instant.
  phold,     // A token goes on to a random process; there are 16 tokens for each.
  time_out,  // An operation completes, which cancels its time-out, or times out; then the next.
};

struct Workload {
  Model model = Model::hold;
  std::uint32_t pending = 0;  // Tokens, or operations.
  std::uint64_t events = 0;   // About so many are measured, behind a warm-up.

  std::uint64_t warm_up_end() const;  // In ticks. No event is due at these two.
  std::uint64_t end() const;
};

// Errors: none, if it is not a model.
bool parse_model(std::string_view text, Model& model);
std::string_view name_of(Model model);

inline constexpr std::uint32_t tokens_per_process = 16;
inline constexpr std::uint64_t mean = std::uint64_t{1} << 30;  // Ticks.

inline std::uint64_t mix(std::uint64_t time, std::uint64_t token) {
  std::uint64_t word = time + (token + 1) * 0x9e3779b97f4a7c15;
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
  return word ^ (word >> 29);
}

// Exponentially distributed, of mean 1 << 30: a quantile, and lower bits that keep instants apart.
std::uint64_t exponential(std::uint64_t word);

extern const std::array<std::uint64_t, 4> wire_delays;

// The sum over events, and what follows from one.
class Tally {
 public:
  std::uint64_t sum = 0;
  std::uint64_t events = 0;

  std::uint64_t count(std::uint64_t time, std::uint64_t token) {
    const std::uint64_t word = mix(time, token);
    sum += word;
    ++events;
    return word;
  }
};

inline std::uint64_t wire_delay(std::uint64_t word) { return wire_delays[(word >> 7) & 3]; }

// PHOLD: a tenth of the time is lookahead.
inline std::uint64_t phold_delay(std::uint64_t word) {
  return mean / 10 + exponential(word) / 10 * 9;
}
inline std::uint32_t phold_process(std::uint64_t word, std::uint32_t processes) {
  return static_cast<std::uint32_t>(((word >> 32) * processes) >> 32);
}

// Nine of ten operations complete, by themselves before their time-out or not.
inline bool completes(std::uint64_t word) { return (word >> 40) % 10 != 0; }
inline std::uint64_t completion_delay(std::uint64_t word) { return exponential(word); }
inline constexpr std::uint64_t time_out_delay = 8 * mean;
}  // namespace peers
