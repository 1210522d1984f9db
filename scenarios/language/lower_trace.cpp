// SPDX-License-Identifier: Apache-2.0
#include "scenarios/language/lower_trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "scenarios/language/lowering.hpp"

namespace language {
namespace {

// "mmap 12, munmap 3": the most first.
std::string counted_names(const std::map<std::string, std::uint32_t, std::less<>>& counts) {
  std::vector<std::pair<std::uint32_t, std::string>> rows;
  for (const auto& [name, count] : counts) rows.emplace_back(count, name);
  std::ranges::stable_sort(
      rows, [](const auto& left, const auto& right) { return left.first > right.first; });
  std::string text;
  for (const auto& [count, name] : rows) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, count);
  }
  return text;
}

std::uint32_t sum_of(const std::map<std::string, std::uint32_t, std::less<>>& counts) {
  std::uint32_t sum = 0;
  for (const auto& [name, count] : counts) sum += count;
  return sum;
}

// Every line of the trace is in one of these numbers.
TraceSummary summary_of(std::string path, const Strace& strace, const ReplayCounts& counts) {
  TraceSummary summary{.path = std::move(path), .lines = {}};
  auto& lines = summary.lines;
  lines.push_back(fmt::format(
      "{} lines: {} calls ({} of two lines), {} signals, {} ends, {} of strace, {} cut off",
      strace.lines, counts.calls, strace.resumed, counts.signals, counts.ends, strace.remarks,
      strace.cut));
  lines.push_back(fmt::format("{} processes, {} threads", counts.processes, counts.threads));
  lines.push_back(fmt::format("{} calls replayed, {} of them compared: {}", sum_of(counts.replayed),
                              counts.claimed, counted_names(counts.replayed)));
  for (const auto& [why, names] : counts.skipped) {
    lines.push_back(
        fmt::format("{} calls skipped {}: {}", sum_of(names), why, counted_names(names)));
  }
  lines.push_back(fmt::format(
      "{} pages touched, {} uses by the device, {} ranges ({} pages) that were there before",
      counts.touched_pages, counts.device_uses, counts.deduced, counts.deduced_pages));
  return summary;
}

}  // namespace

Recordings read_recordings(Sources& sources, const Checked& checked, Problems& problems) {
  Recordings recordings;
  for (const File& file : checked.script->files) {
    for (const Item& item : file.items) {
      const auto* trace = std::get_if<Trace>(&item.node);
      if (trace == nullptr) continue;
      const Span span = trace->path.span;
      const std::string path = resolve_path(sources.at(span.source).path, trace->path.text);
      const auto id = sources.load(path);
      if (!id) {
        problems.push_back({.span = span, .message = fmt::format("there is no file '{}'", path)});
        continue;
      }
      Strace strace = read_strace(sources, *id);
      if (strace.problems.empty() && strace.items.empty()) {
        problems.push_back({.span = span, .message = fmt::format("'{}' has no calls", path)});
      }
      problems.insert(problems.end(), strace.problems.begin(), strace.problems.end());
      recordings[trace] = std::move(strace);
    }
  }
  return recordings;
}

void Lowering::add_traces() {
  for (const File& file : checked_.script->files) {
    for (const Item& item : file.items) {
      if (const auto* trace = std::get_if<Trace>(&item.node)) add_trace(*trace, item.span);
    }
  }
}

void Lowering::add_trace(const Trace& trace, Span span) {
  const Strace& strace = recordings_.at(&trace);
  const ReplaySettings settings = replay_settings(trace, span);
  timed_ = true;
  const std::size_t processes = setup_.processes.size();
  Replay::Target target{.setup = setup_,
                        .place = [this](Span at) { return place(at); },
                        .problem = [this](Span at, std::string text) { problem(at, text); },
                        .next_cpu = [&] { return next_cpu(settings.host); }};
  const ReplayCounts counts = Replay(std::move(target), settings).run(strace);
  cell_.traces.push_back(summary_of(trace.path.text, strace, counts));
  // Where the trace maps memory: anywhere, but what the scenario declares has its own say.
  const auto anywhere_in = [&](model::MmId mm) {
    setup_.regions.push_back({.name = setup_.processes[mm.index()].name + ".memory",
                              .mm = mm,
                              .pages = model::all_pages,
                              .lazy = true});
  };
  anywhere_in(settings.mm);
  for (std::size_t i = processes; i < setup_.processes.size(); ++i) {
    anywhere_in(model::MmId{static_cast<std::uint32_t>(i)});
  }
}

