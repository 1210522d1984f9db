// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which step has taken each page out of a table: a page table, or the table of a device. Kept
// beside a run by who looks on, not in its state.

#include <functional>
#include <optional>
#include <vector>

#include "model/memory/ids.hpp"

namespace model {

class Removals {
 public:
  using Present = std::function<bool(Page)>;
  // What was in the table before the first step; nothing: it was empty.
  explicit Removals(Present initially = {}) : initially_(std::move(initially)) {}

  void added(PageRange pages, std::uint64_t step) { changes_.push_back({pages, step, true}); }
  void removed(PageRange pages, std::uint64_t step) { changes_.push_back({pages, step, false}); }

  // Of a page that was there and is not any more.
  std::optional<std::uint64_t> remover(Page page) const;

 private:
  struct Change {
    PageRange pages{};
    std::uint64_t step = 0;
    bool added = false;
  };
  Present initially_;
  std::vector<Change> changes_;
};

}  // namespace model
