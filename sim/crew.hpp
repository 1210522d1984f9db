// SPDX-License-Identifier: Apache-2.0
// Crew: threads that do pieces of work, in any order, while somebody else does something else.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace sim {
class Crew {
 public:
  // Called with the number of a member and of a piece. Member 0 is who calls join().
  using Work = std::function<void(std::size_t member, std::size_t piece)>;

  // `size` counts member 0. Threads are started when there are two pieces to do for the first time.
  Crew(std::size_t size, Work work) : size_(size), work_(std::move(work)) {}
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // Pieces 0 to count - 1 may be done from now on. Needs: the last ones were joined.
  void start(std::size_t count);
  // Helps, and returns when all pieces are done.
  void join();

 private:
  bool do_one(std::size_t member, std::unique_lock<std::mutex>& lock);
  void live(std::size_t member);

  std::size_t size_;
  Work work_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t count_ = 0;
  std::size_t next_ = 0;
  std::size_t done_ = 0;
  bool over_ = false;
  std::vector<std::thread> threads_;
};
}  // namespace sim
