// SPDX-License-Identifier: Apache-2.0
// Calls of libxpmem, segments and access permits; and what the module's mmu notifier asks for.
#include "model/flow/all.hpp"
#include "model/policy/driver.hpp"

namespace model {
namespace {

constexpr std::uint32_t xpmem_rdonly = 1;  // XPMEM_RDONLY
constexpr std::uint32_t xpmem_rdwr = 2;    // XPMEM_RDWR
constexpr std::uint32_t user_read = 0400;  // S_IRUSR; all processes are of one user.
constexpr std::uint32_t user_write = 0200;

template <class Change>
void each_attachment(Context& c, std::uint32_t segment, Change change) {
  const Xpmem& module = module_of(c);
  for (std::uint32_t i = 0; i < module.attachments.size(); ++i) {
    const XpmemAttachment& use = module.attachments[i];
    if (module.permits[use.permit].segment == segment) change(use);
  }
}

}  // namespace

AdapterId xpmem_device(const Machine& machine, HostId host) {
  for (std::uint32_t i = 0; i < machine.adapters.size(); ++i) {
    const bool module = machine.is(AdapterId{i}, AdapterSetup::Kind::xpmem);
    if (module && machine.adapters[i].host == host) return AdapterId{i};
  }
  return {};
}

const XpmemModulePolicy& xpmem_policy(const Context& c, MmId mm) {
  static const XpmemModulePolicy plain;
  const AdapterId device = xpmem_device(c.machine, c.machine.host_of(mm));
  const auto* policy = std::get_if<XpmemModulePolicy>(&c.setup.adapters[device.index()].policy);
  return policy == nullptr ? plain : *policy;
}

// ---- XpmemCall

Next XpmemCall::run(Context& c) {
  switch (step) {
    case Step::enter:
      c.spend(Cost::syscall);
      if (module_of(c).group_of(mm)) {
        step = Step::ioctl;
        return Next::pass;
      }
      return open(c);
    case Step::opened:
      change_module(c).groups.push_back({.mm = mm, .mr = mr});
      step = Step::ioctl;
      return Next::pass;
    case Step::ioctl:
      return ioctl(c);
    case Step::over:
      return c.give(c.task().result);
  }
  return c.done();
}

// xpmem_open(): the process becomes a thread group, with an mmu notifier.
Next XpmemCall::open(Context& c) {
  mr = MrId{static_cast<std::uint32_t>(c.machine.registrations.size())};
  c.machine.registrations.push_back(
      {.mm = mm, .pages = all_pages, .adapter = xpmem_device(c.machine, c.machine.host_of(mm))});
  step = Step::opened;
  return c.call({PolicyCall{.hook = Hook::registered,
                            .mr = mr,
                            .range = {.mm = mm, .pages = all_pages},
                            .pages = all_pages}});
}

Next XpmemCall::ioctl(Context& c) {
  step = Step::over;
  switch (verb) {
    case Verb::xpmem_make:
      return make(c);
    case Verb::xpmem_get:
      return get(c);
    case Verb::xpmem_remove:
      return remove(c);
    case Verb::xpmem_release:
      return release(c);
    case Verb::xpmem_attach: {
      const XpmemPermit& permit = module_of(c).permits[object];
      if (permit.destroying) return c.done(Result::error(ENOENT));
      const PageRange from = module_of(c).segments[permit.segment].pages;
      const Page first = second.count > 0 ? second.first : from.first;
      const std::uint32_t count = second.count > 0 ? second.count : pages.count;
      if (count > pages.count) return c.done(Result::error(EINVAL));
      return c.call({XpmemAttach{.mm = mm,
                                 .permit = object,
                                 .segment = permit.segment,
                                 .place = {.first = pages.first, .count = count},
                                 .first = first}});
    }
    case Verb::xpmem_detach:
      return c.call({XpmemDetach{.by_page = true, .mm = mm, .page = pages.first}});
    default:
      return recall(c);
  }
}

// `number`: the mode; `flags`: how many bytes behind a page it begins.
Next XpmemCall::make(Context& c) const {
  if ((number & ~0777U) != 0 || flags != 0 || pages.count == 0) {
    return c.done(Result::error(EINVAL));
  }
  const auto segment = static_cast<std::uint32_t>(module_of(c).segments.size());
  change_module(c).segments.push_back({.owner = mm,
                                       .pages = pages,
                                       .group = *module_of(c).group_of(mm),
                                       .permit = static_cast<std::uint16_t>(number)});
  return c.done(Result::object(segment));
}

Next XpmemCall::get(Context& c) const {
  if (!exists && object == 0) return c.done(Result::error(EINVAL));
  if (flags == (xpmem_rdonly | xpmem_rdwr)) return c.done(Result::error(EINVAL));
  const Xpmem& module = module_of(c);
  if (!exists || module.segments[object].destroying) return c.done(Result::error(ENOENT));
  const XpmemSegment& segment = module.segments[object];
  if (module.groups[segment.group].destroying) return c.done(Result::error(ENOENT));
  const bool write = (flags & xpmem_rdwr) != 0;
  const std::uint32_t wanted = user_read | (write ? user_write : 0);
  if ((segment.permit & wanted) != wanted) return c.done(Result::error(EACCES));
  const auto permit = static_cast<std::uint32_t>(module.permits.size());
  change_module(c).permits.push_back(
      {.segment = object, .group = *module.group_of(mm), .user = mm, .write = write});
  return c.done(Result::object(permit));
}

Next XpmemCall::remove(Context& c) {
  if (!exists) return c.done(Result::error(object == 0 ? EINVAL : ENOENT));
  const XpmemSegment& segment = module_of(c).segments[object];
  if (module_of(c).groups[segment.group].destroying) return c.done(Result::error(ENOENT));
  if (segment.owner != mm) return c.done(Result::error(EACCES));
  if (segment.destroying) return c.done(Result::error(ENOENT));
  return c.call({XpmemRemove{.segment = object}});
}

Next XpmemCall::release(Context& c) {
  const XpmemPermit& permit = module_of(c).permits[object];
  if (module_of(c).groups[permit.group].destroying) return c.done(Result::error(ENOENT));
  if (permit.user != mm) return c.done(Result::error(EACCES));
  if (permit.destroying) return c.done(Result::error(ENOENT));
  return c.call({XpmemRelease{.permit = object}});
}

Next XpmemCall::recall(Context& c) {
  const std::uint32_t group = *module_of(c).group_of(mm);
  if (verb == Verb::xpmem_fork_begin) return c.call({XpmemRecall{.group = group}});
  if (module_of(c).groups[group].recalls == 0) return c.done(Result::error(EINVAL));
  --change_module(c).groups[group].recalls;
  c.changed(Wait::Kind::unrecalled, group);
  return c.done();
}

// ---- XpmemRemove

Wait XpmemRemove::guard() const {
  return step == Step::down_write ? Wait::lock(segment_lock(segment), LockMode::write) : Wait{};
}

Next XpmemRemove::run(Context& c) {
  XpmemSegment& own = change_module(c).segments[segment];
  switch (step) {
    case Step::mark:
      if (own.destroying || (recall && own.recalling)) return c.give();
      (recall ? own.recalling : own.destroying) = true;
      if (!recall) {
        each_attachment(c, segment,
                        [&](const XpmemAttachment& use) { c.registration(use.mr).live = false; });
      }
      step = Step::down_write;
      return Next::again;
    case Step::down_write:
      c.take(segment_lock(segment), LockMode::write);
      step = Step::finish;
      return c.call({XpmemWalk{.owner = own.owner, .segment = segment, .range = own.pages}});
    case Step::finish:
      if (recall) own.recalling = false;
      c.release(segment_lock(segment));
      return c.done();
  }
  return c.done();
}

// ---- XpmemRecall

Wait XpmemRecall::guard() const {
  if (step == Step::next) return {};
  return {.kind = Wait::Kind::recallable, .index = group};
}

Next XpmemRecall::run(Context& c) {
  if (step == Step::disallow) {
    ++change_module(c).groups[group].recalls;
    c.changed(Wait::Kind::unrecalled, group);
    step = Step::next;
  }
  const Xpmem& module = module_of(c);
  for (; cursor < module.segments.size(); ++cursor) {
    const XpmemSegment& segment = module.segments[cursor];
    if (segment.group != group || segment.destroying) continue;
    return c.call({XpmemRemove{.recall = true, .segment = cursor++}});
  }
  return c.give();
}

// ---- XpmemRelease

Next XpmemRelease::run(Context& c) {
  if (step == Step::mark) {
    if (module_of(c).permits[permit].destroying) return c.give();
    change_module(c).permits[permit].destroying = true;
    step = Step::next;
  }
  const Xpmem& module = module_of(c);
  for (std::uint32_t i = 0; i < module.attachments.size(); ++i) {
    const XpmemAttachment& use = module.attachments[i];
    if (use.permit != permit || !use.listed || use.destroying) continue;
    return c.call({XpmemDetach{.exits = exits, .mm = use.user, .attachment = i}});
  }
  return c.give();
}

// ---- XpmemTeardown

Next XpmemTeardown::run(Context& c) {
  change_module(c).groups[group].destroying = true;
  const Xpmem& module = module_of(c);
  if (step == Step::permits) {
    for (; cursor < module.permits.size(); ++cursor) {
      const XpmemPermit& permit = module.permits[cursor];
      if (permit.group != group || permit.destroying) continue;
      return c.call({XpmemRelease{.exits = true, .permit = cursor++}});
    }
    step = Step::segments;
    cursor = 0;
  }
  for (; cursor < module.segments.size(); ++cursor) {
    const XpmemSegment& segment = module.segments[cursor];
    if (segment.group != group || segment.destroying) continue;
    return c.call({XpmemRemove{.segment = cursor++}});
  }
  return c.give();
}

// ---- The notifier of a thread group.

bool Driver::attached(const PolicyCall& call) const {
  const Xpmem& module = module_of(context_);
  return std::ranges::any_of(module.attachments, [&](const XpmemAttachment& use) {
    return use.listed && use.valid && module.segment_of(use).owner == call.range.mm &&
           use.sources().overlaps(call.range.pages);
  });
}

Next Driver::invalidate_attachments(const PolicyCall& call) {
  return context_.call(
      {XpmemWalk{.notifier = true, .owner = call.range.mm, .range = call.range.pages}});
}

Next Driver::tear_down_group(const PolicyCall& call) {
  const Xpmem& module = module_of(context_);
  for (std::uint32_t i = 0; i < module.groups.size(); ++i) {
    if (module.groups[i].mr == call.mr) return context_.call({XpmemTeardown{.group = i}});
  }
  return Next::give;
}

}  // namespace model
