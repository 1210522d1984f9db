// SPDX-License-Identifier: Apache-2.0
// FrontierBlocks: the states of one level of one shard, in blocks that are read as one chunk.
// Blocks for which memory has no room are spilled; the others, and the last one, stay.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sim/search/shard_options.hpp"

namespace sim {
template <class State>
class FrontierBlocks {
 public:
  explicit FrontierBlocks(const ShardOptions& options) : options_(options) {}
  FrontierBlocks(FrontierBlocks&&) noexcept = default;
  FrontierBlocks& operator=(FrontierBlocks&&) noexcept = default;
  FrontierBlocks(const FrontierBlocks&) = delete;
  FrontierBlocks& operator=(const FrontierBlocks&) = delete;
  ~FrontierBlocks() { clear(); }

  std::size_t size() const { return size_; }
  std::uint64_t bytes() const { return blocks_in_memory_ * block_bytes(); }  // When all came.
  std::uint64_t bytes_spilled() const { return blocks_spilled_ * block_bytes(); }

  void push_back(const State& state) {
    if (blocks_.empty() || blocks_.back().states.size() == options_.chunk_states) add_block();
    blocks_.back().states.push_back(state);
    ++size_;
  }

  // Calls visit(state) for the `count` states of a block, which is forgotten.
  template <class Visit>
  void take(std::size_t block, std::size_t count, Visit&& visit) {
    Block taken;
    std::swap(taken, blocks_[block]);
    if (taken.name) {
      taken.states.resize(options_.chunk_states);
      options_.spill->take(*taken.name, std::as_writable_bytes(std::span(taken.states)));
    }
    for (std::size_t i = 0; i < count; ++i) visit(taken.states[i]);
  }

  void clear() {
    for (const Block& block : blocks_)
      if (block.name) options_.spill->drop(*block.name);
    blocks_.clear();
    size_ = blocks_in_memory_ = 0;
  }

 private:
  struct Block {
    std::vector<State> states;
    std::optional<std::uint64_t> name{};  // In the spill.
  };
  std::uint64_t block_bytes() const { return options_.chunk_states * sizeof(State); }

  void add_block() {
    if (!blocks_.empty() && options_.spill != nullptr &&
        blocks_in_memory_ * block_bytes() > options_.frontier_bytes_max) {
      Block& last = blocks_.back();
      last.name = options_.spill->write(std::as_bytes(std::span(last.states)));
      last.states = {};
      ++blocks_spilled_;
      --blocks_in_memory_;
    }
    blocks_.emplace_back();
    blocks_.back().states.reserve(options_.chunk_states);
    ++blocks_in_memory_;
  }

  ShardOptions options_;
  std::vector<Block> blocks_;
  std::size_t size_ = 0;
  std::uint64_t blocks_in_memory_ = 0;
  std::uint64_t blocks_spilled_ = 0;  // In all.
};
}  // namespace sim
