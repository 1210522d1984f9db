// SPDX-License-Identifier: Apache-2.0
// Record: one typed line of a trace; feeds every output format. Like an ftrace event: a kind that
// a table explains, and a few numbers.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/id.hpp"

namespace sim {
struct Record {
  Nanoseconds at = 0;
  std::uint32_t actor = 0;
  std::uint16_t kind = 0;
  std::uint64_t number = 0;  // Position in the run.
  std::array<std::uint64_t, 6> arguments{};

  bool operator==(const Record&) const = default;
};

class TraceSink {
 public:
  virtual ~TraceSink() = default;
  virtual void write(const Record& record) = 0;
  virtual bool wanted() const { return true; }  // False: don't bother to build a record.
};

class NoTrace final : public TraceSink {
 public:
  void write(const Record&) override {}
  bool wanted() const override { return false; }
};

class VectorTrace final : public TraceSink {
 public:
  void write(const Record& record) override { records_.push_back(record); }
  const std::vector<Record>& records() const { return records_; }

 private:
  std::vector<Record> records_;
};
}  // namespace sim
