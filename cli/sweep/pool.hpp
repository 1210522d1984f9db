// SPDX-License-Identifier: Apache-2.0
// CellPool: threads that make cells. Who owns it gives cells and takes results; nobody else sees
// either.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "cli/sweep/result.hpp"

namespace cli {

class CellPool {
 public:
  CellPool(const Plan& plan, std::size_t threads);
  CellPool(const CellPool&) = delete;
  CellPool& operator=(const CellPool&) = delete;
  ~CellPool();  // Waits for the cells that are being made, and forgets those that are not.

  // Fewer cells are waiting than there are threads.
  bool hungry() const;
  void give(std::size_t cell);
  std::vector<CellResult> take();
  // Until there is something to take, or so long.
  void wait(std::chrono::milliseconds longest);

 private:
  void serve();

  const Plan& plan_;
  mutable std::mutex mutex_;
  std::condition_variable given_;
  std::condition_variable made_;
  std::deque<std::size_t> waiting_;
  std::vector<CellResult> results_;
  bool leaving_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace cli
