// SPDX-License-Identifier: Apache-2.0
// Crew: those who share the work of a search. This library has no threads; whoever wants several
// hands one in. A search gives the same result with any crew.
#pragma once

#include <cstddef>
#include <functional>

namespace sim {
class Crew {
 public:
  using Task = std::function<void(std::size_t)>;

  Crew() = default;
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  virtual ~Crew() = default;

  // Calls task(0) to task(count - 1), in any order and perhaps at the same time, and returns when
  // all have returned. What tasks have written can be read then.
  virtual void run(std::size_t count, const Task& task) = 0;
};

// One that works alone.
class LoneWorker final : public Crew {
 public:
  void run(std::size_t count, const Task& task) override {
    for (std::size_t i = 0; i < count; ++i) task(i);
  }
};
}  // namespace sim
