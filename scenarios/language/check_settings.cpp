// SPDX-License-Identifier: Apache-2.0
// Settings against their rows: of hosts, devices, links, policies, kernels and costs.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "scenarios/language/checking.hpp"

namespace language {
namespace {

const std::vector<std::string> truths{"yes", "no", "on", "off"};

const std::vector<std::string>* words_of(const SettingRow& row) {
  if (row.kind == SettingKind::truth) return &truths;
  return row.kind == SettingKind::word ? &row.choices : nullptr;
}

bool one_of(const Value& value, const std::vector<std::string>& words) {
  return value.word() != nullptr && std::ranges::find(words, value.word()->text) != words.end();
}

Dimension dimension_of(SettingKind kind) {
  switch (kind) {
    case SettingKind::duration:
    case SettingKind::cost:
      return Dimension::time;
    case SettingKind::size:
      return Dimension::size;
    case SettingKind::bandwidth:
      return Dimension::bandwidth;
    case SettingKind::rate:
      return Dimension::rate;
    default:
      return Dimension::none;
  }
}

// A word of a closed list, or a param whose values are such words.
void check_word(Checking& checking, const Expr& expr, std::string_view what,
                const std::vector<std::string>& words) {
  for (const Assignment& sample : checking.samples) {
    const Value value = evaluate(checking.checked, sample, expr).value;
    if (one_of(value, words)) continue;
    if (single_name(expr) == nullptr || value.word() == nullptr) {
      return report(checking, expr.span, fmt::format("expected {}", listed(words)));
    }
    return report_unknown(checking, expr.span, value.word()->text, what, words);
  }
}

// all, none, 16 pages, 20%.
void check_portion(Checking& checking, const Expr& expr, const SettingRow& row) {
  for (const Assignment& sample : checking.samples) {
    const Value value = evaluate(checking.checked, sample, expr).value;
    if (value.word() != nullptr && (value.word()->text == "all" || value.word()->text == "none")) {
      continue;
    }
    const Quantity* quantity = value.quantity();
    const bool pages = quantity != nullptr && quantity->dimension == Dimension::pages;
    const bool share = quantity != nullptr && quantity->dimension == Dimension::none &&
                       quantity->amount <= Rational(1);
    if ((pages || share) && !(quantity->amount < Rational(0))) continue;
    return report(checking, expr.span,
                  fmt::format("'{}' takes {}", row.name, description(row.kind)));
  }
}

void check_device(Checking& checking, const Expr& expr) {
  const auto* path = std::get_if<PathExpr>(&expr.node);
  if (path == nullptr) return report(checking, expr.span, "a device is wanted, as A.rnic0");
  find_device(checking, path->path);
}

void check_amount(Checking& checking, const Expr& expr, const SettingRow& row) {
  const std::size_t before = checking.checked.problems.size();
  infer(checking, {}, expr);
  if (checking.checked.problems.size() != before) return;
  for (const Assignment& sample : checking.samples) {
    const Evaluated result = evaluate(checking.checked, sample, expr);
    if (!result.problem.empty()) return report(checking, expr.span, result.problem);
    if (fits_setting(row, result.value)) continue;
    return report(checking, expr.span,
                  fmt::format("'{}' takes {}, not '{}'", row.name, description(row.kind),
                              result.value.text()));
  }
}

// What the parameters of a distribution are, by its entry: `lognormal(median, sigma)`.
struct Parameters {
  std::string_view name;
  std::size_t times = 1;
  std::size_t numbers = 0;
};
constexpr Parameters parameters[] = {
    {"const"}, {"uniform", 2}, {"normal", 2}, {"lognormal", 1, 1}, {"exp"}};

// The amounts of an argument, for each sample; none if that was reported.
std::vector<Rational> check_parameter(Checking& checking, const Expr& expr, Dimension dimension) {
  const std::size_t before = checking.checked.problems.size();
  infer(checking, {}, expr);
  std::vector<Rational> amounts;
  if (checking.checked.problems.size() != before) return amounts;
  for (const Assignment& sample : checking.samples) {
    const Evaluated result = evaluate(checking.checked, sample, expr);
    const auto amount = amount_in(result.value, dimension);
    if (amount && *amount >= Rational(0)) {
      amounts.push_back(*amount);
      continue;
    }
    const std::string_view wanted = dimension == Dimension::time ? "a time" : "a number";
    report(checking, expr.span, fmt::format("expected {}", wanted));
    return {};
  }
  return amounts;
}

// lognormal(2.1us, 0.35)
void check_distribution(Checking& checking, const CallExpr& call) {
  const std::string name = call.function.text();
  const Entry* entry = find(checking.vocabulary.distributions, name);
  if (entry == nullptr) {
    return report_unknown(checking, call.function.span, name, "a distribution",
                          names_of(checking.vocabulary.distributions));
  }
  const auto form = [&] { return fmt::format("a distribution is written {}", entry->doc); };
  const auto* known = std::ranges::find(parameters, name, &Parameters::name);
  if (known == std::end(parameters)) {  // empirical("file.csv")
    const bool file =
        call.args.size() == 1 && std::holds_alternative<StringExpr>(call.args[0].value.node);
    return file ? void() : report(checking, call.function.span, form());
  }
  if (call.args.size() != known->times + known->numbers) {
    return report(checking, call.function.span, form());
  }
  std::vector<std::vector<Rational>> amounts;
  for (std::size_t i = 0; i < call.args.size(); ++i) {
    const Dimension dimension = i < known->times ? Dimension::time : Dimension::none;
    amounts.push_back(check_parameter(checking, call.args[i].value, dimension));
  }
  for (std::size_t i = 0; i < std::min(amounts.front().size(), amounts.back().size()); ++i) {
    if (name == "uniform" && amounts[1][i] < amounts[0][i]) {
      return report(checking, call.args[1].value.span, "the most is less than the least");
    }
    if (name == "lognormal" && amounts[0][i] < Rational(1)) {
      return report(checking, call.args[0].value.span, "the median is at least 1ns");
    }
  }
}

void check_value(Checking& checking, const Expr& value, const SettingRow& row) {
  if (const std::vector<std::string>* words = words_of(row)) {
    return check_word(checking, value, fmt::format("a value of '{}'", row.name), *words);
  }
  if (const auto* call = std::get_if<CallExpr>(&value.node);
      call != nullptr && row.kind == SettingKind::cost) {
    return check_distribution(checking, *call);
  }
  if (row.kind == SettingKind::portion) return check_portion(checking, value, row);
  if (row.kind == SettingKind::device) return check_device(checking, value);
  check_amount(checking, value, row);
}

}  // namespace

bool fits_setting(const SettingRow& row, const Value& value) {
  if (const std::vector<std::string>* words = words_of(row)) return one_of(value, *words);
  const auto amount = amount_in(value, dimension_of(row.kind));
  if (!amount || *amount < Rational(0)) return false;
  switch (row.kind) {
    case SettingKind::number:
    case SettingKind::count:
      return amount->whole();
    case SettingKind::share:
      return *amount <= Rational(1);
    default:
      return true;
  }
}

void check_settings(Checking& checking, const std::vector<Setting>& settings,
                    const std::vector<SettingRow>& rows, std::string_view what) {
  std::set<std::string_view> seen;
  for (const Setting& setting : settings) {
    if (!seen.insert(setting.name.text).second && !setting.name.text.empty()) {
      report(checking, setting.name.span, fmt::format("'{}' is set twice", setting.name.text));
    }
    const SettingRow* row = find(rows, setting.name.text);
    if (row == nullptr) {
      report_unknown(checking, setting.name.span, setting.name.text,
                     fmt::format("a setting of {}", what), row_names(rows), "settings");
      continue;
    }
    check_setting_values(checking, setting, *row);
  }
}

void check_setting_values(Checking& checking, const Setting& setting, const SettingRow& row) {
  if (row.kind == SettingKind::block) {
    if (!setting.block || !setting.values.empty()) {
      report(checking, setting.name.span,
             fmt::format("'{0}' has settings of its own: write '{0} {{ ... }}'", row.name));
    }
    return check_settings(checking, setting.nested, row.nested, fmt::format("'{}'", row.name));
  }
  if (setting.block) {
    return report(checking, setting.name.span,
                  fmt::format("'{}' has no settings of its own", row.name));
  }
  if (setting.values.empty()) {
    return report(checking, setting.name.span,
                  fmt::format("'{}' has no value; expected {}", row.name, description(row.kind)));
  }
  check_value(checking, setting.values.front(), row);
  for (std::size_t i = 1; i < setting.values.size(); ++i) {
    if (row.choices.empty() || row.kind == SettingKind::word || i > 1) {
      report(checking, setting.values[i].span, fmt::format("'{}' takes one value", row.name));
      break;
    }
    check_word(checking, setting.values[i], fmt::format("a word of '{}'", row.name), row.choices);
  }
}

}  // namespace language
