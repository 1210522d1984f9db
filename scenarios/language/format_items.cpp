// SPDX-License-Identifier: Apache-2.0
#include "scenarios/language/format_items.hpp"

#include <fmt/format.h>

#include "scenarios/language/canonical.hpp"
#include "scenarios/language/token.hpp"

namespace language {
namespace {

std::string inline_text(const Setting& setting);
std::string inline_text(const Device& device);
std::string inline_text(const Policy& policy);
std::string inline_text(const Region& region) { return canonical(region); }
std::string inline_text(const WorkloadKey& key) { return canonical(key); }
template <class... Entry>
std::string inline_text(const std::variant<Entry...>& entry) {
  return std::visit([](const auto& chosen) { return inline_text(chosen); }, entry);
}

// " { a; b }", or nothing if there is no block.
template <class Entry>
std::string inline_block(const std::optional<Span>& block, const std::vector<Entry>& entries) {
  if (!block) return "";
  std::string text;
  for (const Entry& entry : entries) text += (text.empty() ? "" : "; ") + inline_text(entry);
  return text.empty() ? " {}" : " { " + text + " }";
}

std::string inline_text(const Setting& setting) {
  return canonical(setting) + inline_block(setting.block, setting.nested);
}

std::string inline_text(const Policy& policy) {
  return "policy " + policy.name.text + inline_block(policy.block, policy.settings);
}

std::string head_of(const Device& device) {
  return fmt::format("device {}: {}", device.name.text, device.kind.text);
}

std::string inline_text(const Device& device) {
  return head_of(device) + inline_block(device.block, device.entries);
}

// The part of `text` after `head`, without the space between them.
std::string rest_of(const std::string& text, const std::string& head) {
  return text.size() > head.size() ? text.substr(head.size() + 1) : "";
}

std::string condition_of(const std::optional<Expr>& when) {
  return when ? "if " + canonical(*when) : "";
}

// A statement with a block: on one line as in the source, in two cells; or line by line.
struct Blocky {
  Printer& printer;
  Span span;

  template <class Entry, class Print>
  void print(std::string_view kind, const std::string& head, const std::optional<Span>& block,
             const std::vector<Entry>& entries, Print print_entry) const {
    const std::string inside = inline_block(block, entries);
    const bool short_enough = printer.fits(head.size() + inside.size());
    if (!block || (printer.on_one_line(*block) && short_enough)) {
      printer.aligned(span, kind, {head, rest_of(inside, "")});
      return;
    }
    printer.block(span, *block, head, [&] {
      for (const Entry& entry : entries) print_entry(entry);
    });
  }
};

void print_entry(Printer& printer, const Setting& setting) {
  const std::string inside = inline_block(setting.block, setting.nested);
  const std::string text = canonical(setting);
  const bool inlined = !setting.block || (printer.on_one_line(*setting.block) &&
                                          printer.fits(text.size() + inside.size()));
  if (inlined) {
    const std::string& name = setting.name.text;
    printer.aligned(setting.span, "setting", {name, rest_of(text + inside, name)});
    return;
  }
  printer.block(setting.span, *setting.block, text, [&] {
    for (const Setting& nested : setting.nested) print_entry(printer, nested);
  });
}

void print_entry(Printer& printer, const Policy& policy) {
  Blocky{printer, policy.span}.print(
      "policy", "policy " + policy.name.text, policy.block, policy.settings,
      [&](const Setting& setting) { print_entry(printer, setting); });
}

void print_entry(Printer& printer, const Region& region) {
  const std::string head = fmt::format("region {}:", region.name.text);
  printer.aligned(region.span, "region", {head, rest_of(canonical(region), head)});
}

template <class... Entry>
void print_entry(Printer& printer, const std::variant<Entry...>& entry);

void print_entry(Printer& printer, const Device& device) {
  Blocky{printer, device.span}.print("device", head_of(device), device.block, device.entries,
                                     [&](const auto& entry) { print_entry(printer, entry); });
}

template <class... Entry>
void print_entry(Printer& printer, const std::variant<Entry...>& entry) {
  std::visit([&](const auto& chosen) { print_entry(printer, chosen); }, entry);
}

void print_rows(Printer& printer, const Measure& measure) {
  for (std::size_t i = 0; i < measure.rows.size();) {
    const Measurement& first = measure.rows[i];
    const std::string head = fmt::format("{}({})", first.what.text, first.subject.text);
    std::string text = canonical(first);
    Span span = first.span;
    for (++i; i < measure.rows.size() && measure.rows[i].same_line; ++i) {
      text += ", " + canonical(measure.rows[i]);
      span = join(span, measure.rows[i].span);
    }
    const bool single = text.find(", ") == std::string::npos;
    printer.aligned(span, "row",
                    single ? std::vector{head, rest_of(text, head)} : std::vector{std::move(text)});
  }
}

struct ItemPrinter {
  Printer& printer;
  Span span;

  Blocky blocky() const { return {printer, span}; }
  void plain(std::string text) const { printer.line(span, {std::move(text)}); }
  void claim(const std::string& keyword, const std::string& text, const std::string& when) const {
    printer.aligned(span, "claim", {keyword, text, when});
  }
  auto entry_printer() const {
    return [this](const auto& entry) { print_entry(printer, entry); };
  }
  void events(const std::string& head, const std::vector<Event>& events, Span block) const {
    const std::string inside = inline_block(block, events);
    if (printer.on_one_line(block) && printer.fits(head.size() + inside.size())) {
      return plain(head + inside);
    }
    printer.block(span, block, head, [&] { print_events(printer, events); });
  }

