// SPDX-License-Identifier: Apache-2.0
#include "cli/spill_file.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "sim/check.hpp"

namespace cli {
namespace {
off_t position(std::uint64_t place, std::size_t block) { return static_cast<off_t>(place * block); }
}  // namespace

SpillFile::SpillFile() {
  std::string path = std::filesystem::temp_directory_path() / "shootdown-XXXXXX";
  file_ = mkstemp(path.data());  // Puts letters of its own in place of the six.
  check(file_ >= 0);
  unlink(path.c_str());
}

SpillFile::~SpillFile() { close(file_); }

std::uint64_t SpillFile::write(std::span<const std::byte> block) {
  std::uint64_t place = 0;
  {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) {
      place = places_++;
    } else {
      place = free_.back();
      free_.pop_back();
    }
  }
  for (std::size_t done = 0; done < block.size();) {
    const ssize_t written = pwrite(file_, block.data() + done, block.size() - done,
                                   position(place, block.size()) + static_cast<off_t>(done));
    check(written > 0);  // The disk is full.
    done += static_cast<std::size_t>(written);
  }
  return place;
}

void SpillFile::take(std::uint64_t name, std::span<std::byte> block) {
  for (std::size_t done = 0; done < block.size();) {
    const ssize_t got = pread(file_, block.data() + done, block.size() - done,
                              position(name, block.size()) + static_cast<off_t>(done));
    check(got > 0);
    done += static_cast<std::size_t>(got);
  }
  drop(name);
}

void SpillFile::drop(std::uint64_t name) {
  const std::lock_guard lock(mutex_);
  free_.push_back(name);
}
}  // namespace cli
