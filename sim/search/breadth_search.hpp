// SPDX-License-Identifier: Apache-2.0
// BreadthSearch: visits every reachable state, level by level. A level is read in rounds of chunks:
//
//   for each chunk of the round, at once     for each shard, at once
//   expand its states, and sort what they    insert what each chunk has for it,
//   lead to into a batch for each shard  ->  chunk by chunk
//
// What a shard holds, and in which order, thus depends on the system alone, not on the crew.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/search/batch.hpp"
#include "sim/search/hash.hpp"
#include "sim/search/options.hpp"
#include "sim/search/shard_options.hpp"
#include "sim/transition_system.hpp"

namespace sim {
template <TransitionSystem S, template <class> class ShardOf>
class BreadthSearch {
 public:
  using State = typename S::State;
  using Shard = ShardOf<State>;

  // Both must outlive the search.
  BreadthSearch(const S& system, const SearchOptions& options)
      : system_(system),
        options_(options),
        crew_(options.crew == nullptr ? lone_worker_ : *options.crew),
        work_(round_chunks) {
    ShardOptions each{.states_expected = share_of(options.states_expected),
                      .frontier_bytes_max = options.frontier_bytes_max / shard_count / 2,
                      .chunk_states = options.chunk_states,
                      .spill = options.spill};
    shards_.reserve(shard_count);
    for (std::size_t i = 0; i < shard_count; ++i) shards_.emplace_back(each);
  }

  SearchResult run() {
    const State start = system_.start();
    const std::uint64_t hash = hash_of(start);
    shards_[shard_of(hash)].insert(start, Shard::key_of(hash), {});
    result_.states = 1;
    while (result_.complete() && begin_level()) {
      if (result_.levels_expanded == options_.levels_max) {
        result_.ended = SearchEnded::by_levels;
        break;
      }
      const std::uint64_t before = result_.violations;
      const std::uint64_t deadlocks = result_.deadlocks;
      const std::uint64_t reached = result_.states;
      expand_level();
      if (result_.ended != SearchEnded::complete) break;
      ++result_.levels_expanded;
      if (deadlocks == 0 && result_.deadlocks != 0) note_deadlock();
      if (before == 0 && result_.violations != 0) note_violation(reached);
    }
    for (const Shard& shard : shards_) result_.bytes_visited += shard.bytes_visited();
    return result_;
  }

  const std::vector<Shard>& shards() const { return shards_; }

 private:
  struct Chunk {
    std::size_t shard = 0;
    std::size_t first = 0;
    std::size_t count = 0;
  };
  struct Work {
    std::array<Batch<State, typename Shard::Key>, shard_count> batches;
    std::uint64_t transitions = 0;
    std::uint64_t ends = 0;
    std::uint64_t deadlocks = 0;
    std::uint64_t violations = 0;
  };

  static constexpr std::size_t round_chunks = 32;

  // Hashes are not quite even.
  static std::uint64_t share_of(std::uint64_t states) {
    return states == 0 ? 0 : states / shard_count + states / shard_count / 64 + 64;
  }

  // False: there is none.
  bool begin_level() {
    std::uint64_t size = 0;
    for (Shard& shard : shards_) {
      shard.begin_level();
      size += shard.level_size();
    }
    if (size == 0) return false;
    result_.depth = result_.levels.size();
    result_.levels.push_back(size);
    return true;
  }

  void note_deadlock() {
    result_.deadlock_steps = result_.depth;
    if (options_.stop_at_deadlock) result_.ended = SearchEnded::at_deadlock;
  }

  void note_violation(std::uint64_t reached) {
    result_.steps = result_.depth + 1;
    result_.states_before = reached;
    result_.violations_last = result_.violations;
    if (options_.stop_at_violation) result_.ended = SearchEnded::at_violation;
  }

  void expand_level() {
    round_.clear();
    for (std::size_t shard = 0; shard < shard_count; ++shard) {
      const std::size_t size = shards_[shard].level_size();
      for (std::size_t first = 0; first < size; first += options_.chunk_states) {
        round_.push_back({shard, first, std::min(options_.chunk_states, size - first)});
        if (round_.size() < round_chunks) continue;
        run_round();
        if (!result_.complete()) return;
      }
    }
    run_round();
  }

  void run_round() {
    std::size_t states = 0;
    for (const Chunk& chunk : round_) states += chunk.count;
    Crew& crew = states < options_.worth_sharing ? lone_worker_ : crew_;
    crew.run(round_.size(), [this](std::size_t i) { expand(round_[i], work_[i]); });
    crew.run(shard_count, [this](std::size_t i) { insert_into(i); });
    for (std::size_t i = 0; i < round_.size(); ++i) count(work_[i]);
    round_.clear();
    look_at_limits();
  }

  void expand(const Chunk& chunk, Work& work) {
    for (auto& batch : work.batches) batch.clear();
    work.transitions = work.ends = work.deadlocks = work.violations = 0;
    shards_[chunk.shard].read_level(chunk.first, chunk.count, [&](const State& state) {
      const std::uint64_t before = work.transitions;
      sim::each_step(system_, state, [&](const State& next, Outcome outcome) {
        ++work.transitions;
        if (outcome == Outcome::violates) {
          ++work.violations;
          return;
        }
        const std::uint64_t hash = hash_of(next);
        work.batches[shard_of(hash)].add(next, Shard::key_of(hash));
      });
      if (work.transitions != before) return;
      ++work.ends;
      if (!system_.may_end(state)) ++work.deadlocks;
    });
  }

  void insert_into(std::size_t shard) {
    for (std::size_t i = 0; i < round_.size(); ++i)
      work_[i].batches[shard].insert_into(shards_[shard]);
  }

  void count(const Work& work) {
    result_.transitions += work.transitions;
    result_.ends += work.ends;
    result_.deadlocks += work.deadlocks;
    result_.violations += work.violations;
  }

  void look_at_limits() {
    std::uint64_t bytes = result_.states = result_.bytes_spilled = 0;
    for (const Shard& shard : shards_) {
      result_.states += shard.size();
      result_.bytes_spilled += shard.bytes_spilled();
      bytes += shard.bytes();
    }
    result_.bytes = std::max(result_.bytes, bytes);
    if (result_.states > options_.states_max) result_.ended = SearchEnded::by_states;
    if (bytes > options_.bytes_max) result_.ended = SearchEnded::by_bytes;
    if (options_.stop && options_.stop()) result_.ended = SearchEnded::by_stop;
  }

  const S& system_;
  const SearchOptions& options_;
  LoneWorker lone_worker_;
  Crew& crew_;
  std::vector<Shard> shards_;
  std::vector<Work> work_;    // One for each chunk of a round.
  std::vector<Chunk> round_;  // Chunks that wait.
  SearchResult result_;
};
}  // namespace sim
