// SPDX-License-Identifier: Apache-2.0
// A recorded program becomes calls of the model: one process for each of its processes, one program
// for each of its threads, each call at its time and at the addresses that the kernel gave. What
// the trace cannot tell, which memory is used, ReplaySettings decide. See docs/traces.md.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/memory/gather.hpp"
#include "model/setup.hpp"
#include "scenarios/language/page_map.hpp"
#include "scenarios/language/strace.hpp"
#include "scenarios/language/strace_words.hpp"

namespace language {

// How much of something: all, none, so many pages, or a part of it.
struct PageShare {
  enum class Kind : std::uint8_t { all, none, pages, percent } kind = Kind::all;
  std::uint64_t amount = 0;

  std::uint32_t of(std::uint32_t pages) const;
};

struct ReplaySettings {
  // How the device gets at what was touched.
  enum class Through : std::uint8_t { odp, pinned, implicit, rcache, sva };
  model::MmId mm{};
  model::HostId host{};
  PageShare touch{.kind = PageShare::Kind::pages, .amount = 16384};
  model::AdapterId device{};  // None: there is none on top.
  Through through = Through::odp;
  PageShare use{};
  std::uint32_t claim = model::no_claim;
};

// What has become of each line.
struct ReplayCounts {
  std::uint32_t calls = 0;
  std::uint32_t signals = 0;
  std::uint32_t ends = 0;
  std::uint32_t deduced_pages = 0;  // That no line maps, and a call that succeeds has needed.
  std::uint32_t deduced = 0;
  std::uint64_t touched_pages = 0;
  std::uint32_t device_uses = 0;
  std::uint32_t processes = 0;
  std::uint32_t threads = 0;
  std::uint32_t claimed = 0;  // Calls whose results are compared.
  std::map<std::string, std::uint32_t, std::less<>> replayed{};
  std::map<std::string, std::map<std::string, std::uint32_t, std::less<>>, std::less<>> skipped{};
};

class Replay {
 public:
  struct Target {
    model::Setup& setup;
    std::function<std::uint32_t(Span)> place;
    std::function<void(Span, std::string)> problem;
    std::function<model::CpuId()> next_cpu;
  };

  Replay(Target target, const ReplaySettings& settings)
      : target_(std::move(target)), setup_(target_.setup), settings_(settings) {}

  ReplayCounts run(const Strace& strace);

 private:
  struct Area {               // Memory that the trace has mapped.
    std::uint32_t block = 0;  // Of PageNumber.
    bool write = false;
    bool touched = false;
    bool stack = false;

    bool operator==(const Area&) const = default;
  };
  struct Use {  // The last line that was about these pages.
    model::LineId line{};
    std::uint32_t program = 0;

    bool operator==(const Use&) const = default;
  };
  struct Given {  // To the device: the object, and all of its pages.
    model::VariableId object{};
    model::PageRange pages{};

    bool operator==(const Given&) const = default;
  };
  struct Space {
    model::MmId mm{};
    std::optional<std::uint32_t> lender{};  // After vfork(): another space.
    std::uint32_t tasks = 0;
    bool alive = true;
    std::optional<std::uint64_t> heap{};  // Where it begins; how many pages it has.
    std::uint32_t heap_pages = 0;
    model::VariableId bond{};  // The device has all of it.
    PageMap<Area> areas{};
    PageMap<Use> uses{};
    PageMap<Given> given{};
  };
  struct Task {
    std::uint32_t number = 0;
    std::uint32_t space = 0;
    std::optional<std::uint32_t> program{};
    model::LineId after{};  // Its first call comes behind this one.
    bool alive = true;
    bool begun = false;
    bool apart = false;  // A process of its own that shares the memory of another.
  };
  struct Located {
    model::PageRange pages{};
    std::uint32_t block = 0;
  };

