// SPDX-License-Identifier: Apache-2.0
#include "sim/crew.hpp"

#include "sim/check.hpp"

namespace sim {
Crew::~Crew() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    over_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Crew::start(std::size_t count) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    check(done_ == count_);
    count_ = count;
    next_ = done_ = 0;
  }
  if (count > 1 && threads_.empty()) {
    for (std::size_t member = 1; member < size_; ++member)
      threads_.emplace_back([this, member] { live(member); });
  }
  if (!threads_.empty()) changed_.notify_all();
}

void Crew::join() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (do_one(0, lock)) {
  }
  changed_.wait(lock, [this] { return done_ == count_; });
}

// False: no piece is left.
bool Crew::do_one(std::size_t member, std::unique_lock<std::mutex>& lock) {
  if (next_ == count_) return false;
  const std::size_t piece = next_++;
  lock.unlock();
  work_(member, piece);
  lock.lock();
  if (++done_ == count_) changed_.notify_all();
  return true;
}

void Crew::live(std::size_t member) {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!over_) {
    if (!do_one(member, lock)) changed_.wait(lock, [this] { return over_ || next_ < count_; });
  }
}
}  // namespace sim
