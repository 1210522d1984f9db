// SPDX-License-Identifier: Apache-2.0
// Chooser: the one place where a run can go more than one way. No clock, address, hash order or
// random engine decides anything anywhere else.
#pragma once

#include <boost/random/mersenne_twister.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/check.hpp"
#include "sim/id.hpp"

namespace sim {
using Answer = std::uint32_t;
using Path = std::vector<Answer>;  // The answers that a run was given: enough to replay it.

// "0.2.1"; three or more equal answers in a row are shortened: "0x5.2" is 0.0.0.0.0.2.
std::string to_text(const Path& path);
std::optional<Path> parse_path(std::string_view text);

// The lanes of which one moves next, ascending. A view of a queue, which it does not outlive.
class Candidates {
 public:
  template <class Queue>
  explicit Candidates(const Queue& queue)
      : queue_(&queue), size_(queue.ready_count()), nth_([](const void* lanes, std::uint32_t nth) {
          return static_cast<const Queue*>(lanes)->ready_lane(nth);
        }) {}

  std::uint32_t size() const { return size_; }
  Lane nth(std::uint32_t nth) const { return nth_(queue_, nth); }

 private:
  const void* queue_;
  std::uint32_t size_;
  Lane (*nth_)(const void*, std::uint32_t);
};

class Chooser {
 public:
  virtual ~Chooser() = default;

  // Returns an answer below `count`. A question with a single answer is never asked.
  Answer choose(std::string_view question, std::uint32_t count) {
    check(count > 0);
    if (count == 1) return 0;
    const Answer given = answer(question, count);
    check(given < count);
    return given;
  }

  // 64 random bits of a stream, for what is drawn and not decided: a length, a duration. Each
  // stream goes its own way, so that more draws of one kind do not shift the others. Streams are
  // numbered from 0. The seed of all of them is the answer to one question, asked at the first
  // draw: whoever is given the same answers draws the same.
  std::uint64_t bits(std::uint32_t stream);

  // Who is next? The one question of scheduling: it comes once a step, even for a single candidate.
  Answer choose_next(std::string_view question, const Candidates& candidates) {
    check(candidates.size() > 0);
    const Answer given = next(question, candidates);
    check(given < candidates.size());
    return given;
  }

 private:
  virtual Answer answer(std::string_view question, std::uint32_t count) = 0;
  // Whoever does not care which lanes they are answers it as any other question.
  virtual Answer next(std::string_view question, const Candidates& candidates) {
    return choose(question, candidates.size());
  }

  std::vector<std::uint64_t> streams_;  // The state of each.
  std::optional<Answer> draws_;         // Their seed.
};

class FirstChooser final : public Chooser {
  Answer answer(std::string_view, std::uint32_t) override { return 0; }
};

// Samples a run: the same seed gives the same answers with every compiler and library.
class SeededChooser final : public Chooser {
 public:
  enum class Keep : std::uint8_t { all, none };  // None: for runs whose path is too long to keep.

  explicit SeededChooser(std::uint64_t seed, Keep keep = Keep::all);
  const Path& answers() const { return answers_; }
  // For whoever decides more than this lot does: a number below `count` that is no answer, and an
  // answer that was not drawn.
  std::uint64_t draw(std::uint64_t count);
  void record(Answer given);

 private:
  Answer answer(std::string_view question, std::uint32_t count) override;

  boost::random::mt19937_64 engine_;
  Keep keep_;
  Path answers_;
};

// Follows a path. Where the path doesn't fit the run (it ends, or an answer is out of range) the
// run has diverged, and all answers from there on are 0.
class ReplayChooser final : public Chooser {
 public:
  explicit ReplayChooser(Path path) : path_(std::move(path)) {}
  bool diverged() const { return diverged_; }
  std::size_t used() const { return used_; }
  const Path& answers() const { return answers_; }

 private:
  Answer answer(std::string_view question, std::uint32_t count) override;

  Path path_;
  Path answers_;
  std::size_t used_ = 0;
  bool diverged_ = false;
};

// Counts through all sequences of answers like an odometer: the last question turns fastest.
// Invariant: each answer is below its count, and a run that is given the same answers asks the
// same questions (is the model deterministic?).
class ExhaustiveChooser final : public Chooser {
 public:
  const Path& answers() const { return answers_; }
  bool advance();  // Moves on to the next sequence; false and back to the first after the last.

 private:
  Answer answer(std::string_view question, std::uint32_t count) override;

  Path answers_;
  std::vector<std::uint32_t> counts_;
  std::size_t asked_ = 0;
};
}  // namespace sim
