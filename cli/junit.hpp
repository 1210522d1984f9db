// SPDX-License-Identifier: Apache-2.0
// Test results, and how they look as JUnit XML. No times: the same results give the same text.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace cli {

enum class TestStatus : std::uint8_t { passed, failed, undecided, skipped };

struct TestResult {
  std::string path{};
  TestStatus status = TestStatus::passed;
  std::string details{};  // Lines.
};

std::string junit_text(std::span<const TestResult> results);

}  // namespace cli
