// SPDX-License-Identifier: Apache-2.0
// Shrinker: makes a scenario smaller as long as the same claim still fails: leaves out statements,
// lines and pages (delta debugging: large pieces first, then single ones), and then takes the
// shortest execution of what is left.
#pragma once

#include <optional>
#include <string>

#include "cli/outcome.hpp"

namespace cli {

class Shrinker {
 public:
  // `path` is where the smaller scenario will be; imports are looked for beside it.
  Shrinker(const Options& options, std::string path, std::string claim);

  // Some execution of this text breaks the claim.
  bool fails(const std::string& text);
  // The smallest that was found; `text` fails.
  std::string shrink(std::string text);
  // How many texts were tried.
  std::uint64_t tried() const { return tried_; }

  // The scenario of this text, if nothing is wrong with it.
  std::optional<Scenario> load(const std::string& text) const;

 private:
  bool shrink_part(std::string& text, std::uint8_t part);

  Options options_;
  std::string path_;
  std::string claim_;
  std::uint64_t tried_ = 0;
};

// The text laid out; empty if it has mistakes.
std::string laid_out(const std::string& text);

// Of the claim with this text, or null.
const model::ClaimResult* result_of(const Case& what, const Outcome& outcome,
                                    const std::string& claim);

}  // namespace cli
