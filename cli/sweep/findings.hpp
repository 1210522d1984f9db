// SPDX-License-Identifier: Apache-2.0
// What the cells of a sweep say together: of each value that is reported, in each group of cells,
// the mean; and what is not as the scenario says.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/exit_status.hpp"
#include "cli/output.hpp"
#include "cli/sweep/estimate.hpp"
#include "cli/sweep/result.hpp"

namespace cli {

using Results = std::vector<std::optional<CellResult>>;  // By cell.

class Findings {
 public:
  Findings(const Plan& plan, const Results& results);

  const std::vector<CheckResult>& checks(std::size_t cell) const { return checks_[cell]; }
  // Of Statistics::reported; none if something that it asks for was not measured.
  std::optional<double> reported(std::size_t cell, std::size_t number) const;
  std::vector<double> reported(const std::vector<std::size_t>& cells, std::size_t number) const;
  // Cells with the same values of these, in the order of the cells.
  std::vector<std::vector<std::size_t>> groups(const std::vector<std::string>& names) const;
  // Guarantees that broke in some of these cells.
  std::vector<std::string> broken(const std::vector<std::size_t>& cells) const;

  const Plan& plan() const { return plan_; }
  const Results& results() const { return results_; }
  const std::vector<language::ReportPlan>& reports() const { return reports_; }
  const std::vector<language::Statistic>& columns() const { return columns_; }

  // Of the cells that were made: one of these is not as claimed, or it is not known.
  ExitStatus status() const;
  // What is not as claimed, with the command that runs it: the first seed of each choice of params
  // and policy, and at most so many of these.
  void write_failures(Output& out, std::size_t most) const;

 private:
  bool failed(std::size_t cell) const;

  const Plan& plan_;
  const Results& results_;
  std::vector<std::vector<CheckResult>> checks_;
  std::vector<std::vector<std::optional<double>>> reported_;
  std::vector<language::ReportPlan> reports_;
  std::vector<language::Statistic> columns_;
};

std::string_view unit_of(language::Dimension dimension);  // As in Measure.

}  // namespace cli
