// SPDX-License-Identifier: Apache-2.0
// "did you mean": the known word that a mistyped one most likely stood for.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace language {

// How many letters must be inserted, removed, replaced or swapped with their neighbour.
std::size_t edit_distance(std::string_view left, std::string_view right);

// The nearest of `known`, the first one among equals; empty if none is near enough to be meant:
// a third of the letters may differ. Letter case does not count.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace language
