// SPDX-License-Identifier: Apache-2.0
#include "scenarios/language/strace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "scenarios/language/strace_text.hpp"

namespace language {
namespace {

using Outcome = StraceItem::Outcome;

// Reads line by line; `at` counts bytes of the file.
class Reader {
 public:
  Reader(const Source& source, SourceId id) : source_(source), id_(id) {}

  Strace run() {
    const auto lines = static_cast<std::uint32_t>(source_.line_starts.size());
    for (std::uint32_t line = 1; line <= lines; ++line) {
      const std::string_view text = source_.line_text(line);
      if (text.find_first_not_of(' ') == std::string_view::npos) continue;
      ++strace_.lines;
      start_ = source_.line_starts[line - 1];
      read_line(StraceText(text));
    }
    if (source_.text.size() >= size_max) problem(source_.text.size(), "the trace is too long");
    return std::move(strace_);
  }

 private:
  struct Open {  // A call that is interrupted by a line of another task.
    std::size_t item;
    std::string_view text;  // Up to "<unfinished ...>".
  };

  void problem(std::size_t at, std::string message, std::size_t length = 0) {
    const auto end = static_cast<std::uint32_t>(source_.text.size());
    const Span span{.source = id_,
                    .offset = std::min(static_cast<std::uint32_t>(at), end),
                    .length = static_cast<std::uint32_t>(length)};
    strace_.problems.push_back({.span = span, .message = std::move(message)});
  }
  void problem(const StraceText& text, std::string message) {
    problem(start_ + text.at(), std::move(message), std::min<std::size_t>(text.rest().size(), 1));
  }

  // "12 1700000000.123456 ", "[pid 12] 1700000000.123456 ", or the time alone.
  void read_line(StraceText text) {
    if (text.accept("strace: ")) return read_remark(text);
    StraceItem item;
    if (text.accept("[pid")) {
      text.skip_blanks();
      const auto task = text.digits();
      if (!task || !text.accept("]")) return problem(text, "a number is wanted: [pid 123]");
      item.task = static_cast<std::uint32_t>(*task);
      text.skip_blanks();
      if (text.accept("strace: ")) return read_remark(text);
    } else if (const auto task = text.number_before_blank()) {
      item.task = static_cast<std::uint32_t>(*task);
    }
    const std::optional<std::uint64_t> now = text.seconds();
    if (!now) {
      return problem(text, "a time is wanted, in seconds since 1970: record with 'strace -f -ttt'");
    }
    text.skip_blanks();
    if (!set_time(item, *now, text)) return;
    item.span = {.source = id_,
                 .offset = static_cast<std::uint32_t>(start_ + text.at()),
                 .length = static_cast<std::uint32_t>(text.rest().size())};
    read_item(std::move(item), text);
  }

  // "strace: Process 12 attached", "strace: [ Process PID=12 runs in 32 bit mode. ]"
  void read_remark(StraceText text) {
    ++strace_.remarks;
    if (!text.accept("Process ")) return;
    const auto task = text.digits();
    if (task && text.accept(" attached")) {
      strace_.named.push_back(static_cast<std::uint32_t>(*task));
    }
  }

  bool set_time(StraceItem& item, std::uint64_t now, const StraceText& text) {
    if (!first_) first_ = now;
    std::uint64_t& last = last_[item.task];
    if (now < *first_ || now < last) {
      problem(text, "time goes back: this is before an earlier line of the same task");
      return false;
    }
    last = now;
    ++lines_[item.task];
    item.begin_ns = item.end_ns = now - *first_;
    return true;
  }

  void read_item(StraceItem item, StraceText text) {
    if (text.accept("--- ")) return read_signal(std::move(item), text);
    if (text.accept("+++ ")) return read_end(std::move(item), text);
    if (text.accept("<... ")) return read_resumed(item, text);
    if (text.accept("????"
                    "(")) {  // It was stopped before strace knew what it does.
      ++strace_.cut;
      return;
    }
    StraceText name = text;
    item.name = name.word();
    if (item.name.empty() || !name.accept("(")) {
      return problem(text,
                     "this is no line of strace: expected a call, '<... CALL resumed>', '--- "
                     "SIGNAL' or '+++ exited'");
    }
    constexpr std::string_view open = "<unfinished ...>";
    if (text.rest().ends_with(open)) {
      unfinished_[item.task] = {.item = strace_.items.size(),
                                .text = text.rest().substr(0, text.rest().size() - open.size())};
      item.text = unfinished_[item.task].text;
      strace_.items.push_back(std::move(item));
      return;
    }
    const std::string wrong = finish_call(item, text);
    if (!wrong.empty()) return problem(wrong_at_, wrong, 1);
    strace_.items.push_back(std::move(item));
  }

  // --- SIGSEGV {si_signo=SIGSEGV, ...} ---, or --- stopped by SIGSTOP ---
  void read_signal(StraceItem item, StraceText text) {
    item.kind = StraceItem::Kind::signal;
    if (!text.rest().ends_with("---")) return problem(text, "'---' is missing at the end");
    text.accept("stopped by ");
    item.name = text.word();
    if (item.name.empty()) return problem(text, "the name of a signal is wanted");
    item.text = text.rest();
    strace_.items.push_back(std::move(item));
  }

