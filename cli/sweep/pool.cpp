// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep/pool.hpp"

#include <algorithm>

namespace cli {

CellPool::CellPool(const Plan& plan, std::size_t threads) : plan_(plan) {
  for (std::size_t i = 0; i < std::max<std::size_t>(threads, 1); ++i) {
    threads_.emplace_back([this] { serve(); });
  }
}

CellPool::~CellPool() {
  {
    const std::lock_guard lock(mutex_);
    leaving_ = true;
  }
  given_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool CellPool::hungry() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size() < threads_.size();
}

void CellPool::give(std::size_t cell) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(cell);
  }
  given_.notify_one();
}

std::vector<CellResult> CellPool::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(results_, {});
}

void CellPool::wait(std::chrono::milliseconds longest) {
  std::unique_lock lock(mutex_);
  made_.wait_for(lock, longest, [this] { return !results_.empty(); });
}

void CellPool::serve() {
  while (true) {
    std::size_t cell = 0;
    {
      std::unique_lock lock(mutex_);
      given_.wait(lock, [this] { return leaving_ || !waiting_.empty(); });
      if (leaving_) return;
      cell = waiting_.front();
      waiting_.pop_front();
    }
    CellResult result = make_cell(plan_, cell);
    const std::lock_guard lock(mutex_);
    results_.push_back(std::move(result));
    made_.notify_one();
  }
}

}  // namespace cli
