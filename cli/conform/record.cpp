// SPDX-License-Identifier: Apache-2.0
#include "cli/conform/record.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "cli/layout.hpp"

namespace cli::conform {
namespace {

using nlohmann::json;

constexpr std::int64_t format_known = 1;

struct CallbackName {
  std::string_view name;
  Callback callback;
};
constexpr std::array callbacks{
    CallbackName{"start", Callback::start},
    CallbackName{"end", Callback::end},
    CallbackName{"sec_tlb", Callback::sec_tlb},
    CallbackName{"change_pte", Callback::change_pte},
    CallbackName{"clear_flush_young", Callback::clear_flush_young},
    CallbackName{"clear_young", Callback::clear_young},
    CallbackName{"test_young", Callback::test_young},
    CallbackName{"release", Callback::release},
    CallbackName{"interval", Callback::interval},
    CallbackName{"interval_finish", Callback::interval_finish},
    CallbackName{"cpu_flush", Callback::cpu_flush},
    CallbackName{"cpu_flush_batch", Callback::cpu_flush_batch},
    CallbackName{"page_free", Callback::page_free},
    CallbackName{"migrate_to_ram", Callback::migrate_to_ram},
};

// Reads members of one line; the first that is not as it should be is its problem.
class Reader {
 public:
  explicit Reader(const json& object) : object_(object) {}

  bool has(const char* key) const { return object_.contains(key) && !object_[key].is_null(); }
  std::int64_t number(const char* key, std::int64_t otherwise) {
    if (!has(key)) return otherwise;
    if (object_[key].is_number_integer()) return object_[key].get<std::int64_t>();
    if (object_[key].is_boolean()) return object_[key].get<bool>() ? 1 : 0;
    complain(fmt::format("\"{}\" is no whole number", key));
    return otherwise;
  }
  std::string text(const char* key) {
    if (!has(key)) return {};
    if (object_[key].is_string()) return object_[key].get<std::string>();
    complain(fmt::format("\"{}\" is no text", key));
    return {};
  }
  std::uint32_t count(const char* key, std::uint32_t otherwise) {
    return static_cast<std::uint32_t>(number(key, otherwise));
  }
  std::optional<View> view(const char* key) {
    if (!has(key)) return std::nullopt;
    const std::string written = text(key);
    return written.empty() ? std::nullopt : std::optional(view_of(written));
  }
  void complain(std::string what) {
    if (problem.empty()) problem = std::move(what);
  }

  std::string problem{};

