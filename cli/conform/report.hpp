// SPDX-License-Identifier: Apache-2.0
// What a comparison with one record has found, as text or as JSON Lines.
#pragma once

#include <string>
#include <vector>

#include "cli/conform/comparison.hpp"
#include "cli/conform/record.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"

namespace cli::conform {

struct Tally {
  std::size_t steps = 0;  // Those that are the same at each boot.
  std::size_t agree = 0;
  std::size_t varying = 0;  // The others: only what was before and after is compared.
  std::size_t varying_agree = 0;

  void add(const StepResult& step);
  bool good() const { return agree == steps && varying_agree == varying; }
};

class Report {
 public:
  Report(const Options& options, Output& out, const Record& record);

  void operation(const std::string& file, const std::string& name,
                 const std::vector<StepResult>& steps);
  void cut_off(const std::string& name);       // Its run did not come to rest.
  void no_operation(const std::string& name);  // A scenario that the record does not have.
  void no_scenario(const std::string& name);   // An operation that no scenario tells.
  void finish();
  bool good() const { return tally_.good() && cut_off_.empty(); }

 private:
  void print_step(const StepResult& step) const;
  void print_json(const std::string& file, const std::string& name, const StepResult& step) const;

  const Options& options_;
  Output& out_;
  const Record& record_;
  Tally tally_;
  std::size_t operations_ = 0;
  std::size_t operations_agree_ = 0;
  std::vector<std::string> without_operation_;
  std::vector<std::string> without_scenario_;
  std::vector<std::string> cut_off_;
};

}  // namespace cli::conform
