// SPDX-License-Identifier: Apache-2.0
// Pages<T>: an array of zeroed memory straight from the system. Untouched pages cost nothing; if
// asked for, a large array is in huge pages, for who reads it at random places.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "sim/check.hpp"

namespace sim {
enum class PageSize : std::uint8_t { small, huge };

template <class T>
class Pages {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Pages() = default;
  explicit Pages(std::size_t count, PageSize size = PageSize::huge) : count_(count) {
    if (count == 0) return;
    void* memory =
        mmap(nullptr, bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check(memory != MAP_FAILED);
    // Is advice: may fail.
    if (size == PageSize::huge && bytes() >= huge) madvise(memory, bytes(), MADV_HUGEPAGE);
    data_ = static_cast<T*>(memory);
  }
  Pages(Pages&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), count_(std::exchange(other.count_, 0)) {}
  Pages& operator=(Pages&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(count_, other.count_);
    return *this;
  }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  ~Pages() {
    if (data_ != nullptr) munmap(data_, bytes());
  }

  std::size_t size() const { return count_; }
  std::size_t bytes() const { return count_ * sizeof(T); }
  T* data() { return data_; }
  const T* data() const { return data_; }
  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }

 private:
  static constexpr std::size_t huge = std::size_t{1} << 21U;

  T* data_ = nullptr;
  std::size_t count_ = 0;
};
}  // namespace sim
