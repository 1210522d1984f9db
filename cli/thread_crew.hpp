// SPDX-License-Identifier: Apache-2.0
// ThreadCrew: threads that share the tasks of a search. Whoever is free takes the next task; the
// one who calls run() works too.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

#include "sim/crew.hpp"

namespace cli {
class ThreadCrew final : public sim::Crew {
 public:
  explicit ThreadCrew(std::size_t threads);  // With the caller; at least one.
  ~ThreadCrew() override;

  void run(std::size_t count, const Task& task) override;

 private:
  void serve();
  void take_tasks();

  std::mutex mutex_;
  std::condition_variable begins_;
  std::condition_variable ends_;
  // Guarded by the mutex, or fixed while tasks run.
  const Task* task_ = nullptr;
  std::size_t count_ = 0;
  std::size_t runs_ = 0;  // How often run() was called.
  std::size_t busy_ = 0;  // Threads that have not finished this run.
  bool leaving_ = false;
  std::atomic<std::size_t> next_{0};  // The task that nobody has taken yet.
  std::vector<std::thread> threads_;
};
}  // namespace cli
