// SPDX-License-Identifier: Apache-2.0
// What the parts of the checker share: the result so far and the names that were declared.
// Private to check*.cpp.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/language/check.hpp"
#include "scenarios/language/evaluate.hpp"

namespace language {

struct Order {  // When a step happens, as far as the text says.
  std::uint32_t block = 0;
  bool in_init = false;
};

struct Checking {
  Checked& checked;
  const Vocabulary& vocabulary;
  const Overrides& overrides;

  // Everything with a name of its own, by that name; labels have their own names.
  std::map<std::string, std::vector<Symbol>, std::less<>> symbols = {};
  std::map<std::string, std::uint32_t, std::less<>> labels = {};
  std::vector<std::string> chosen_policies = {};  // That may be in force.
  std::vector<Assignment> samples = {};
  std::vector<Order> orders = {};               // By index of Checked::steps.
  std::vector<std::uint32_t> assigned_at = {};  // By variable: the first step that assigns it.
};

// Where an expression stands: decides which names it can see.
struct Scope {
  Symbol actor = {};                         // Of the statement; none in a claim.
  std::optional<std::uint32_t> thread = {};  // Whose registers are seen by their bare names.
  std::optional<std::uint32_t> step = {};    // Index into Checked::steps.
  bool any_register = false;                 // In claims: also registers, if there is one only.
  const std::vector<std::string>* words = nullptr;  // That may stand here and name nothing.
  std::string_view words_of = "";                   // Whose words they are: "param 'policy'".
};

// Where nobody acts: in a claim, a check, a column to watch.
inline const Scope anywhere{.any_register = true};

struct Type {
  Kind kind = Kind::unknown;
  std::optional<Dimension> dimension = {};  // Of a number, when known.
};

// check_report.cpp
void report(Checking& checking, Span span, std::string message);
void report_with_note(Checking& checking, Span span, std::string message, Note note);
// "'x' is not <what>; did you mean 'y'?", or the whole list if it is short and nothing is near.
// `list` names the `shootdown list` that shows a long list.
void report_unknown(Checking& checking, Span span, std::string_view word, std::string_view what,
                    const std::vector<std::string>& known, std::string_view list = "");
void report_suggesting(Checking& checking, Span span, std::string message, std::string suggestion);
void report_undefined(Checking& checking, const Scope& scope, const Name& name);
void report_unknown_unit(Checking& checking, const NumberExpr& number);
std::vector<std::string> names_of(const std::vector<Entry>& entries);
template <class Row>
std::vector<std::string> row_names(const std::vector<Row>& rows) {
  std::vector<std::string> names;
  for (const Row& row : rows) names.push_back(row.name);
  return names;
}
std::string listed(const std::vector<std::string>& words);  // "a, b or c"
std::string with_article(std::string_view noun);            // "an event"

// check_symbols.cpp
const Name& name_of(const Checked& checked, Symbol symbol);
std::string text_of(const Checked& checked, Symbol symbol);  // "A.rnic0"
Kind kind_of(const Checked& checked, Symbol symbol);
std::optional<std::uint32_t> host_of(const Checked& checked, Symbol symbol);
// Makes a name known; a second of that name is a problem, unless `own` says that they differ.
void declare(Checking& checking, const Name& name, Symbol symbol);
// Empty, and reported, if there is no such thing.
std::optional<Symbol> look_up(Checking& checking, const Scope& scope, const Name& name);
std::optional<Symbol> look_up(Checking& checking, const Scope& scope, const Path& path);
std::optional<Symbol> find_host(Checking& checking, const Name& name);
std::optional<Symbol> find_process(Checking& checking, const Name& name);
std::optional<Symbol> find_file(Checking& checking, const Name& name);
std::optional<Symbol> find_device(Checking& checking, const Path& path);
std::optional<Symbol> find_link_end(Checking& checking, const Path& path);
std::optional<Symbol> find_actor(Checking& checking, const Path& path);
std::optional<std::uint32_t> find_label(Checking& checking, const Name& name);
std::optional<std::uint32_t> find_thread(Checking& checking, const Path& path);
std::optional<std::uint32_t> find_register(Checking& checking, std::uint32_t thread,
                                           const Name& name);

// check_expr.cpp
Type infer(Checking& checking, const Scope& scope, const Expr& expr);
// A condition: something that is true or not.
void check_condition(Checking& checking, const Scope& scope, const Expr& expr);
// A number of that dimension, for each value that the params take. Says what it wants if not.
void check_quantity(Checking& checking, const Scope& scope, const Expr& expr, Dimension dimension,
                    std::string_view wanted);
// The words that a param of that name may be compared with; none if it takes numbers.
std::vector<std::string> words_of_param(const Checking& checking, std::string_view name);
void set_meaning(Checking& checking, const Expr& expr, Symbol symbol, Kind kind);

// check_args.cpp
// The form that fits, or null with a problem. `callee` is for messages.
const Form* check_args(Checking& checking, const Scope& scope, const Name& callee,
                       const std::vector<Form>& forms, const std::vector<Arg>& args);
void check_argument(Checking& checking, const Scope& scope, const Parameter& parameter,
                    const Expr& expr);

// check_pages.cpp
// What is indexed, or the expression itself.
const Expr& object_of(const Expr& expr);
// The pages that a region, mr, handle or attachment has with these params, when known.
std::optional<std::int64_t> extent_of(const Checking& checking, const Expr& object,
                                      const Assignment& sample);
void check_bounds(Checking& checking, const Expr& object, const Expr& first, const Expr& last);

// check_declarations.cpp, check_params.cpp, check_settings.cpp, check_policies.cpp,
// check_machine.cpp, check_files.cpp, check_events.cpp, check_steps.cpp, check_claims.cpp,
// check_load.cpp, check_statistics.cpp
void declare_all(Checking& checking);
void check_params(Checking& checking);
// Where the script says the param's i-th value.
Span place_of_value(const ParamInfo& info, std::size_t i);
void check_lets(Checking& checking);
void check_machine(Checking& checking);
void check_files(Checking& checking);
void check_region_file(Checking& checking, const RegionInfo& info);
void check_window(Checking& checking);
void check_policies(Checking& checking);
void check_settings(Checking& checking, const std::vector<Setting>& settings,
                    const std::vector<SettingRow>& rows, std::string_view what);
bool fits_setting(const SettingRow& row, const Value& value);
void check_setting_values(Checking& checking, const Setting& setting, const SettingRow& row);
void declare_events(Checking& checking);
void check_events(Checking& checking);
void check_traces(Checking& checking);
void check_step(Checking& checking, std::uint32_t index);
void check_claims(Checking& checking);
// What follows `if` and `baseline`: it is decided before any run.
void check_param_condition(Checking& checking, const Expr& expr);
// A whole number, at least that.
void check_count(Checking& checking, const Scope& scope, const Expr& expr, std::int64_t least);
void check_load(Checking& checking);
void check_statistics(Checking& checking);

// Each item of that type, in the order of the files.
template <class ItemType, class Visit>
void each(const Script& script, Visit visit) {
  for (const File& file : script.files) {
    for (const Item& item : file.items) {
      if (const auto* found = std::get_if<ItemType>(&item.node)) visit(*found, item.span);
    }
  }
}

}  // namespace language
