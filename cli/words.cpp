// SPDX-License-Identifier: Apache-2.0
#include "cli/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

#include "cli/costs.hpp"
#include "cli/formats/format.hpp"
#include "cli/names.hpp"
#include "cli/operations.hpp"
#include "cli/pages.hpp"
#include "model/flow/all.hpp"
#include "model/injection.hpp"
#include "model/policy/registry.hpp"
#include "scenarios/language/model_words.hpp"

namespace cli {
namespace {

using language::SettingRow;
using Words = std::vector<Word>;

struct List {
  std::string_view name;
  std::string_view noun;
};
constexpr std::array lists{
    List{"policies", "an invalidation policy"},
    List{"calls", "a call"},
    List{"operations", "an operation of Linux, as it was recorded"},
    List{"steps", "an inner step"},
    List{"events", "an event"},
    List{"properties", "a property"},
    List{"devices", "a kind of device"},
    List{"settings", "a setting"},
    List{"functions", "a function of conditions"},
    List{"regions", "a kind or a flag of a region"},
    List{"files", "a kind or a flag of a file"},
    List{"faults", "something that can be made to go wrong"},
    List{"units", "a unit"},
    List{"costs", "a cost"},
    List{"errors", "an error"},
    List{"signals", "a signal"},
    List{"constants", "a constant"},
    List{"notifications", "a kind of notification (enum mmu_notifier_event)"},
    List{"kernels", "a kernel version"},
    List{"formats", "a format of --format"},
};
constexpr auto names = [] {
  std::array<std::string_view, lists.size()> result{};
  for (std::size_t i = 0; i < lists.size(); ++i) result[i] = lists[i].name;
  return result;
}();

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
  return fmt::format("{}", fmt::join(words, separator));
}

std::string values_of(const SettingRow& row) {
  if (row.kind == language::SettingKind::truth) return "yes or no";
  if (!row.choices.empty() && row.kind == language::SettingKind::word) {
    return joined(row.choices, ", ");
  }
  return std::string(language::description(row.kind));
}

std::string setting_text(const SettingRow& row) {
  const std::string by_default =
      row.default_text.empty() ? "" : fmt::format(", default {}", row.default_text);
  return fmt::format("{} ({}{})", row.doc, values_of(row), by_default);
}

std::string_view page_of(std::string_view policy) {
  for (const Page& page : policy_pages) {
    if (page.name == policy) return page.text;
  }
  return {};
}

// What the first lines of a page say: the paragraph below its title.
std::string first_paragraph(std::string_view page) {
  std::string text;
  while (!page.empty()) {
    const std::size_t end = std::min(page.find('\n'), page.size());
    const std::string_view line = page.substr(0, end);
    page.remove_prefix(std::min(end + 1, page.size()));
    if (line.starts_with('#') || line.starts_with("<!--")) continue;
    if (line.empty() && !text.empty()) break;
    if (!text.empty()) text += ' ';
    text += line;
  }
  return text.substr(0, text.find(". ") == std::string::npos ? text.size() : text.find(". ") + 1);
}

// Its guarantees, as sentences: the rules that are never broken, and those that are.
std::string guarantees_text(const language::PolicyRow& row) {
  std::string text;
  if (!row.promises.empty()) text += "Promises never " + joined(row.promises, ", ") + ".";
  if (!row.promises.empty() && !row.breaks.empty()) text += ' ';
  if (!row.breaks.empty()) text += "Breaks " + joined(row.breaks, ", ") + ".";
  return text;
}

void add_policies(Words& words, const language::Vocabulary& known) {
  for (const language::PolicyRow& row : known.policies) {
    Word word{.list = "policies", .name = row.name, .meaning = row.doc};
    word.page = std::string(page_of(row.name));
    if (word.meaning.empty()) word.meaning = first_paragraph(word.page);
    word.guarantees = guarantees_text(row);
    for (const SettingRow& setting : row.settings) {
      word.details.emplace_back(setting.name, setting_text(setting));
    }
    words.push_back(std::move(word));
  }
}

constexpr std::size_t words_shown_max = 4;

std::string form_text(const std::string& name, const language::Form& form) {
  std::vector<std::string> parameters;
  for (const language::Parameter& parameter : form.parameters) {
    const bool listed = !parameter.words.empty() && parameter.words.size() <= words_shown_max;
    const std::string text = listed ? joined(parameter.words, "|") : parameter.name;
    parameters.push_back(parameter.optional ? "[" + text + "]" : text);
  }
  return fmt::format("{}({})", name, joined(parameters, ", "));
}

std::string lowered(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

void add_calls(Words& words, const language::Vocabulary& known) {
  const std::vector<std::string> steps = model::all_steps();
  for (const language::CallRow& row : known.calls) {
    Word word{.list = "calls", .name = row.name, .meaning = row.doc};
    for (const language::Form& form : row.forms) {
      word.details.emplace_back("form", form_text(row.name, form));
    }
    for (const language::Form& form : row.forms) {
      for (const language::Parameter& parameter : form.parameters) {
        if (parameter.words.size() <= words_shown_max) continue;
        const std::pair detail(parameter.name, joined(parameter.words, ", "));
        if (std::ranges::find(word.details, detail) == word.details.end()) {
          word.details.push_back(detail);
        }
      }
    }
    std::vector<std::string> actors;
    for (const language::ActorKind actor : row.actors) {
      actors.emplace_back(language::description(actor));
    }
    word.details.emplace_back("by", joined(actors, ", "));
    std::vector<std::string> own;
    const std::string prefix = lowered(row.name) + ".";
    for (const std::string& step : steps) {
      if (step.starts_with(prefix)) own.push_back(step.substr(prefix.size()));
    }
    if (!own.empty()) word.details.emplace_back("steps", joined(own, ", "));
    words.push_back(std::move(word));
  }
}

void add_events(Words& words, const language::Vocabulary& known) {
  for (const language::EventRow& row : known.events) {
    Word word{.list = "events", .name = row.name, .meaning = row.doc};
    if (!row.parameters.empty()) {
      word.details.emplace_back("form", form_text(row.name, {.parameters = row.parameters}));
    }
    words.push_back(std::move(word));
  }
}

void add_properties(Words& words) {
  for (const model::PropertyInfo& info : model::property_table) {
    words.push_back({.list = "properties",
                     .name = std::string(info.name),
                     .meaning = std::string(info.meaning),
                     .details = {{"code", std::string(info.code)},
                                 {"claim", fmt::format("never {}", info.name)}}});
  }
}

void add_settings(Words& words, const std::vector<SettingRow>& rows, const std::string& of) {
  for (const SettingRow& row : rows) {
    words.push_back({.list = "settings",
                     .name = row.name,
                     .meaning = setting_text(row),
                     .details = {{"of", of}}});
    add_settings(words, row.nested, fmt::format("{} of {}", row.name, of));
  }
}

void add_all_settings(Words& words, const language::Vocabulary& known) {
  add_settings(words, known.host_settings, "host");
  for (const language::DeviceKindRow& row : known.device_kinds) {
    add_settings(words, row.settings, "device " + row.name);
  }
  add_settings(words, known.switch_settings, "switch");
  add_settings(words, known.link_settings, "link");
  add_settings(words, known.process_settings, "process");
  add_settings(words, known.run_settings, "run");
  add_settings(words, known.workload_settings, "workload");
  add_settings(words, known.trace_settings, "trace");
  for (const language::PolicyRow& row : known.policies) {
    add_settings(words, row.settings, "policy " + row.name);
  }
  if (!known.kernels.empty()) add_settings(words, known.kernels.front().switches, "kernel");
}

void add_devices(Words& words, const language::Vocabulary& known) {
  for (const language::DeviceKindRow& row : known.device_kinds) {
    Word word{.list = "devices", .name = row.name, .meaning = row.doc};
    for (const SettingRow& setting : row.settings) {
      word.details.emplace_back(setting.name, setting_text(setting));
    }
    words.push_back(std::move(word));
  }
}

void add_costs(Words& words) {
  for (const model::CostInfo& info : model::cost_table) words.push_back(cost_word(info));
}

void add_functions(Words& words, const language::Vocabulary& known) {
  for (const language::FunctionRow& row : known.functions) {
    Word word{.list = "functions", .name = row.name, .meaning = row.doc};
    for (const language::Form& form : row.forms) {
      word.details.emplace_back("form", form_text(row.name, form));
    }
    if (!row.fields.empty()) word.details.emplace_back("fields", joined(row.fields, ", "));
    words.push_back(std::move(word));
  }
}

void add_entries(Words& words, std::string_view list, const std::vector<language::Entry>& rows) {
  for (const language::Entry& row : rows) {
    words.push_back({.list = list, .name = row.name, .meaning = row.doc});
  }
}

void add_operations(Words& words) {
  for (const OperationInfo& info : operations()) {
    words.push_back({.list = "operations", .name = info.name, .meaning = info.about});
  }
}

void add_rest(Words& words, const language::Vocabulary& known) {
  for (const std::string& step : model::all_steps())
    words.push_back({.list = "steps", .name = step});
  for (const language::UnitRow& row : known.units) {
    words.push_back({.list = "units", .name = row.name, .meaning = row.doc});
  }
  add_entries(words, "regions", known.region_kinds);
  add_entries(words, "regions", known.region_flags);
  add_entries(words, "files", known.file_kinds);
  add_entries(words, "files", known.file_flags);
  add_entries(words, "errors", known.errors);
  add_entries(words, "signals", known.signals);
  for (const language::ConstantRow& row : known.constants) {
    words.push_back({.list = "constants", .name = row.name, .meaning = row.doc});
  }
  for (std::uint32_t event = 0; event < notifier_event_count; ++event) {
    words.push_back({.list = "notifications",
                     .name = std::string(notifier_event_name(event)),
                     .meaning = std::string(notifier_event_meaning(event))});
  }
  for (const model::InjectionInfo& info : model::injection_list()) {
    words.push_back({.list = "faults",
                     .name = std::string(info.name),
                     .meaning = std::string(info.meaning),
                     .details = {{"form", std::string(info.written)}}});
  }
  for (const language::KernelRow& row : known.kernels) {
    words.push_back({.list = "kernels", .name = row.version, .meaning = row.doc});
  }
  for (const FormatInfo& format : formats()) {
    words.push_back({.list = "formats",
                     .name = std::string(format.name),
                     .meaning = std::string(format.meaning)});
  }
}

}  // namespace

std::span<const std::string_view> word_lists() { return names; }

std::string_view noun_of(std::string_view list) {
  const auto* found = std::ranges::find(lists, list, &List::name);
  return found == lists.end() ? std::string_view() : found->noun;
}

const std::vector<Word>& all_words() {
  static const Words all = [] {
    const language::Vocabulary& known = language::full_vocabulary();
    Words words;
    add_policies(words, known);
    add_calls(words, known);
    add_events(words, known);
    add_properties(words);
    add_devices(words, known);
    add_all_settings(words, known);
    add_functions(words, known);
    add_costs(words);
    add_operations(words);
    add_rest(words, known);
    return words;
  }();
  return all;
}

}  // namespace cli