 private:
  const json& object_;
};

std::optional<Callback> callback_of(std::string_view name) {
  for (const CallbackName& known : callbacks) {
    if (known.name == name) return known.callback;
  }
  return std::nullopt;
}

// The program's own stack, heap and text are not what the operation is about.
bool is_noise(const std::string& region) {
  return !region.empty() && region != "T" && region != "all";
}

std::optional<Event> event_of(const json& object, std::string& problem) {
  Reader reader(object);
  const std::string region = reader.text("reg");
  const std::string name = reader.text("cb");
  const auto what = callback_of(name);
  if (!what) reader.complain(fmt::format("'{}' is no callback that is known here", name));
  Event event{.what = what.value_or(Callback::start)};
  event.kind = reader.text("ev");
  event.pages.of = region == "T"     ? Extent::Of::second
                   : region == "all" ? Extent::Of::all
                                     : Extent::Of::first;
  event.pages.start = reader.number("s", 0);
  event.pages.end = reader.number("e", 0);
  event.mm = reader.count("mm", 1);
  event.blockable = reader.number("blk", 1) != 0;
  event.owner = reader.number("owner", 0) != 0;
  event.atomic = reader.number("at", 0) != 0;
  const std::string lock = reader.text("lk");
  event.lock = lock.empty() ? '-' : lock.front();
  event.interval = reader.count("iv", 0);
  event.sequence = reader.count("seq", 0);
  event.page = reader.count("page", 0);
  event.order = reader.count("order", 0);
  event.shift = reader.count("shift", event.shift);
  event.freed_tables = reader.number("freed_tables", 0) != 0;
  event.view = reader.view("pt");
  problem = reader.problem;
  return is_noise(region) ? std::nullopt : std::optional(event);
}

// "hmm_range_fault -14, rounds 1": the step's own call was made, and this is what it returned.
std::optional<std::uint32_t> error_in_note(std::string_view note) {
  const std::size_t space = note.find(' ');
  if (space == std::string_view::npos || !note.substr(space + 1).starts_with('-')) return {};
  const std::string_view digits = note.substr(space + 2);
  std::uint32_t number = 0;
  const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool whole = wrong == std::errc{} && (end == digits.data() + digits.size() || *end == ',');
  return whole ? std::optional(number) : std::nullopt;
}

// What it gives back is the content of a page, or nothing that the model has; errors are compared.
std::optional<std::uint32_t> error_of(Reader& reader) {
  if (!reader.has("ret")) return std::nullopt;
  if (const auto noted = error_in_note(reader.text("note"))) return noted;
  if (reader.number("ret", 0) != -1) return 0;
  return reader.has("errno") ? std::optional(reader.count("errno", 0)) : std::nullopt;
}

Step step_of(const json& object, std::string& problem) {
  Reader reader(object);
  Step step{.text = reader.text("do"), .error = error_of(reader)};
  step.before = reader.view("pre");
  step.after = reader.view("post");
  step.stable = reader.number("stable", 1) != 0;
  problem = reader.problem;
  if (!object.contains("ev")) return step;
  if (!object["ev"].is_array()) {
    problem = "\"ev\" is no list";
    return step;
  }
  for (const json& each : object["ev"]) {
    std::string wrong = each.is_object() ? "" : "an event is no object";
    const auto event = wrong.empty() ? event_of(each, wrong) : std::nullopt;
    if (problem.empty()) problem = wrong;
    if (event) step.events.push_back(*event);
  }
  return step;
}

// The first two numbers of a version.
std::string short_version(const std::string& kernel) {
  const std::size_t first = kernel.find('.');
  return kernel.substr(0, kernel.find_first_not_of("0123456789", first + 1));
}

void read_head(const json& object, Record& record, std::string& problem) {
  Reader reader(object);
  record.kernel = reader.text("kernel");
  record.version = short_version(record.kernel);
  const std::int64_t format = reader.number("format", format_known);
  if (format != format_known) {
    reader.complain(fmt::format("format {} is not known here, only {}", format, format_known));
  }
  problem = reader.problem;
}

void read_line(const json& object, Record& record, std::string& problem) {
  if (!object.is_object()) {
    problem = "a line is an object";
  } else if (object.contains("kernel")) {
    read_head(object, record, problem);
  } else if (object.contains("step")) {
    Step step = step_of(object, problem);
    const bool known = !record.operations.empty() && object.contains("op") &&
                       object["op"] == record.operations.back().name;
    if (!known) {
      problem = "a step follows its operation";
    } else {
      record.operations.back().steps.push_back(std::move(step));
    }
  } else if (object.contains("op")) {
    Reader reader(object);
    record.operations.push_back(
        {.name = reader.text("op"), .about = reader.text("about"), .setup = reader.text("setup")});
    problem = reader.problem;
  }
}

Entry entry_of(std::string_view text) {
  // The number of a page stands behind a kind in small letters.
  const std::size_t digit = text.find_first_of("0123456789");
  if (digit == std::string_view::npos)
    return {.before = std::string(text), .page = {}, .after = ""};
  Entry entry{.before = std::string(text.substr(0, digit)), .page = 0, .after = ""};
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + digit, end, *entry.page);
  entry.after = std::string(parsed.ptr, end);
  return entry;
}

}  // namespace

View view_of(std::string_view text) {
  View view(1);
  for (const std::string& word : cli::words_of(text)) {
    if (word == "|") {
      view.emplace_back();
    } else {
      view.back().push_back(entry_of(word));
    }
  }
  return view;
}

ReadRecord read_record(std::string_view path, std::string_view text) {
  ReadRecord result;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.empty()) continue;
    std::string problem;
    const json object = json::parse(line, nullptr, false);
    if (object.is_discarded()) {
      problem = "this is no JSON";
    } else {
      read_line(object, result.record, problem);
    }
    if (problem.empty() && result.record.kernel.empty()) {
      problem = "the first line of a record names the kernel";
    }
    if (problem.empty()) continue;
    result.problem = fmt::format("{}:{}: {}", path, number, problem);
    return result;
  }
  if (result.record.kernel.empty()) result.problem = fmt::format("{}:1: the record is empty", path);
  return result;
}

}  // namespace cli::conform
