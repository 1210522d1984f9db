// SPDX-License-Identifier: Apache-2.0
#pragma once

// A setup as bytes under other names, to see whether these change it. Names and texts for people
// are left out, and so are times and links: an exploration keeps no time, and each host reaches
// each other one. The calls of the init block are left out as well: they are over when a run
// starts, and what they have done is seen in the world.

#include "model/reduction.hpp"

namespace model {

// Of one claim or monitor, without its place among the others.
std::vector<std::byte> bytes_of(const Claim& claim, const Permutation& names);
std::vector<std::byte> bytes_of(const Monitor& monitor, const Permutation& names);

std::vector<std::byte> bytes_of(const Setup& setup, const std::vector<Expression>& questions,
                                const Permutation& names);

}  // namespace model
