// SPDX-License-Identifier: Apache-2.0
#pragma once

// Files that are mapped: truncation, holes, writes from outside, and writeback.

#include "model/flow/paging.hpp"
#include "model/flow/zap.hpp"

namespace model {

// unmap_mapping_range(): takes pages of a file out of every address space that maps them.
struct UnmapMapping {
  static constexpr std::string_view name = "unmap_mapping";
  static constexpr std::array<std::string_view, 3> steps{"lock", "next", "unlock"};
  enum class Step : std::uint8_t { lock, next, unlock } step = Step::lock;
  bool keep_private = false;
  LockMode mode = LockMode::read;  // See rmap_mode().
  MappingId file{};
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  MmId mm{};  // Where it was last.
  Page page{};

  bool operator==(const UnmapMapping&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next next(Context& c);
  PageRange part_of(const Vma& vma) const;
  Zap zap_of(Context& c, const Vma& vma, PageRange part) const;
};

// truncate_inode_pages_range(): the page cache lets go of the pages [first, end). Who has locked
// one is waited for; one that is mapped again meanwhile is unmapped once more, under its lock. Huge
// pages at the edges are split.
struct DropCache {
  static constexpr std::string_view name = "truncate_pages";
  static constexpr std::array<std::string_view, 4> steps{"first_edge", "last_edge", "lock",
                                                         "unmapped"};
  enum class Step : std::uint8_t { first_edge, last_edge, lock, unmapped } step = Step::first_edge;
  MappingId file{};
  std::uint32_t first = 0;
  std::uint32_t end = 0;
  FrameId frame{};  // That is locked, by somebody else or by us.

  bool operator==(const DropCache&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next split_at(Context& c, std::uint32_t edge) const;
};

// fallocate(FALLOC_FL_PUNCH_HOLE), MADV_REMOVE.
struct PunchHole {
  static constexpr std::string_view name = "punch_hole";
  static constexpr std::array<std::string_view, 3> steps{"unmap", "truncate", "finish"};
  enum class Step : std::uint8_t { unmap, truncate, finish } step = Step::unmap;
  MappingId file{};
  std::uint32_t first = 0;
  std::uint32_t count = 0;

  bool operator==(const PunchHole&) const = default;
  Next run(Context& c);

 private:
  void zero_parts(Context& c);
};

// ftruncate(): mappings are cut before and after the page cache is, since faults may come between.
struct Truncate {
  static constexpr std::string_view name = "truncate";
  static constexpr std::array<std::string_view, 4> steps{"resize", "truncate", "unmap_again",
                                                         "finish"};
  enum class Step : std::uint8_t { resize, truncate, unmap_again, finish } step = Step::resize;
  MappingId file{};
  std::uint32_t pages = 0;  // Whole ones, or begun.

  bool operator==(const Truncate&) const = default;
  Next run(Context& c);
};

// page_cache_ra_unbounded(): a page is read from disk, and those around it with it.
struct ReadAhead {
  static constexpr std::string_view name = "read_ahead";
  static constexpr std::array<std::string_view, 1> steps{"read"};
  enum class Step : std::uint8_t { read } step = Step::read;
  std::uint8_t reclaims = 0;  // Passes of reclaim for want of a frame.
  MappingId file{};
  std::uint32_t index = 0;
  HostId host{};

  bool operator==(const ReadAhead&) const = default;
  Next run(Context& c);
};

// read() and write() of one page of a file: through the page cache.
struct FileAccess {
  static constexpr std::string_view name = "file_access";
  static constexpr std::array<std::string_view, 4> steps{"copy", "wait_folio", "read_swap",
                                                         "read_disk"};
  enum class Step : std::uint8_t { copy, wait_folio, read_swap, read_disk } step = Step::copy;
  bool write = false;
  std::uint8_t reclaims = 0;  // Passes of reclaim for want of a frame.
  MappingId file{};
  std::uint32_t index = 0;
  Value value = 0;
  FrameId frame{};  // The page that comes from swap, with a reference of ours.
  SlotId slot{};

  bool operator==(const FileAccess&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next copy(Context& c);
  Next swap_in(Context& c);
  Next insert(Context& c);
};

// msync(), fdatasync(): what is dirty is write-protected (folio_mkclean()), page by page, and
// written.
struct Writeback {
  static constexpr std::string_view name = "writeback";
  static constexpr std::array<std::string_view, 11> steps{
      "find_file", "next", "lock", "lock_rmap", "next_mapping", "lock_ptl",
      "flush",     "set",  "end",  "write",     "finish"};
  enum class Step : std::uint8_t {
    find_file,
    next,
    lock,
    lock_rmap,
    next_mapping,
    lock_ptl,
    flush,
    set,
    end,
    write,
    finish
  } step = Step::find_file;
  MmId mm{};  // msync(): whose pages.
  PageRange pages{};
  MappingId file{};
  std::uint32_t index = 0;
  std::uint32_t last = 0;
  FrameId frame{};  // With a reference of ours.
  RmapPlace place{};
  Pte entry{};
  bool page_told = false;  // Those with invalidate_page() know.

  bool operator==(const Writeback&) const = default;
  Wait guard() const;
  Next run(Context& c);

 private:
  Next lock(Context& c);
  Next next_mapping(Context& c);
  NotifierRange range(const Context& c) const;
};

}  // namespace model
