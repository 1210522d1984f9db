// SPDX-License-Identifier: Apache-2.0
// The model's tables as words of the language: the one place that joins the two vocabularies.
#pragma once

#include <string_view>
#include <vector>

#include "model/setup.hpp"
#include "scenarios/language/vocabulary.hpp"

namespace language {

// language_vocabulary() with policies, properties, events, steps, costs and kernels.
const Vocabulary& full_vocabulary();

// `kernel 7.3 { name no }`.
struct KernelSwitch {
  std::string_view name;
  bool model::KernelSwitches::*member;
  std::string_view meaning;
};
const std::vector<KernelSwitch>& kernel_switches();

}  // namespace language
