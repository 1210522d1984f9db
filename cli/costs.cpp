// SPDX-License-Identifier: Apache-2.0
#include "cli/costs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/pages.hpp"
#include "scenarios/language/parse.hpp"

namespace cli {
namespace {

// "129.3us": in the largest unit of which it is at least one.
std::string time_text(sim::Nanoseconds time) {
  struct Unit {
    sim::Nanoseconds size;
    std::string_view name;
  };
  constexpr std::array units{Unit{1'000'000'000, "s"}, Unit{1'000'000, "ms"}, Unit{1000, "us"},
                             Unit{1, "ns"}};
  const auto* unit =
      std::ranges::find_if(units, [&](const Unit& each) { return time >= each.size; });
  if (unit == units.end()) return "0ns";
  std::string text = std::to_string(time / unit->size);
  if (const sim::Nanoseconds rest = time % unit->size; rest != 0) {
    std::string digits = std::to_string(unit->size + rest).substr(1);
    digits.erase(digits.find_last_not_of('0') + 1);
    text += "." + digits;
  }
  return text + std::string(unit->name);
}

// What the source says of a figure: its value, range, and where it comes from.
struct Figure {
  std::string value;
  std::string basis;
  std::string source;
};

Word word_of(const model::CostInfo& info, const Figure& figure) {
  const std::string range =
      info.high == 0 ? "" : fmt::format(", {} to {}", time_text(info.low), time_text(info.high));
  const std::string basis = figure.basis.empty() ? "" : figure.basis + ": ";
  return {.list = "costs",
          .name = std::string(info.name),
          .meaning = fmt::format("{}: {} per {}{} ({}{})", info.meaning, figure.value, info.per,
                                 range, basis, figure.source),
          .details = {{"value", figure.value},
                      {"unit", "ns"},
                      {"per", std::string(info.per)},
                      {"range", info.high == 0 ? "unknown" : range.substr(2)},
                      {"basis", figure.basis.empty() ? "profile" : figure.basis},
                      {"source", figure.source}}};
}

std::string without_slashes(std::string_view comment) {
  const std::size_t begin = comment.find_first_not_of("/ ");
  return begin == std::string_view::npos ? std::string() : std::string(comment.substr(begin));
}

// The comment at the end of that line.
std::string comment_on(const language::Source& source, const language::File& file,
                       std::uint32_t line) {
  for (const language::Comment& comment : file.comments) {
    if (source.line_of(comment.span.offset) != line) continue;
    return without_slashes(source.text_of(comment.span));
  }
  return "no source given";
}

// Without the licence.
std::string head_of(const language::Source& source) {
  std::string text;
  for (std::uint32_t line = 1; line <= source.line_starts.size(); ++line) {
    const std::string_view whole = source.line_text(line);
    if (!whole.starts_with("//")) break;
    if (whole.find("SPDX") != std::string_view::npos) continue;
    text += (text.empty() ? "" : " ") + without_slashes(whole);
  }
  return text;
}

CostProfile read_profile(const Page& page) {
  language::Sources sources([](const std::string&) { return std::nullopt; });
  const language::SourceId id = sources.add(std::string(page.name), std::string(page.text));
  const language::ParsedFile parsed = language::parse_file(sources, id);
  const language::Source& source = sources.at(id);
  CostProfile profile{.name = std::string(page.name), .about = head_of(source), .costs = {}};
  for (const language::Item& item : parsed.file.items) {
    const auto* cost = std::get_if<language::Cost>(&item.node);
    if (cost == nullptr) continue;
    for (const language::Setting& setting : cost->settings) {
      const auto* info =
          std::ranges::find(model::cost_table, setting.name.text, &model::CostInfo::name);
      if (info == model::cost_table.end() || setting.values.empty()) continue;
      const std::uint32_t line = source.line_of(setting.span.offset);
      profile.costs.push_back(
          word_of(*info, {.value = std::string(source.text_of(setting.values[0].span)),
                          .basis = "",
                          .source = comment_on(source, parsed.file, line)}));
    }
  }
  return profile;
}

}  // namespace

Word cost_word(const model::CostInfo& info) {
  return word_of(info, {.value = time_text(info.value),
                        .basis = std::string(model::name_of(info.basis)),
                        .source = std::string(info.source)});
}

std::vector<std::string> cost_profile_names() {
  std::vector<std::string> names;
  for (const Page& page : cost_profiles) names.emplace_back(page.name);
  return names;
}

std::optional<CostProfile> find_cost_profile(std::string_view name) {
  std::string wanted(name);
  std::ranges::replace(wanted, '_', '-');
  for (const Page& page : cost_profiles) {
    if (page.name == wanted) return read_profile(page);
  }
  return std::nullopt;
}

}  // namespace cli
