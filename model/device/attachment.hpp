// SPDX-License-Identifier: Apache-2.0
#pragma once

// A remote process's use of a handle. The owner's side and the user's side each hold a view of
// which pages are active; messages keep them in step. Source of the idea: R. Holt, linux-kernel,
// 17 Feb 2008 ("in order for any IB endpoint to communicate, it would need to request the kernel
// translate a handle into an endpoint identifier").

#include "model/fabric/connection.hpp"
#include "model/memory/ids.hpp"
#include "model/memory/small.hpp"
#include "sim/encoding.hpp"

namespace model {

// A set of page offsets within a handle.
class PageSet {
 public:
  bool contains(std::uint32_t offset) const {
    return offset / 64 < words_.size() && ((words_[offset / 64] >> (offset % 64)) & 1) != 0;
  }
  void add(std::uint32_t offset) {
    if (offset / 64 >= words_.size()) words_.resize(offset / 64 + 1);
    words_[offset / 64] |= std::uint64_t{1} << (offset % 64);
  }
  void add(std::uint32_t first, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) add(first + i);
  }
  void remove(std::uint32_t first, std::uint32_t count) {
    for (std::uint32_t i = first; i < first + count && i / 64 < words_.size(); ++i) {
      words_[i / 64] &= ~(std::uint64_t{1} << (i % 64));
    }
    while (!words_.empty() && words_.back() == 0) words_.pop_back();
  }
  bool contains_all(std::uint32_t first, std::uint32_t count) const {
    for (std::uint32_t i = 0; i < count; ++i) {
      if (!contains(first + i)) return false;
    }
    return true;
  }
  bool overlaps(std::uint32_t first, std::uint32_t count) const {
    for (std::uint32_t i = 0; i < count; ++i) {
      if (contains(first + i)) return true;
    }
    return false;
  }
  bool empty() const { return words_.empty(); }
  std::uint32_t size() const;
  bool operator==(const PageSet&) const = default;
  void encode(sim::Encoder& out) const;

 private:
  Small<std::uint64_t, 1> words_;  // The last word is not zero.
};

struct Attachment {
  MrId handle{};
  MmId user{};
  AdapterId card{};        // The user's adapter.
  bool attached = true;    // False after detach or death.
  PageSet granted{};       // The owner's view: pages this user may reach. It must be told of these.
  PageSet active{};        // The user's view: pages its kernel has been told are active.
  bool mapped = false;     // The user may post to this handle without the kernel.
  std::uint8_t epoch = 0;  // The user's; a request carries it.
  std::uint8_t owner_epoch = 0;  // Requests of another epoch are refused by the owner's card.
  std::uint8_t cut_offs = 0;     // An answer to a shoot-down of before the last one comes too late.
  std::uint8_t recalls = 0;      // So many, where messages may be lost: the number of the last.

  bool operator==(const Attachment&) const = default;
};

// A queue pair, and what else has a queue of receives. Of a connection with its state at both ends,
// seen from the requester. The others are their owner's, and `peer` is its card: they only receive.
struct QueuePair {
  enum class Kind : std::uint8_t {
    connected,
    datagram,  // IBV_QPT_UD: whoever knows its number may send to it.
    shared,    // A shared receive queue of an XRC domain (IBV_SRQT_XRC).
  };
  MmId user{};
  AdapterId card{};
  AdapterId peer{};
  Connection rc{};  // If both adapters have the transport. Of the others what a responder has.
  Kind kind = Kind::connected;

  bool operator==(const QueuePair&) const = default;
  void encode(sim::Encoder& out) const;
};

}  // namespace model
