// SPDX-License-Identifier: Apache-2.0
// The files that a sweep leaves: its results in the order of the cells, and what `report` asks for.
// Equal results give equal bytes.
#pragma once

#include <string>
#include <vector>

#include "cli/sweep/findings.hpp"

namespace cli {

struct OutputFile {
  std::string name;
  std::string text;
};

// results.csv, results.jsonl, manifest.json
std::vector<OutputFile> result_files(const Findings& findings, const Json& manifest);
// table-1.txt, table-1.md, plot-2.svg
std::vector<OutputFile> report_files(const Findings& findings);

}  // namespace cli