model::CpuId Lowering::next_cpu(model::HostId host) {
  std::uint32_t cpu = used_cpus_[host.index()]++ % setup_.hosts[host.index()].cpus;
  for (std::uint32_t i = 0; i < host.value; ++i) cpu += setup_.hosts[i].cpus;
  return model::CpuId{cpu};
}

PageShare Lowering::portion(const Expr& expr) {
  constexpr std::int64_t percent = 100;
  const Value value = value_of(expr);
  if (value.word() != nullptr) {
    return {.kind = value.word()->text == "none" ? PageShare::Kind::none : PageShare::Kind::all};
  }
  const Quantity* quantity = value.quantity();
  if (quantity != nullptr && quantity->dimension == Dimension::none) {
    const auto parts = Rational::multiply(quantity->amount, Rational(percent));
    return {.kind = PageShare::Kind::percent,
            .amount = static_cast<std::uint64_t>(parts ? parts->round_down() : 0)};
  }
  return {.kind = PageShare::Kind::pages, .amount = number_of(expr, Dimension::pages)};
}

ReplaySettings Lowering::replay_settings(const Trace& trace, Span span) {
  using Through = ReplaySettings::Through;
  ReplaySettings settings;
  std::uint32_t process = 0;
  for (std::uint32_t i = 0; trace.actor && i < checked_.processes.size(); ++i) {
    if (checked_.processes[i].name.text == trace.actor->text()) process = i;
  }
  settings.mm = model::MmId{process};
  settings.host = model::HostId{checked_.processes[process].host};
  std::string how;
  for (const Setting& setting : trace.settings) {
    const Expr& value = setting.values.front();
    if (setting.name.text == "touch") settings.touch = portion(value);
    if (setting.name.text == "use") settings.use = portion(value);
    if (setting.name.text == "register") how = value_of(value).text();
    if (setting.name.text != "device") continue;
    const std::string device = std::get<PathExpr>(value.node).path.text();
    const auto found = std::ranges::find(setup_.adapters, device, &model::AdapterSetup::name);
    settings.device = model::AdapterId{static_cast<std::uint32_t>(found - setup_.adapters.begin())};
  }
  if (how.empty() && settings.device.some()) {
    const auto kind = setup_.adapters[settings.device.index()].kind;
    how = kind == model::AdapterSetup::Kind::sva ? "sva" : "odp";
  }
  constexpr std::array<std::pair<std::string_view, Through>, 5> ways{
      {{"odp", Through::odp},
       {"pinned", Through::pinned},
       {"implicit", Through::implicit},
       {"rcache", Through::rcache},
       {"sva", Through::sva}}};
  for (const auto& [name, through] : ways) {
    if (name == how) settings.through = through;
  }
  need_device(settings, trace);
  settings.claim = add_claim(
      {.kind = model::Claim::Kind::result, .text = "trace \"" + trace.path.text + "\""}, span);
  return settings;
}

// What is on top must be there, on this host, and of a kind that can do it so.
void Lowering::need_device(const ReplaySettings& settings, const Trace& trace) {
  using Through = ReplaySettings::Through;
  for (const Setting& setting : trace.settings) {
    const bool of_device = setting.name.text == "register" || setting.name.text == "use";
    if (of_device && !settings.device.some()) {
      problem(setting.span, fmt::format("'{}' is about a device: name one, as 'device A.rnic0'",
                                        setting.name.text));
    }
    if (!settings.device.some() || setting.name.text != "device") continue;
    const model::AdapterSetup& device = setup_.adapters[settings.device.index()];
    const bool shares = settings.through == Through::sva;
    const auto kind = shares ? model::AdapterSetup::Kind::sva : model::AdapterSetup::Kind::rnic;
    if (device.kind != kind) {
      problem(setting.span,
              fmt::format("a device of kind {} is wanted here", model::info_of(kind).name));
    }
    if (device.host != settings.host) {
      problem(setting.span, "the device is on another host than the process");
    }
    if (settings.through == Through::rcache &&
        !setup_.processes[settings.mm.index()].rcache.exists) {
      problem(setting.span, "the process has no registration cache: process ... { rcache { } }");
    }
  }
}

}  // namespace language
