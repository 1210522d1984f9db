// SPDX-License-Identifier: Apache-2.0
// Journal: the lines of a sweep's cells, in the order in which they were made. Each is there as a
// whole as soon as it was added, whatever becomes of the program; what is left of a line that was
// being written is dropped.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace cli {

class Journal {
 public:
  explicit Journal(std::string path) : path_(std::move(path)) {}
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  ~Journal();

  // The whole lines of the file; without what follows the last one. None if there is no file.
  static std::optional<std::vector<std::string>> lines(const std::string& path);

  bool open();  // Drops what is left of a last line. False: it cannot be written.
  bool add(const std::string& line);  // Without its end.

 private:
  std::string path_;
  int file_ = -1;
};

// The file is either as it was or has this text; false: it could not be written.
bool write_whole(const std::string& path, const std::string& text);

}  // namespace cli
