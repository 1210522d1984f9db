// SPDX-License-Identifier: Apache-2.0
#include "tests/model/alike.hpp"

#include "tests/model/builder.hpp"

namespace model::testing {
namespace {

IntervalNotifierPolicy without_recheck() {
  IntervalNotifierPolicy policy;
  policy.recheck = IntervalNotifierPolicy::Recheck::no;
  return policy;
}

// A region that is registered, and a kernel that reclaims its page.
struct Owner : Builder {
  MmId app = process(HostId{0});
  PageRange buf = region(app, 1);
  std::uint32_t main = program(HostId{0}, app);
  VariableId mr;

  Owner(const Policy& policy, std::uint32_t hosts, Verb registers) : Builder(policy, hosts) {
    init(main, {.verb = Verb::memset, .mm = app, .pages = buf, .number = 1});
    mr = made(main, {.verb = registers, .mm = app, .pages = buf, .adapter = AdapterId{0}});
    line(program(HostId{0}), {.verb = Verb::swap_out, .mm = app, .pages = buf});
    never_anything();
  }
  Target target() const { return {.variable = mr, .offset = one_page(Page{0})}; }
  // A call that must return this value, or a claim of its own is broken.
  void must_return(LineId call, std::uint32_t value) {
    setup.lines[call.index()].expected = {Result::value(value)};
    setup.lines[call.index()].claim = static_cast<std::uint32_t>(setup.claims.size());
    setup.claims.push_back({.kind = Claim::Kind::result});
  }
};

// Threads that share an attachment to a handle.
Setup users(std::uint32_t threads, const Policy& policy) {
  Owner build(policy, 2, Verb::export_handle);
  const MmId peer = build.process(HostId{1});
  const std::uint32_t setup = build.program(HostId{1}, peer);
  const VariableId use =
      build.made(setup, {.verb = Verb::attach, .mm = peer, .target = build.target()});
  Expression all_read;
  for (std::uint32_t i = 0; i < threads; ++i) {
    const VariableId result = build.variable();
    build.line(build.program(HostId{1}, peer),
               {.verb = Verb::rdma_read,
                .mm = peer,
                .target = {.variable = use, .offset = one_page(Page{0})}},
               result);
    const Expression one = equal({.code = Operation::Code::variable, .variable = result}, 1);
    all_read.insert(all_read.end(), one.begin(), one.end());
    if (i > 0) all_read.push_back({.code = Operation::Code::logical_and});
  }
  build.exists(all_read);
  return build.setup;
}

// Threads of the owner that write, and one that takes the page away.
Setup writers(std::uint32_t threads) {
  Owner build(IntervalNotifierPolicy{}, 1, Verb::reg_mr);
  for (std::uint32_t i = 0; i < threads; ++i) {
    build.thread(build.app,
                 {{.verb = Verb::write_once, .mm = build.app, .pages = build.buf, .number = 3}});
  }
  // On one CPU, for the region's own thread has left something in the TLB of its CPU.
  for (std::size_t i = 2; i < build.setup.programs.size(); ++i) {
    build.setup.programs[i].cpu = CpuId{3};
  }
  return build.setup;
}

// Without the wait a fault can go round for ever.
KvmPolicy waiting_kvm() {
  KvmPolicy policy;
  policy.wait_begin = true;
  return policy;
}

HandlePolicy unquiet() {
  HandlePolicy policy;
  policy.quiesce = false;
  return policy;
}

}  // namespace

Setup requesters(std::uint32_t threads, const Policy& policy) {
  Owner build(policy, 2, Verb::reg_mr);
  const MmId peer = build.process(HostId{1});
  const std::uint32_t setup = build.program(HostId{1}, peer);
  for (std::uint32_t i = 0; i < threads; ++i) {
    const VariableId queue =
        build.made(setup, {.verb = Verb::connect, .mm = peer, .adapter = AdapterId{0}});
    const VariableId result = build.variable();
    const LineId call = build.line(
        build.program(HostId{1}, peer),
        {.verb = Verb::rdma_read, .mm = peer, .target = build.target(), .queue = queue}, result);
    build.must_return(call, 1);
  }
  return build.setup;
}

Setup hosts(std::uint32_t count, const Policy& policy) {
  Owner build(policy, count + 1, Verb::reg_mr);
  for (std::uint32_t i = 1; i <= count; ++i) {
    const MmId peer = build.process(HostId{i});
    const VariableId queue =
        build.made(build.program(HostId{i}, peer),
                   {.verb = Verb::connect, .mm = peer, .adapter = AdapterId{0}});
    const LineId call = build.line(build.program(HostId{i}, peer), {.verb = Verb::rdma_write,
                                                                    .mm = peer,
                                                                    .target = build.target(),
                                                                    .queue = queue,
                                                                    .number = 7});
    build.must_return(call, 0);
  }
  return build.setup;
}

Setup shufflers() {
  Builder build(NonePolicy{}, 1);
  const MmId app = build.process();
  const PageRange buf = build.region(app, 2);
  for (std::uint32_t i = 0; i < 2; ++i) {
    const PageRange page = one_page(buf.at(i));
    build.thread(app, {{.verb = Verb::write_once, .mm = app, .pages = page, .number = 5},
                       {.verb = Verb::madvise, .mm = app, .pages = page},
                       {.verb = Verb::write_once, .mm = app, .pages = page, .number = 6}});
  }
  build.never_anything();
  return build.setup;
}

std::vector<Example> examples() {
  return {{"2 requesters", requesters(2), 2},
          {"2 requesters, no recheck", requesters(2, without_recheck()), 2},
          {"2 requesters, no policy", requesters(2, NonePolicy{}), 2},
          {"2 requesters, pinned", requesters(2, PinAllPolicy{}), 2},
          {"2 requesters, kvm", requesters(2, waiting_kvm()), 2},
          {"2 hosts", hosts(2), 2},
          {"2 users of a handle", users(2, HandlePolicy{}), 2},
          {"2 users, no quiesce", users(2, unquiet()), 2},
          {"2 users, xpmem", users(2, XpmemPolicy{}), 2},
          {"2 writers", writers(2), 2},
          {"3 writers", writers(3), 6},
          {"shufflers", shufflers(), 1}};
}

}  // namespace model::testing
