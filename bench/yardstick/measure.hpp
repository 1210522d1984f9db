// SPDX-License-Identifier: Apache-2.0
// Runs one scope, with a variant of its protocol and a property.
#pragma once

#include <string_view>

#include "bench/yardstick/scopes.hpp"

namespace yardstick {
struct Case {
  std::string_view scope;
  Variant variant = 0;
  Property property = 1;
};

enum class Core : std::uint8_t {
  search,    // search() of this folder.
  explorer,  // sim::explore().
};

struct How {
  Core core = Core::search;
  Reductions reductions{};  // Of search() only.
};

Result measure(const Case& one, const How& how);
}  // namespace yardstick
