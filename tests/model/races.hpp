// SPDX-License-Identifier: Apache-2.0
#pragma once

// Small machines on which an operation of the kernel meets an access of a device.

#include "tests/model/builder.hpp"
#include "tests/model/calls.hpp"

namespace model::testing {

// A policy that is as it should be but for one setting.
template <class P, class Base, class Value>
P with(Value Base::*setting, Value value) {
  P policy;
  policy.*setting = value;
  return policy;
}
template <class P, class Base>
P without(bool Base::*setting) {
  return with<P, Base, bool>(setting, false);
}

// A process whose region is registered with an adapter; each page holds 7. Nothing is in the
// adapter yet, unless the policy pins.
struct DeviceRace : App {
  VariableId mr;

  explicit DeviceRace(std::uint32_t count = 1, Policy policy = IntervalNotifierPolicy{},
                      const RegionSetup& extra = {})
      : App(count, extra, policy) {
    init(main, memset(mm, pages, 7));
    mr = made(main, reg_mr(mm, pages));
  }
  // A call by an engine of the adapter of its own.
  LineId device(const Call& call) { return line(program(HostId{0}), call); }
  LineId warm(const Call& call) { return init(main, call); }
};

// The owner on host A exports a region, each page of which holds 7; the user on host B is attached.
struct RemoteRace : Builder {
  MmId owner = process(HostId{0});
  MmId user = process(HostId{1});
  PageRange pages;
  std::uint32_t main = program(HostId{0}, owner);
  std::uint32_t peer = program(HostId{1}, user);
  VariableId handle;
  VariableId use;

  explicit RemoteRace(std::uint32_t count = 1, Policy policy = HandlePolicy{},
                      std::uint32_t hosts = 2)
      : Builder(policy, hosts), pages(region(owner, count)) {
    init(main, memset(owner, pages, 7));
    handle = made(main, export_handle(owner, pages));
    use = made(peer, attach(user, handle));
  }
  LineId call(const Call& call) { return line(main, call); }
  // A call by a thread of the user of its own.
  LineId remote(const Call& call) { return line(program(HostId{1}, user), call); }
  LineId warm(const Call& call) { return init(peer, call); }
};

// What the kernel does to the pages meanwhile.
enum class Change { munmap, dontneed, swap_out, read_only };
inline constexpr std::array all_changes{Change::munmap, Change::dontneed, Change::swap_out,
                                        Change::read_only};

inline Call change(Change what, MmId mm, PageRange pages) {
  switch (what) {
    case Change::munmap:
      return munmap(mm, pages);
    case Change::dontneed:
      return dontneed(mm, pages);
    case Change::swap_out:
      return swap_out(mm, pages);
    case Change::read_only:
      return mprotect(mm, pages, prot_read);
  }
  return {};
}

}  // namespace model::testing
