// SPDX-License-Identifier: Apache-2.0
// The model's tables as words of the language: the one place that joins the two vocabularies.
#pragma once

#include "scenarios/language/vocabulary.hpp"

namespace language {

// language_vocabulary() with policies, properties, events, steps, costs and kernels.
const Vocabulary& full_vocabulary();

}  // namespace language