  // +++ exited with 0 +++, +++ killed by SIGKILL +++, +++ superseded by execve in pid 12 +++
  void read_end(StraceItem item, StraceText text) {
    if (!text.rest().ends_with("+++")) return problem(text, "'+++' is missing at the end");
    if (text.accept("exited with ")) {
      item.kind = StraceItem::Kind::exited;
      item.value = text.digits().value_or(0);
    } else if (text.accept("killed by ")) {
      item.kind = StraceItem::Kind::killed;
      item.name = text.word();
    } else if (text.accept("superseded by execve in pid ")) {
      item.kind = StraceItem::Kind::superseded;
      item.value = text.digits().value_or(0);
      // Its execve() ends under the number of this one.
      const auto open = unfinished_.find(static_cast<std::uint32_t>(item.value));
      if (open != unfinished_.end()) unfinished_[item.task] = open->second;
    } else {
      return problem(text, "expected 'exited with', 'killed by' or 'superseded by execve'");
    }
    item.text = text.rest();
    strace_.items.push_back(std::move(item));
  }

  // <... mmap resumed>, MAP_PRIVATE, 3, 0) = 0x7f0000000000
  void read_resumed(const StraceItem& now, StraceText text) {
    const std::size_t name_at = text.at();
    const std::string_view name = text.word();
    if (name.empty() || !text.accept(" resumed>")) {
      return problem(text, "expected '<... CALL resumed>'");
    }
    const auto open = unfinished_.find(now.task);
    if (open == unfinished_.end()) {
      if (lines_[now.task] == 1) {
        ++strace_.cut;
        return;
      }
      return problem(start_ + name_at,
                     fmt::format("'{}' is resumed, but no call of this task is unfinished", name),
                     name.size());
    }
    StraceItem& item = strace_.items[open->second.item];
    if (item.name != name) {
      return problem(start_ + name_at,
                     fmt::format("'{}' is resumed, but '{}' is unfinished", name, item.name),
                     name.size());
    }
    strace_.joined.push_back(std::string(open->second.text) + std::string(text.rest()));
    item.joined = true;
    unfinished_.erase(open);
    ++strace_.resumed;
    joined_ = start_ + text.at();
    const std::string wrong = finish_call(item, StraceText(strace_.joined.back()));
    joined_.reset();
    if (!wrong.empty()) {
      item.outcome = Outcome::none;
      return problem(wrong_at_, wrong, 1);
    }
    if (item.end_ns < now.begin_ns) item.end_ns = now.begin_ns;
  }

  // name(a, b) = 0x7f0000000000 <0.000012>. What is wrong with it, or nothing.
  std::string finish_call(StraceItem& item, StraceText text) {
    const StraceText whole = text;
    wrong_at_ = place(text);
    text.word();
    text.accept("(");
    auto arguments = text.arguments();
    if (!arguments) {
      wrong_at_ = place(text);
      return fmt::format("the arguments of '{}' do not end", item.name);
    }
    item.text = whole.rest().substr(0, text.at() - whole.at());
    text.skip_blanks();
    wrong_at_ = place(text);
    if (!text.accept("=")) return fmt::format("the result of '{}' is missing", item.name);
    text.skip_blanks();
    wrong_at_ = place(text);
    item.arguments = std::move(*arguments);
    return read_result(item, text);
  }
  std::string read_result(StraceItem& item, StraceText text) {
    if (text.accept("?")) return {};  // Also "? ERESTARTSYS (To be restarted ...)".
    item.injected = text.rest().find("(INJECTED)") != std::string_view::npos;
    const bool failed = text.accept("-1 ");
    if (failed) {
      item.error = text.word();
      if (item.error.empty() || item.error[0] != 'E') return "the name of an error is wanted";
      item.outcome = Outcome::error;
    } else {
      const std::string_view number = text.until_blank();
      const auto value = strace_number(number.substr(0, number.find('<')));
      if (!value) return "a result is wanted: a number, '-1 ENOMEM (...)' or '?'";
      item.value = *value;
      item.outcome = Outcome::value;
    }
    if (const auto lasted = text.duration()) item.end_ns = item.begin_ns + *lasted;
    return {};
  }
  std::size_t place(const StraceText& text) const { return joined_.value_or(start_ + text.at()); }

  const Source& source_;
  SourceId id_;
  Strace strace_;
  std::size_t start_ = 0;  // Of the line.
  std::size_t wrong_at_ = 0;
  std::optional<std::size_t> joined_;   // The call is no piece of the file: where its end is.
  std::optional<std::uint64_t> first_;  // When the trace begins.
  std::map<std::uint32_t, std::uint64_t> last_;
  std::map<std::uint32_t, Open> unfinished_;
  std::map<std::uint32_t, std::uint32_t> lines_;
};

}  // namespace

Strace read_strace(const Sources& sources, SourceId id) { return Reader(sources.at(id), id).run(); }

}  // namespace language
