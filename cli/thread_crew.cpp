// SPDX-License-Identifier: Apache-2.0
#include "cli/thread_crew.hpp"

namespace cli {
ThreadCrew::ThreadCrew(std::size_t threads) {
  for (std::size_t i = 1; i < threads; ++i) threads_.emplace_back([this] { serve(); });
}

ThreadCrew::~ThreadCrew() {
  {
    const std::lock_guard lock(mutex_);
    leaving_ = true;
  }
  begins_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadCrew::run(std::size_t count, const Task& task) {
  {
    const std::lock_guard lock(mutex_);
    task_ = &task;
    count_ = count;
    next_ = 0;
    ++runs_;
    busy_ = threads_.size();
  }
  begins_.notify_all();
  take_tasks();
  std::unique_lock lock(mutex_);
  ends_.wait(lock, [this] { return busy_ == 0; });
}

void ThreadCrew::serve() {
  std::size_t seen = 0;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      begins_.wait(lock, [&] { return leaving_ || runs_ != seen; });
      if (leaving_) return;
      seen = runs_;
    }
    take_tasks();
    const std::lock_guard lock(mutex_);
    if (--busy_ == 0) ends_.notify_one();
  }
}

void ThreadCrew::take_tasks() {
  for (std::size_t i = next_++; i < count_; i = next_++) (*task_)(i);
}
}  // namespace cli
