// SPDX-License-Identifier: Apache-2.0
// What tests of the command line share.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/scenario.hpp"

namespace cli::testing {

// What a command has said.
struct Said {
  int status = 0;
  std::string out{};
  std::string err{};
};

// The whole program but main().
Said program(const std::vector<std::string>& arguments);

// `shootdown run` and `shootdown replay` with these options, on a scenario that is no file.
Said run(const Scenario& scenario, const std::vector<std::string>& options = {});
Said replay(const Scenario& scenario, const std::vector<std::string>& options);

// The text of tests/cli/golden/NAME; with UPDATE_EXPECT=1 in the environment, `actual` becomes it.
std::string golden(const std::string& name, const std::string& actual);

bool contains(const std::string& text, const std::string& part);

// Lines that are wider than 80 columns.
std::vector<std::string> wide_lines(const std::string& text);

// A folder that is gone when the test is over.
class Folder {
 public:
  Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();

  std::string path(const std::string& name) const;
  std::string write(const std::string& name, const std::string& text) const;  // Its path.
  std::vector<std::string> files() const;                                     // Their names.

 private:
  std::filesystem::path path_;
};

// A scenario that holds, one whose claim fails, and one with a mistake.
inline constexpr const char* machine_text = R"(// SPDX-License-Identifier: Apache-2.0
host A { cpus 2; ram 64 pages; device rnic0: rnic }
)";
std::string good_text();
std::string failing_text();
std::string wrong_text();

}  // namespace cli::testing
