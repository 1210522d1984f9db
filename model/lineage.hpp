// SPDX-License-Identifier: Apache-2.0
#pragma once

// Somebody who is told, while a world moves, how each event of its queue came to be there: which
// step has made which other one possible. A search has nobody who asks, and pays a comparison.

#include "model/memory/ids.hpp"

namespace model {

class Lineage {
 public:
  enum class How : std::uint8_t {
    own,        // The task goes on by itself.
    woken,      // What it waited for is given.
    sent,       // A message is on its way.
    interrupt,  // To another CPU.
    timer,
  };

  virtual ~Lineage() = default;
  virtual void taken(sim::Lane lane) = 0;  // A step begins.
  virtual void posted(sim::Lane lane, How how) = 0;
  virtual void cancelled(sim::Lane lane) = 0;
  virtual void spawned(TaskId task) = 0;  // The number may have been another task's before.
};

}  // namespace model
