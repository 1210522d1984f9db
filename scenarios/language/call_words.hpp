// SPDX-License-Identifier: Apache-2.0
// Calls and their words as the model has them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "model/setup.hpp"

namespace language {

// None: the model does not know it.
std::optional<model::Verb> verb_of(std::string_view call);

// Of PROT_READ, MADV_FREE, on, ...; 0 if nothing is set by it. Flags are joined by OR.
std::uint32_t value_of_word(model::Verb verb, std::string_view word);

}  // namespace language
