// SPDX-License-Identifier: Apache-2.0
// What both sides of a comparison say: a record of a real kernel, and a run of the model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cli::conform {

// One entry of a window. The number of its page, if it has one, stands between the texts.
struct Entry {
  std::string before;  // "H:a", or all of it: "z.ry", "Sx".
  std::optional<std::uint32_t> page;
  std::string after;  // ".wyd"

  bool operator==(const Entry&) const = default;
};

// The entries of each mapping that is looked at.
using View = std::vector<std::vector<Entry>>;

enum class Callback : std::uint8_t {
  start,
  end,
  sec_tlb,
  change_pte,
  clear_flush_young,
  clear_young,
  test_young,
  release,
  interval,
  interval_finish,
  cpu_flush,
  cpu_flush_batch,
  page_free,
  migrate_to_ram,
};

// Pages of a mapping, counted from the first one that is looked at.
struct Extent {
  enum class Of : std::uint8_t { first, second, all } of = Of::first;
  std::int64_t start = 0;
  std::int64_t end = 0;
};

struct Event {
  Callback what = Callback::start;
  std::string kind{};  // start, end, interval: UNMAP, CLEAR, ...
  Extent pages{};
  std::uint32_t mm = 1;  // 2: that of a process which is seen as well.
  bool blockable = true;
  bool owner = false;
  bool atomic = false;
  char lock = '-';  // The mmap_lock: w, r, -.
  std::uint32_t interval = 0;
  std::uint32_t sequence = 0;
  std::uint32_t page = 0;   // page_free
  std::uint32_t order = 0;  // page_free
  std::uint32_t shift = 12;
  bool freed_tables = false;
  std::optional<View> view{};  // When it differs from the last one.
  std::string within{};        // The function of the kernel; of the model only.
};

struct Step {
  std::string text{};
  std::optional<std::uint32_t> error{};  // It failed with that errno; 0: it did not fail.
  std::optional<std::string> signal{};
  std::optional<View> before{};
  std::optional<View> after{};
  bool stable = true;  // The same at each boot.
  std::vector<Event> events{};
};

struct Operation {
  std::string name{};
  std::string about{};
  std::string setup{};
  std::vector<Step> steps{};
};

}  // namespace cli::conform