  void operator()(const LanguageVersion& item) const {
    plain("language " + canonical(item.version));
  }
  void operator()(const ScenarioName& item) const { plain("scenario " + quote(item.title.text)); }
  void operator()(const Import& item) const { plain("import " + quote(item.path.text)); }
  void operator()(const Kernel& item) const {
    blocky().print("kernel", "kernel " + item.version.text, item.block, item.switches,
                   entry_printer());
  }
  void operator()(const Param& item) const {
    const std::string head = "param " + item.name.text;
    printer.aligned(span, "param", {head, rest_of(canonical(item), head)});
  }
  void operator()(const Let& item) const {
    printer.aligned(span, "let", {"let " + item.name.text, "= " + canonical(item.value)});
  }
  void operator()(const Host& item) const {
    blocky().print("host", "host " + item.name.text, item.block, item.entries, entry_printer());
  }
  void operator()(const Link& item) const {
    const std::string head = fmt::format("link {} <-> {}", item.left.text(), item.right.text());
    blocky().print("link", head, item.block, item.settings, entry_printer());
  }
  void operator()(const Switch& item) const {
    blocky().print("switch", "switch " + item.name.text, item.block, item.settings,
                   entry_printer());
  }
  void operator()(const Mesh& item) const {
    std::string head = "mesh ";
    for (const Path& end : item.ends) head += (&end == &item.ends[0] ? "" : ", ") + end.text();
    blocky().print("mesh", head, item.block, item.settings, entry_printer());
  }
  void operator()(const Policy& item) const { print_entry(printer, item); }
  void operator()(const Cost& item) const {
    blocky().print("cost", "cost", item.block, item.settings, entry_printer());
  }
  void operator()(const MappedFile& item) const {
    const std::string head = fmt::format("file {} on {}:", item.name.text, item.host.text);
    printer.aligned(span, "file", {head, rest_of(canonical(item), head)});
  }
  void operator()(const Process& item) const {
    const std::string head = "process " + item.name.text;
    const std::string inside = inline_block(item.block, item.entries);
    const std::string host = " on " + item.host.text;
    if (!item.block || (printer.on_one_line(*item.block) &&
                        printer.fits(head.size() + host.size() + inside.size()))) {
      return printer.aligned(span, "process", {head, "on " + item.host.text + inside});
    }
    printer.block(span, *item.block, head + host, [&] {
      for (const auto& entry : item.entries) print_entry(printer, entry);
    });
  }
  void operator()(const Init& item) const { events("init", item.events, item.block); }
  void operator()(const Timeline& item) const {
    const std::string inside = inline_text(item);
    const std::string whole = inside.empty() ? "timeline {}" : "timeline { " + inside + " }";
    if (printer.on_one_line(item.block) && printer.fits(whole.size())) return plain(whole);
    printer.block(span, item.block, "timeline", [&] { print_timeline(printer, item); });
  }
  void operator()(const Thread& item) const {
    const std::string on = item.cpu ? " on " + item.cpu->text : "";
    events("thread " + item.path.text() + on, item.events, item.block);
  }
  void operator()(const Workload& item) const {
    const std::string head = fmt::format("workload {} by {}", item.name.text, item.actor.text());
    blocky().print("workload", head, item.block, item.keys, [this](const WorkloadKey& key) {
      printer.aligned(key.span, "key", {key.name.text, rest_of(canonical(key), key.name.text)});
    });
  }
  void operator()(const Trace& item) const {
    const std::string head =
        "trace " + quote(item.path.text) + (item.actor ? " by " + item.actor->text() : "");
    if (!item.block) return plain(head);
    blocky().print("trace", head, *item.block, item.settings, entry_printer());
  }
  void operator()(const Run& item) const {
    blocky().print("run", "run", item.block, item.settings, entry_printer());
  }
  void operator()(const Explore& item) const { plain(canonical(item)); }
  void operator()(const Assertion& item) const {
    const std::string keyword_text(keyword(item.kind));
    std::vector<std::string> cells{keyword_text, rest_of(canonical(item), keyword_text),
                                   condition_of(item.when)};
    if (item.expect_fail) {
      cells.front().insert(0, "expect fail ");
      return printer.aligned(span, "expectation", std::move(cells));
    }
    printer.aligned(span, "claim", std::move(cells));
  }
  void operator()(const Check& item) const {
    claim("check", canonical(item.condition), condition_of(item.when));
  }
  void operator()(const Measure& item) const {
    printer.block(span, item.block, "measure", [&] { print_rows(printer, item); });
  }
  void operator()(const Baseline& item) const { claim("baseline", canonical(item.condition), ""); }
  void operator()(const Report& item) const {
    const std::string head = item.kind == ReportKind::table ? "report table" : "report plot";
    printer.aligned(span, "report", {head, rest_of(canonical(item), head)});
  }
  void operator()(const Watch& item) const { claim("watch", canonical(item.columns), ""); }
  void operator()(const Window& item) const { plain(canonical(item)); }
  void operator()(const Ask& item) const {
    const std::string answer = fmt::format("{} {}", keyword(item.kind), canonical(item.answer));
    printer.aligned(span, "ask",
                    {"ask " + quote(item.question.text), answer, condition_of(item.when)});
  }
};

}  // namespace

void print_item(Printer& printer, const Item& item) {
  std::visit(ItemPrinter{printer, item.span}, item.node);
}

}  // namespace language
