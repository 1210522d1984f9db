// SPDX-License-Identifier: Apache-2.0
#include "tests/random/scenario.hpp"

#include "tests/random/draft.hpp"

namespace random_scenarios {

std::string random_scenario(std::uint64_t seed) {
  Draft draft(seed);
  draft.line("// SPDX-License-Identifier: Apache-2.0");
  draft.line("scenario \"random-" + std::to_string(seed) + "\"");
  write_machine(draft);
  write_init(draft);
  write_program(draft);
  write_claims(draft);
  return draft.text;
}

}  // namespace random_scenarios
