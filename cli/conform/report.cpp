// SPDX-License-Identifier: Apache-2.0
#include "cli/conform/report.hpp"

#include "cli/json.hpp"
#include "cli/layout.hpp"

namespace cli::conform {
namespace {

constexpr std::size_t diff_indent = 4;
constexpr std::size_t names_max = 8;          // Of a list, unless all are asked for.
constexpr std::size_t continued_indent = 11;  // Behind "before ".

std::string_view word_of(Agreement agreement) {
  switch (agreement) {
    case Agreement::agrees:
      return "agrees";
    case Agreement::differs:
      return "differs";
    case Agreement::missing:
      return "missing";
  }
  return {};
}

Style style_of(char mark) {
  if (mark == '-') return Style::bad;
  return mark == '+' ? Style::good : Style::plain;
}

// The first word is never left alone.
std::string wrapped(const std::string& head, const std::string& text) {
  const std::size_t space = text.find_first_of(' ', text.find_first_not_of(' '));
  if (space == std::string::npos) return head + text + '\n';
  return flowed(head + text.substr(0, space + 1), text.substr(space + 1), continued_indent);
}

}  // namespace

void Tally::add(const StepResult& step) {
  const bool agrees = step.agreement == Agreement::agrees;
  ++(step.stable ? steps : varying);
  if (agrees) ++(step.stable ? agree : varying_agree);
}

Report::Report(const Options& options, Output& out, const Record& record)
    : options_(options), out_(out), record_(record) {}

void Report::print_step(const StepResult& step) const {
  out_.write(flowed(fmt::format("  {} ", step.number), step.text, diff_indent));
  if (step.agreement == Agreement::missing) {
    return out_.print("{:{}}the scenario has no such step, or its run did not get there\n", "",
                      diff_indent);
  }
  if (step.agreement == Agreement::agrees) {
    return out_.print("{:{}}the same\n", "", diff_indent);
  }
  if (!step.stable)
    out_.print("{:{}}(varies between boots; events not compared)\n", "", diff_indent);
  out_.print("  --- linux {}\n  +++ model\n", record_.version);
  bool first = true;
  for (const DiffLine& line : diff(step.record, step.model)) {
    const bool marked = first && line.mark != ' ';
    if (marked) first = false;
    const std::string head = fmt::format("{} {} ", marked ? '>' : ' ', line.mark);
    out_.write(out_.styled(style_of(line.mark), wrapped(head, line.text)));
  }
}

void Report::print_json(const std::string& file, const std::string& name,
                        const StepResult& step) const {
  Json json = {{"v", 1},
               {"kernel", record_.version},
               {"operation", name},
               {"file", file},
               {"step", step.number},
               {"do", step.text},
               {"result", word_of(step.agreement)},
               {"stable", step.stable}};
  if (step.agreement != Agreement::agrees) {
    json["record"] = step.record;
    json["model"] = step.model;
  }
  out_.print("{}\n", to_text(json));
}

void Report::operation(const std::string& file, const std::string& name,
                       const std::vector<StepResult>& steps) {
  Tally own;
  for (const StepResult& step : steps) {
    own.add(step);
    tally_.add(step);
    if (options_.json) print_json(file, name, step);
  }
  ++operations_;
  if (own.good()) ++operations_agree_;
  if (options_.json || options_.verbosity == Verbosity::quiet) return;
  const bool verbose = options_.verbosity == Verbosity::verbose;
  if (own.good() && !verbose) return;
  const std::string head = padded(name, 24) + fmt::format("  {} of {}", own.agree, own.steps);
  out_.print("{}{}\n", out_.styled(Style::strong, head),
             own.varying == 0 ? "" : fmt::format(", {} vary", own.varying));
  for (const StepResult& step : steps) {
    const bool agrees = step.agreement == Agreement::agrees;
    if (!agrees) print_step(step);
  }
}

void Report::cut_off(const std::string& name) { cut_off_.push_back(name); }
void Report::no_operation(const std::string& name) { without_operation_.push_back(name); }
void Report::no_scenario(const std::string& name) { without_scenario_.push_back(name); }

void Report::finish() {
  if (options_.json) {
    const Json json = {{"v", 1},
                       {"kernel", record_.version},
                       {"record", record_.kernel},
                       {"operations", operations_},
                       {"operations_agree", operations_agree_},
                       {"steps", tally_.steps},
                       {"agree", tally_.agree},
                       {"varying", tally_.varying},
                       {"varying_agree", tally_.varying_agree},
                       {"without_scenario", without_scenario_},
                       {"without_operation", without_operation_},
                       {"cut_off", cut_off_}};
    return out_.print("{}\n", to_text(json));
  }
  const auto names = [&](std::string_view what, std::vector<std::string> list) {
    if (list.empty()) return;
    const bool all = options_.verbosity == Verbosity::verbose || list.size() <= names_max;
    if (!all) {
      const std::size_t more = list.size() - names_max + 1;
      list.resize(names_max - 1);
      list.push_back(fmt::format("and {} more", more));
    }
    out_.write(flowed(fmt::format("linux {}: {}: ", record_.version, what), list, ", ", 2));
  };
  names("no scenario for", without_scenario_);
  names("not in the record", without_operation_);
  names("never at rest", cut_off_);
  out_.print("linux {}: {} of {} steps agree, {} more vary between boots; {} of {} operations\n",
             record_.version, tally_.agree, tally_.steps, tally_.varying, operations_agree_,
             operations_);
}

}  // namespace cli::conform
