// SPDX-License-Identifier: Apache-2.0
#include "cli/demonstration.hpp"

#include <array>

#include "cli/layout.hpp"
#include "cli/outcome.hpp"
#include "cli/timeline.hpp"

namespace cli {
namespace {

using model::Verb;

constexpr std::uint64_t demonstration_steps_max = 10'000;
constexpr std::size_t event_width = 19;

struct Demonstrated {
  std::string_view call;
  std::string_view text;
  Verb verb;
  std::uint32_t number = 0;
};
constexpr std::uint32_t child = 1;  // The process that fork() makes.
constexpr std::array demonstrated{
    Demonstrated{"munmap", "munmap(buf)", Verb::munmap},
    Demonstrated{"madvise", "madvise(buf, MADV_DONTNEED)", Verb::madvise,
                 static_cast<std::uint32_t>(model::Advice::dontneed)},
    Demonstrated{"madvise", "madvise(buf, MADV_PAGEOUT)", Verb::madvise,
                 static_cast<std::uint32_t>(model::Advice::pageout)},
    Demonstrated{"mprotect", "mprotect(buf, PROT_READ)", Verb::mprotect, 1},
    Demonstrated{"fork", "fork(child)", Verb::fork, child},
    Demonstrated{"exit", "exit()", Verb::exit},
    Demonstrated{"dereg_mr", "dereg_mr(mr)", Verb::dereg_mr},
    Demonstrated{"swap_out", "swap_out(buf)", Verb::swap_out},
    Demonstrated{"oom_reap", "oom_reap(app)", Verb::oom_reap},
};

// A process with two pages, which a device has mapped, and the call.
std::unique_ptr<model::Setup> setup_for(const Demonstrated& what) {
  auto setup = std::make_unique<model::Setup>();
  const model::HostId host{0};
  const model::MmId app{0};
  const model::PageRange buf{.first = model::Page{16}, .count = 2};
  const model::AdapterId adapter{0};
  const model::VariableId mr{0};
  setup->hosts.push_back({.name = "A", .cpus = 2, .frames = 64, .slots = 16});
  setup->adapters.push_back(
      {.name = "A.rnic0", .host = host, .odp = true, .policy = model::IntervalNotifierPolicy{}});
  setup->processes = {{.name = "app", .host = host}, {.name = "child", .host = host}};
  setup->regions.push_back({.name = "buf", .mm = app, .pages = buf});
  setup->variables.push_back({"mr"});
  const model::Target all{.variable = mr, .offset = {.first = model::Page{0}, .count = 2}};
  setup->lines = {
      {.call = {.verb = Verb::memset, .mm = app, .pages = buf, .number = 1}, .init = true},
      {.call = {.verb = Verb::reg_mr, .mm = app, .pages = buf, .adapter = adapter},
       .result = mr,
       .init = true},
      {.call = {.verb = Verb::prefetch, .target = all, .adapter = adapter}, .init = true},
      {.call = {.verb = what.verb, .mm = app, .pages = buf, .host = host, .number = what.number},
       .text = std::string(what.text)},
  };
  if (what.verb == Verb::dereg_mr) setup->lines.back().call.target = all;
  setup->programs.push_back({.name = "app", .host = host, .mm = app, .cpu = model::CpuId{0}});
  for (std::uint32_t line = 0; line < setup->lines.size(); ++line) {
    setup->programs.front().lines.push_back(model::LineId{line});
  }
  return setup;
}

class Lines final : public TimelineReader {
 public:
  explicit Lines(Verbosity verbosity) : verbose_(verbosity == Verbosity::verbose) {}

  void read(const TimelineStep& step, const model::World&) override {
    for (const Happening& happening : step.happenings) {
      using model::EventKind;
      const EventKind kind = happening.event.kind;
      if (kind == EventKind::call || kind == EventKind::returned) continue;
      if (happening.on_request() && !verbose_) continue;
      const std::string name =
          happening.internal() ? std::string() : padded(happening.name(), event_width) + "  ";
      lines.push_back(name + happening.arguments());
    }
  }

  std::vector<std::string> lines;

 private:
  bool verbose_;
};

}  // namespace

std::vector<Demonstration> demonstrations_of(std::string_view call, Verbosity verbosity) {
  std::vector<Demonstration> found;
  for (const Demonstrated& what : demonstrated) {
    if (what.call != call) continue;
    Scenario scenario;
    scenario.loaded.cells.emplace_back();
    scenario.loaded.cells.front().mode = language::RunMode::simulate;
    scenario.loaded.cells.front().setup = setup_for(what);
    const Case alone = cases_of({&scenario, 1}).front();
    Lines reader(verbosity);
    Timeline timeline(alone, reader);
    Audience audience{.trace = timeline, .observer = timeline};
    Progress silent(ProgressStyle::none);
    Options options;
    options.limits.steps = demonstration_steps_max;
    run(alone, options, silent, &audience);
    found.push_back({.title = std::string(what.text), .lines = std::move(reader.lines)});
  }
  return found;
}

std::string_view demonstration_setting() {
  return "two pages that a device maps (interval_notifier)";
}

}  // namespace cli