  // replay.cpp: who does something.
  std::vector<std::uint32_t> in_order(const Strace& strace) const;
  std::optional<std::uint32_t> task_of(const StraceItem& item, const Strace& strace);
  std::uint32_t new_task(std::uint32_t number, std::uint32_t space);
  std::optional<std::uint32_t> new_space(std::string name, const StraceItem& item);
  void take(const StraceItem& item, std::uint32_t task);
  void take_call(const StraceItem& item, std::uint32_t task);
  void clone(const StraceItem& item, std::uint32_t task);
  void exec(const StraceItem& item, std::uint32_t task);
  void end_space(const StraceItem& item, std::uint32_t task);
  void end_task(const StraceItem& item, std::uint32_t task);
  Space& space_of(std::uint32_t task) { return spaces_[tasks_[task].space]; }
  Space& memory_of(std::uint32_t task);  // That of the lender, if there is one.

  // replay_lines.cpp: lines of the setup.
  std::uint32_t program_of(std::uint32_t task);
  std::uint32_t program_of_device();
  model::Gate gate_of(const StraceItem& item, std::uint32_t task, model::PageRange pages);
  model::LineId add_line(const StraceItem& item, std::uint32_t program, model::Call call,
                         model::Gate gate);
  model::LineId add_call(const StraceItem& item, std::uint32_t task, model::Call call,
                         model::PageRange pages);
  model::LineId add_behind(const StraceItem& item, std::uint32_t task, const model::Call& call,
                           std::string text);
  void touch(const StraceItem& item, std::uint32_t task, Located where);
  void use(const StraceItem& item, std::uint32_t task, model::PageRange pages);
  void use_again(const StraceItem& item, std::uint32_t task, model::PageRange pages);
  void add_transfer(const StraceItem& item, model::VariableId object, model::PageRange registered,
                    model::PageRange used, model::LineId behind);
  model::VariableId new_variable(const StraceItem& item, std::uint32_t task);

  // replay_calls.cpp: what a call is about.
  void skip(const StraceItem& item, std::string_view why);
  void wrong(const StraceItem& item, std::string_view part, std::string message);
  bool needs(const StraceItem& item, std::size_t arguments);
  std::optional<std::uint64_t> number(const StraceItem& item, std::size_t argument);
  std::optional<Flags> known(const StraceItem& item, std::size_t argument, const Flags& flags);
  std::optional<Located> located(const StraceItem& item, std::uint64_t address,
                                 std::uint64_t bytes);
  std::optional<Located> located(const StraceItem& item);  // Its first two arguments.
  std::uint64_t holes(std::uint32_t task, Located where);
  void deduce(const StraceItem& item, std::uint32_t task, Located where);
  void put(const StraceItem& item, std::uint32_t task, Located where, const Area& area);
  bool comparable(const StraceItem& item, std::uint32_t task, Located where);
  void mmap(const StraceItem& item, std::uint32_t task);
  std::optional<model::FileId> file_of(const StraceItem& item, std::uint32_t task,
                                       std::uint64_t offset, std::uint32_t pages);
  void munmap(const StraceItem& item, std::uint32_t task);
  void mprotect(const StraceItem& item, std::uint32_t task);
  void madvise(const StraceItem& item, std::uint32_t task);
  void mremap(const StraceItem& item, std::uint32_t task);
  void brk(const StraceItem& item, std::uint32_t task);
  void lock(const StraceItem& item, std::uint32_t task);
  void lock_all(const StraceItem& item, std::uint32_t task);
  void query(const StraceItem& item, std::uint32_t task);
  void remap_file(const StraceItem& item, std::uint32_t task);
  void mbind(const StraceItem& item, std::uint32_t task);
  void process_vm(const StraceItem& item, std::uint32_t task);

  Target target_;
  model::Setup& setup_;
  const ReplaySettings& settings_;
  ReplayCounts counts_;
  std::vector<Space> spaces_;
  std::vector<Task> tasks_;
  std::map<std::uint32_t, std::uint32_t> task_of_number_;
  std::map<std::string, std::uint32_t, std::less<>> files_;
  std::optional<std::uint32_t> device_program_;
};

}  // namespace language
