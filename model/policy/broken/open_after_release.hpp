// SPDX-License-Identifier: Apache-2.0
#pragma once

// Drop all translations when the address space is released, and do not stop the faults that have
// looked their pages up before. The races of release that 3ad3d901bbcf and 751efd8610d3 mended left
// such faults behind. A translation of an address space that is gone stays for good.

#include "model/policy/variation.hpp"

namespace model {

inline Variation open_after_release() {
  return {.name = "open_after_release",
          .meaning = "Drop what is there at release, and let faults in progress install.",
          .policy = varied<KvmPolicy>(&KvmPolicy::release_uncounted, true),
          .guarantees = {.breaks = all_of({Property::use_after_free, Property::stale_translation,
                                           Property::use_after_release})}};
}

}  // namespace model
