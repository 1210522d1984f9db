// SPDX-License-Identifier: Apache-2.0
// Runs one scope, with a variant of its protocol and a property.
#pragma once

#include <string_view>

#include "bench/yardstick/scopes.hpp"
#include "sim/search/options.hpp"
#include "sim/search/reduced.hpp"

namespace yardstick {
struct Case {
  std::string_view scope;
  Variant variant = 0;
  Property property = 1;
};

enum class Core : std::uint8_t {
  search,    // sim::search(), on the protocol.
  explorer,  // sim::explore(), on a World of it.
};

enum class Paths : std::uint8_t { not_sought, sought };

struct How {
  Core core = Core::search;
  // Of the search:
  sim::Reductions reductions{};
  std::size_t threads = 1;
  sim::Store store = sim::Store::exact;
  sim::SearchOrder order = sim::SearchOrder::breadth;
  Paths paths = Paths::not_sought;
  std::uint64_t frontier_bytes_max = sim::SearchOptions::no_limit;
};

Result measure(const Case& one, const How& how);
}  // namespace yardstick
