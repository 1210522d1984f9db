// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <span>

#include "tests/tidy/checks.hpp"

namespace tidy {
namespace {

// From bottom to top. A header may include its own layer and those above its row; a .cpp file may
// include anything of its library, and the libraries before it. The first matching row counts.
struct Layer {
  std::string_view library;
  std::string_view prefix;
};
constexpr std::array layers = {
    Layer{"sim", "sim/"},
    Layer{"model", "model/result."},
    Layer{"model", "model/next."},
    Layer{"model", "model/cost."},
    Layer{"model", "model/memory/"},
    Layer{"model", "model/event."},
    Layer{"model", "model/witness."},
    Layer{"model", "model/expression."},
    Layer{"model", "model/notifier/"},
    Layer{"model", "model/fabric/"},
    Layer{"model", "model/device/"},
    Layer{"model", "model/wait."},
    Layer{"model", "model/kernel."},
    Layer{"model", "model/rules"},
    Layer{"model", "model/policy/"},
    Layer{"model", "model/lockdep."},
    Layer{"model", "model/observed."},
    Layer{"model", "model/call."},
    Layer{"model", "model/load/pattern."},
    Layer{"model", "model/load/workload."},
    Layer{"model", "model/load/measure."},
    Layer{"model", "model/injection."},
    Layer{"model", "model/setup."},
    Layer{"model", "model/reduction."},
    Layer{"model", "model/setup_encoding."},
    Layer{"model", "model/machine."},
    Layer{"model", "model/flow/"},
    Layer{"model", "model/lineage."},
    Layer{"model", "model/load/"},
    Layer{"model", "model/slots."},
    Layer{"model", "model/ahead."},
    Layer{"model", "model/world."},
    Layer{"model", "model/effects."},
    Layer{"model", "model/wires."},
    Layer{"model", "model/explore."},
    Layer{"model", "model/reduced_encoding."},
    Layer{"model", "model/symmetry"},
    Layer{"model", "model/claims."},
    Layer{"model", "model/blocked."},
    Layer{"model", "model/liveness."},
    Layer{"model", "model/removals."},
    Layer{"model", "model/causes."},
    Layer{"model", "model/verdict."},
    Layer{"language", "scenarios/language/"},
    Layer{"cli", "cli/"},
};

// Where sources are held to the limit of headers: a policy sees its driver, not the machine.
constexpr std::array closed = {"model/policy/"};

// Whoever is not in the table may include everything, and be included by none of its rows.
constexpr std::array outside = {"tests/", "bench/"};

bool in_any(std::string_view path, std::span<const char* const> folders) {
  return std::ranges::any_of(folders, [&](std::string_view folder) { return in(path, folder); });
}

const Layer* layer_of(std::string_view path) {
  const auto* found = std::ranges::find_if(
      layers, [&](const Layer& layer) { return path.starts_with(layer.prefix); });
  return found == layers.end() ? nullptr : found;
}

// The highest layer that the file may include.
const Layer* limit_of(std::string_view path) {
  const Layer* own = layer_of(path);
  if (own == nullptr || header(path) || in_any(path, closed)) return own;
  const auto last = std::find_if(layers.rbegin(), layers.rend(),
                                 [&](const Layer& layer) { return layer.library == own->library; });
  return &*last;
}

}  // namespace

Findings layering(const File& file) {
  if (!source(file.path) || in_any(file.path, outside)) return {};
  const Layer* limit = limit_of(file.path);
  if (limit == nullptr) {
    return {{file.path, 0, "has no layer; see the table in tests/tidy/layering.cpp"}};
  }
  Findings findings;
  each_line(file.text, [&](std::string_view line, std::size_t number) {
    const Include include = included(line);
    if (!include.quoted) return;
    const Layer* other = layer_of(include.name);
    if (other == nullptr) {
      findings.push_back(
          {file.path, number,
           "include by the path from the root, of a folder below: " + std::string(include.name)});
    } else if (other > limit) {
      findings.push_back({file.path, number,
                          std::string(limit->prefix) + " must not know " +
                              std::string(other->prefix) + ": " + std::string(include.name)});
    }
  });
  return findings;
}

}  // namespace tidy
