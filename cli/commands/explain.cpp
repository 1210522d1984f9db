// SPDX-License-Identifier: Apache-2.0
// explain WORD: all that is known under that name.
#include <algorithm>

#include "cli/commands/all.hpp"
#include "cli/demonstration.hpp"
#include "cli/layout.hpp"
#include "cli/operations.hpp"
#include "cli/words.hpp"
#include "model/event.hpp"
#include "scenarios/language/nearest.hpp"

namespace cli {
namespace {

constexpr std::size_t key_width_max = 20;
constexpr std::size_t legend_width = 19;

bool same(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, [](char a, char b) {
    const auto lower = [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return lower(a) == lower(b);
  });
}

// A page that has a line for each setting need not be told them once more.
bool page_has_all(const Word& word) {
  return std::ranges::all_of(word.details, [&](const auto& detail) {
    return word.page.find('`' + detail.first + '`') != std::string::npos;
  });
}

void write_word(Output& out, const Word& word) {
  out.print("{}: {}\n", out.styled(Style::strong, word.name), noun_of(word.list));
  if (!word.meaning.empty() && word.page.empty()) out.write(flowed("  ", word.meaning, 2));
  if (!word.guarantees.empty()) out.write(flowed("  ", word.guarantees, 2));
  std::size_t width = 0;
  if (!word.page.empty() && page_has_all(word)) {
    out.print("\n{}", word.page);
    return;
  }
  for (const auto& [key, text] : word.details) width = std::max(width, width_of(key));
  width = std::min(width, key_width_max);
  if (word.list == "policies" && !word.details.empty()) out.write("\nSettings:\n");
  for (const auto& [key, text] : word.details) {
    out.write(flowed("  " + padded(key, width) + "  ", text, width + 4));
  }
  if (!word.page.empty()) out.print("\n{}{}", word.page, word.page.ends_with('\n') ? "" : "\n");
}

void write_demonstrations(Output& out, const Word& word, Verbosity verbosity) {
  if (word.list != "calls") return;
  const std::vector<Demonstration> demonstrations = demonstrations_of(word.name, verbosity);
  if (!demonstrations.empty()) out.print("\n  What happens, with {}:\n", demonstration_setting());
  for (const Demonstration& shown : demonstrations) {
    out.print("  {}\n", shown.title);
    for (const std::string& line : shown.lines) out.print("    {}\n", line);
  }
}

void write_steps(Output& out, const std::vector<OperationStep>& steps) {
  for (const OperationStep& step : steps) {
    out.write(flowed("  ", step.text, 4));
    for (const std::string& call : step.calls) out.write(flowed("    ", call, 6));
    if (step.lines.empty()) out.write("      nothing\n");
    for (const std::string& line : step.lines) out.print("      {}\n", line);
  }
}

// What the names of the events stand for that the steps mention.
void write_legend(Output& out, const std::vector<OperationStep>& steps) {
  out.write("\n");
  for (const model::EventInfo& info : model::event_table) {
    const std::string start = fmt::format("  {} ", info.name);
    const bool mentioned = std::ranges::any_of(steps, [&](const OperationStep& step) {
      return std::ranges::any_of(
          step.lines, [&](const std::string& line) { return (line + " ").starts_with(start); });
    });
    if (!mentioned) continue;
    const std::string name = "  " + padded(info.name, legend_width) + "  ";
    out.write(flowed(name, std::string(info.meaning), name.size()));
  }
}

// What Linux does, as the model has it.
void write_operation(Output& out, const Word& word, const Options& options) {
  const std::string& asked = options.choices.kernel;
  const std::string version = asked.empty() ? model::Setup().kernel : asked;
  if (word.list == "operations") {
    out.print("\n  In Linux {}, of pages m and t:\n", version);
    const std::vector<OperationStep> steps = steps_of(word.name, version, options.verbosity);
    write_steps(out, steps);
    return write_legend(out, steps);
  }
  if (word.list != "calls") return;
  const std::vector<OperationStep> steps = steps_with(word.name, version);
  if (steps.empty()) return;
  out.print("\n  In Linux {} (explain OPERATION shows more):\n", version);
  write_steps(out, steps);
}

bool is_kernel(std::string_view version) {
  return version.empty() || std::ranges::any_of(all_words(), [&](const Word& word) {
           return word.list == "kernels" && word.name == version;
         });
}

}  // namespace

ExitStatus explain_word(Session& session) {
  const std::string wanted = fmt::format("{}", fmt::join(session.options.words, " "));
  const std::string& kernel = session.options.choices.kernel;
  if (!is_kernel(kernel)) {
    session.err.print("shootdown: '{}' is not a kernel known here; see 'list kernels'\n", kernel);
    return ExitStatus::misuse;
  }
  std::vector<std::string> known;
  std::size_t shown = 0;
  for (const Word& word : all_words()) {
    known.push_back(word.name);
    if (!same(word.name, wanted)) continue;
    if (shown++ > 0) session.out.write("\n");
    write_word(session.out, word);
    write_demonstrations(session.out, word, session.options.verbosity);
    write_operation(session.out, word, session.options);
  }
  if (shown > 0) return ExitStatus::ok;
  const auto meant = language::nearest(wanted, known);
  session.err.print("shootdown: nothing is known of '{}'{}\n", wanted,
                    meant ? fmt::format("; did you mean '{}'?", *meant) : "");
  return ExitStatus::misuse;
}

}  // namespace cli
